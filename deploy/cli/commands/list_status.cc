// `list` and `status`.
#include <memory>
#include <utility>

#include "chains/core/text.h"
#include "deploy/cli/commands/deployment_text.h"
#include "deploy/cli/commands/deployments.h"
#include "deploy/cli/commands/target.h"
#include "deploy/cli/platform_client.h"
#include "deploy/cli/wait.h"

namespace chains::deploy::cli {
namespace {

constexpr absl::Duration kRefreshEvery = absl::Seconds(1);

struct ListFlags {
  std::string chain = {};
};

int List(Session& session, const ListFlags& flags) {
  absl::StatusOr<PlatformClient*> platform = session.Platform();
  if (!platform.ok()) return session.Fail(platform.status());
  v1::ListRequest request;
  request.set_chain(flags.chain);
  const absl::StatusOr<v1::ListResponse> list =
      (*platform)->Call(&v1::Platform::List, std::move(request));
  if (!list.ok()) return session.Fail(list.status());
  if (session.json()) {
    session.PrintJson(*list);
  } else if (list->deployments().empty()) {
    session.Note("nothing is deployed: chains push DIR");
  } else {
    PrintDeployments(session.terminal(), *list, session.world().now());
  }
  return kDone;
}

struct StatusFlags {
  TargetFlags target = {};
  bool watch = false;
};

bool IsOver(v1::DeploymentState state) {
  return state == v1::DEPLOYMENT_FAILED || state == v1::DEPLOYMENT_INACTIVE;
}

// One deployment, or without a name all that are not over.
absl::StatusOr<v1::ListResponse> Ask(PlatformClient& platform, const StatusFlags& flags) {
  v1::ListResponse found;
  if (flags.target.chain.empty() && flags.target.deployment.empty()) {
    absl::StatusOr<v1::ListResponse> list = platform.Call(&v1::Platform::List, v1::ListRequest());
    if (!list.ok()) return list.status();
    for (v1::Deployment& each : *list->mutable_deployments()) {
      if (!IsOver(each.state())) *found.add_deployments() = std::move(each);
    }
    return found;
  }
  absl::StatusOr<v1::DeploymentRequest> request = ToRequest(flags.target);
  if (!request.ok()) return request.status();
  absl::StatusOr<v1::DeploymentResponse> response =
      platform.Call(&v1::Platform::Status, *std::move(request));
  if (!response.ok()) return response.status();
  *found.add_deployments() = std::move(*response->mutable_deployment());
  return found;
}

void Show(const Session& session, const v1::ListResponse& found) {
  bool first = true;
  for (const v1::Deployment& deployment : found.deployments()) {
    if (session.json()) {
      session.PrintJson(deployment);
      continue;
    }
    if (!first) session.out() << "\n";
    first = false;
    PrintStatus(session.terminal(), deployment, session.world().now());
  }
  if (found.deployments().empty()) session.Note("nothing is deployed: chains push DIR");
  session.out() << std::flush;
}

int Status(Session& session, const StatusFlags& flags) {
  if (!ToRequest(flags.target).ok()) {
    return session.Usage(MessageOf(ToRequest(flags.target).status()));
  }
  absl::StatusOr<PlatformClient*> platform = session.Platform();
  if (!platform.ok()) return session.Fail(platform.status());
  if (flags.watch) NoteInterrupts();
  do {
    const absl::StatusOr<v1::ListResponse> found = Ask(**platform, flags);
    if (!found.ok()) return session.Fail(found.status());
    if (flags.watch && session.terminal().out_colors && !session.json()) {
      session.out() << "\x1b[H\x1b[2J";
    }
    Show(session, *found);
  } while (flags.watch && PauseUnlessInterrupted(session, kRefreshEvery));
  return kDone;
}

}  // namespace

Command MakeList() {
  auto flags = std::make_shared<ListFlags>();
  return {.name = "list",
          .summary = "what is deployed",
          .group = "Deployments",
          .examples = {"chains list", "chains list hello --output json"},
          .options =
              {{"CHAIN", "of this chain only", &flags->chain, {.completes = Completes::kChains}}},
          .run = [flags](Session& session) { return List(session, *flags); }};
}

Command MakeStatus() {
  auto flags = std::make_shared<StatusFlags>();
  Command command = {.name = "status",
                     .summary = "who runs where, how many are wanted and why",
                     .group = "Deployments",
                     .examples = {"chains status hello", "chains status --deployment 3f9a --watch"},
                     .options = TargetOptions(flags->target, ChainIs::kOptional),
                     .run = [flags](Session& session) { return Status(session, *flags); }};
  command.options.push_back({"--watch", "again every second, until Ctrl-C", &flags->watch});
  return command;
}

}  // namespace chains::deploy::cli
