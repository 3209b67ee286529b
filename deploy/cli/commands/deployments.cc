// promote, rollback, activate, deactivate, wake, delete.
#include "deploy/cli/commands/deployments.h"

#include <memory>
#include <optional>
#include <utility>

#include "chains/core/text.h"
#include "deploy/cli/commands/deployment_text.h"
#include "deploy/cli/commands/target.h"
#include "deploy/cli/platform_client.h"
#include "deploy/cli/terminal/safe_text.h"

namespace chains::deploy::cli {
namespace {

struct PromoteFlags {
  std::string id = {};
  std::string environment = "production";
  bool breaking = false;
  std::optional<double> canary = std::nullopt;
  std::optional<double> abort_above = std::nullopt;
};
struct RollbackFlags {
  std::string chain = {};
  std::string environment = "production";
};

int ShowPromoted(const Session& session, const absl::StatusOr<v1::PromoteResponse>& response) {
  if (!response.ok()) return session.Fail(response.status());
  if (session.json()) {
    session.PrintJson(*response);
    return kDone;
  }
  const v1::Deployment& deployment = response->deployment();
  if (const std::string shares = SharesOf(deployment); !shares.empty()) {
    session.out() << Styled(session.terminal(), Style::kStrong, Safe(deployment.id())) << " gets "
                  << Safe(shares) << ": chains promote " << Safe(deployment.id())
                  << " gives it all, chains rollback " << Safe(deployment.chain())
                  << " takes it back\n";
    return kDone;
  }
  session.out() << Safe(response->environment()) << " of " << Safe(deployment.chain()) << " is "
                << Styled(session.terminal(), Style::kStrong, Safe(deployment.id()));
  if (!response->previous().empty()) session.out() << ", before it " << Safe(response->previous());
  session.out() << "\n";
  return kDone;
}

int Promote(Session& session, const PromoteFlags& flags) {
  if (flags.canary == 0) {
    return session.Usage("--canary 0: leave it out to give it all; chains rollback ends a canary");
  }
  absl::StatusOr<PlatformClient*> platform = session.Platform();
  if (!platform.ok()) return session.Fail(platform.status());
  v1::PromoteRequest request;
  request.set_deployment(flags.id);
  request.set_environment(flags.environment);
  request.set_breaking(flags.breaking);
  request.set_canary_percent(flags.canary.value_or(0));
  request.set_abort_above_percent(flags.abort_above.value_or(0));
  return ShowPromoted(session, (*platform)->Call(&v1::Platform::Promote, std::move(request)));
}

int Rollback(Session& session, const RollbackFlags& flags) {
  absl::StatusOr<PlatformClient*> platform = session.Platform();
  if (!platform.ok()) return session.Fail(platform.status());
  v1::RollbackRequest request;
  request.set_chain(flags.chain);
  request.set_environment(flags.environment);
  return ShowPromoted(session, (*platform)->Call(&v1::Platform::Rollback, std::move(request)));
}

using Method = Task<v1::DeploymentResponse> (v1::Platform::*)(v1::DeploymentRequest);

int Change(Session& session, const IdOrChain& flags, Method method) {
  absl::StatusOr<PlatformClient*> platform = session.Platform();
  if (!platform.ok()) return session.Fail(platform.status());
  absl::StatusOr<v1::DeploymentRequest> request = Resolve(**platform, flags);
  if (!request.ok()) return session.Fail(request.status());
  const absl::StatusOr<v1::DeploymentResponse> response =
      (*platform)->Call(method, *std::move(request));
  if (!response.ok()) return session.Fail(response.status());
  if (session.json()) {
    session.PrintJson(response->deployment());
    return kDone;
  }
  const v1::Deployment& deployment = response->deployment();
  session.out() << Safe(deployment.chain()) << " " << Safe(deployment.id()) << " is "
                << Styled(session.terminal(), StateStyle(deployment.state()),
                          StateName(deployment.state()))
                << "\n";
  return kDone;
}

Command MakeChange(std::string name, std::string summary, Method method) {
  auto flags = std::make_shared<IdOrChain>();
  return {.name = name,
          .summary = std::move(summary),
          .group = "Deployments",
          .examples = {Text("chains ", name, " 3f9a"),
                       Text("chains ", name, " hello --environment production")},
          .options = IdOrChainOptions(*flags),
          .run = [flags, method](Session& session) { return Change(session, *flags, method); }};
}

int Delete(Session& session, const IdOrChain& flags) {
  absl::StatusOr<PlatformClient*> platform = session.Platform();
  if (!platform.ok()) return session.Fail(platform.status());
  absl::StatusOr<v1::DeploymentRequest> request = Resolve(**platform, flags);
  if (!request.ok()) return session.Fail(request.status());
  const absl::StatusOr<v1::DeleteResponse> response =
      (*platform)->Call(&v1::Platform::Delete, *std::move(request));
  if (!response.ok()) return session.Fail(response.status());
  if (session.json()) {
    session.PrintJson(*response);
  } else {
    session.out() << "deleted\n";
  }
  return kDone;
}

}  // namespace

Command MakePromote() {
  auto flags = std::make_shared<PromoteFlags>();
  return {.name = "promote",
          .summary = "point an environment at a deployment, at once",
          .group = "Deployments",
          .examples = {"chains promote 3f9a", "chains promote 3f9a --environment staging",
                       "chains promote 3f9a --canary 10 --abort-above 2"},
          .options = {{"ID",
                       "of the deployment",
                       &flags->id,
                       {.required = true, .completes = Completes::kDeployments}},
                      {"--environment", "that will point at it", &flags->environment},
                      {"--breaking", "even where its contract breaks callers", &flags->breaking},
                      {"--canary", "only so many percent of its requests", &flags->canary},
                      {"--abort-above", "percent points that more of its requests may fail (5)",
                       &flags->abort_above}},
          .run = [flags](Session& session) { return Promote(session, *flags); }};
}

Command MakeRollback() {
  auto flags = std::make_shared<RollbackFlags>();
  return {.name = "rollback",
          .summary = "point an environment at what it had before",
          .group = "Deployments",
          .examples = {"chains rollback hello"},
          .options = {{"CHAIN",
                       "by its name",
                       &flags->chain,
                       {.required = true, .completes = Completes::kChains}},
                      {"--environment", "that goes back", &flags->environment}},
          .run = [flags](Session& session) { return Rollback(session, *flags); }};
}

Command MakeActivate() {
  return MakeChange("activate", "let a deactivated deployment serve again",
                    &v1::Platform::Activate);
}
Command MakeDeactivate() {
  return MakeChange("deactivate", "end its replicas, refuse its requests",
                    &v1::Platform::Deactivate);
}
Command MakeWake() {
  return MakeChange("wake", "start replicas of all its chainlets", &v1::Platform::Wake);
}

Command MakeDelete() {
  auto flags = std::make_shared<IdOrChain>();
  return {.name = "delete",
          .summary = "remove a deployment for good",
          .group = "Deployments",
          .examples = {"chains delete 3f9a"},
          .options = IdOrChainOptions(*flags),
          .run = [flags](Session& session) { return Delete(session, *flags); }};
}

}  // namespace chains::deploy::cli
