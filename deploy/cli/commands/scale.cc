// scale, environments.
#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/str_join.h"
#include "chains/core/text.h"
#include "deploy/cli/commands/deployment_text.h"
#include "deploy/cli/commands/scaling_flags.h"
#include "deploy/cli/commands/settings.h"
#include "deploy/cli/commands/target.h"
#include "deploy/cli/platform_client.h"
#include "deploy/cli/terminal/human.h"
#include "deploy/cli/terminal/safe_text.h"
#include "deploy/cli/terminal/table.h"

namespace chains::deploy::cli {
namespace {

struct ScaleFlags {
  std::string chain = {};
  std::string chainlet = {};
  std::string environment = {};
  std::string deployment = {};
  ScalingFlags scaling = {};
};

void PrintScaling(const Session& session, const v1::Deployment& deployment) {
  Table table({"CHAINLET", "MIN", "MAX", "WINDOW", "DELAY", "DOWN RATE", "CONCURRENCY",
               "UTILIZATION", "CPUS", "MEMORY"});
  for (const v1::ChainletStatus& chainlet : deployment.chainlets()) {
    const v1::Autoscaling& scaling = chainlet.autoscaling();
    const auto memory =
        static_cast<uint64_t>(std::max<int64_t>(0, chainlet.resources().memory_bytes()));
    table.Add({{chainlet.display_name().empty() ? chainlet.chainlet() : chainlet.display_name()},
               {Text(scaling.min_replica())},
               {Text(scaling.max_replica())},
               {Text(scaling.autoscaling_window_sec(), "s")},
               {Text(scaling.scale_down_delay_sec(), "s")},
               {Text(scaling.max_scale_down_rate(), "%")},
               {Text(scaling.concurrency_target())},
               {Text(scaling.target_utilization_percentage(), "%")},
               {HumanNumber(chainlet.resources().cpus())},
               {HumanBytes(memory)}});
  }
  table.Print(session.terminal());
}

int Scale(Session& session, const ScaleFlags& flags) {
  if (!flags.environment.empty() && !flags.deployment.empty()) {
    return session.Usage("choose --environment or --deployment, not both");
  }
  if (IsEmpty(flags.scaling)) {
    return session.Usage("say what to change, as in --min-replica 1 (chains status shows what is)");
  }
  absl::StatusOr<PlatformClient*> platform = session.Platform();
  if (!platform.ok()) return session.Fail(platform.status());
  v1::SetScalingRequest request;
  request.set_chain(flags.chain);
  request.set_chainlet(flags.chainlet);
  request.set_deployment(flags.deployment);
  if (flags.deployment.empty()) {
    request.set_environment(flags.environment.empty() ? "production" : flags.environment);
  }
  *request.mutable_change() = ToChange(flags.scaling);
  request.set_reset(flags.scaling.reset);
  const absl::StatusOr<v1::DeploymentResponse> response =
      (*platform)->Call(&v1::Platform::SetScaling, std::move(request));
  if (!response.ok()) return session.Fail(response.status());
  if (session.json()) {
    session.PrintJson(response->deployment());
  } else if (response->deployment().chainlets().empty()) {
    session.out() << "kept for what it will point at\n";
  } else {
    PrintScaling(session, response->deployment());
  }
  return kDone;
}

struct EnvironmentFlags {
  std::string chain = {};
  std::string name = {};
};

int ListEnvironments(Session& session, const EnvironmentFlags& flags) {
  absl::StatusOr<PlatformClient*> platform = session.Platform();
  if (!platform.ok()) return session.Fail(platform.status());
  v1::ListEnvironmentsRequest request;
  request.set_chain(flags.chain);
  const absl::StatusOr<v1::ListEnvironmentsResponse> response =
      (*platform)->Call(&v1::Platform::ListEnvironments, std::move(request));
  if (!response.ok()) return session.Fail(response.status());
  if (session.json()) {
    session.PrintJson(*response);
    return kDone;
  }
  Table table({"CHAIN", "ENVIRONMENT", "DEPLOYMENT", "BEFORE", "SETTINGS"});
  for (const v1::Environment& environment : response->environments()) {
    std::vector<std::string> settings;
    for (const auto& [chainlet, change] : environment.scaling()) {
      settings.push_back(Text(chainlet, ": ", ChangeText(change)));
    }
    std::sort(settings.begin(), settings.end());
    table.Add({{environment.chain()},
               {environment.name()},
               {environment.deployment()},
               {environment.previous()},
               {absl::StrJoin(settings, "; ")}});
  }
  if (table.empty()) session.Note("there are no environments: chains environments create");
  table.Print(session.terminal());
  return kDone;
}

int CreateEnvironment(Session& session, const EnvironmentFlags& flags) {
  absl::StatusOr<PlatformClient*> platform = session.Platform();
  if (!platform.ok()) return session.Fail(platform.status());
  v1::CreateEnvironmentRequest request;
  request.set_chain(flags.chain);
  request.set_name(flags.name);
  const absl::StatusOr<v1::Environment> response =
      (*platform)->Call(&v1::Platform::CreateEnvironment, std::move(request));
  if (!response.ok()) return session.Fail(response.status());
  if (session.json()) {
    session.PrintJson(*response);
  } else {
    session.out() << "created " << Safe(response->name()) << " of " << Safe(response->chain())
                  << ": chains promote ID --environment " << Safe(response->name()) << "\n";
  }
  return kDone;
}

std::vector<Option> With(std::vector<Option> options, ScalingFlags& scaling) {
  for (Option& each : ScalingOptions(scaling)) options.push_back(std::move(each));
  return options;
}

Option ChainOption(std::string& to, bool required) {
  return {"CHAIN", "by its name", &to, {.required = required, .completes = Completes::kChains}};
}

Command MakeSet() {
  auto flags = std::make_shared<ScaleFlags>();
  return {.name = "set",
          .summary = "autoscaling and resources of a chainlet in an environment",
          .examples = {"chains environments set hello staging SayHello --max-replica 4"},
          .options = With(
              {ChainOption(flags->chain, true),
               {"NAME", "of the environment", &flags->environment, {.required = true}},
               {"CHAINLET", "SayHello or hello.SayHello", &flags->chainlet, {.required = true}}},
              flags->scaling),
          .run = [flags](Session& session) { return Scale(session, *flags); }};
}

}  // namespace

Command MakeScale() {
  auto flags = std::make_shared<ScaleFlags>();
  return {.name = "scale",
          .summary = "autoscaling and resources of a chainlet; kept across promotions",
          .group = "Deployments",
          .examples = {"chains scale hello SayHello --min-replica 1 --max-replica 3",
                       "chains scale hello SayHello --memory 1Gi --deployment 3f9a"},
          .options = With(
              {ChainOption(flags->chain, true),
               {"CHAINLET", "SayHello or hello.SayHello", &flags->chainlet, {.required = true}},
               {"--environment", "whose (default: production)", &flags->environment},
               {"--deployment",
                "of this one alone",
                &flags->deployment,
                {.completes = Completes::kDeployments}}},
              flags->scaling),
          .run = [flags](Session& session) { return Scale(session, *flags); }};
}

Command MakeEnvironments() {
  auto list = std::make_shared<EnvironmentFlags>();
  auto create = std::make_shared<EnvironmentFlags>();
  return {.name = "environments",
          .summary = "names that point at deployments",
          .group = "Settings",
          .subcommands = {
              {.name = "create",
               .summary = "a name to promote to",
               .examples = {"chains environments create hello staging"},
               .options = {ChainOption(create->chain, true),
                           {"NAME", "of the environment", &create->name, {.required = true}}},
               .run = [create](Session& session) { return CreateEnvironment(session, *create); }},
              {.name = "list",
               .summary = "all, and what they point at",
               .examples = {"chains environments list hello"},
               .options = {ChainOption(list->chain, false)},
               .run = [list](Session& session) { return ListEnvironments(session, *list); }},
              MakeSet()}};
}

}  // namespace chains::deploy::cli
