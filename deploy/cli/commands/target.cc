#include "deploy/cli/commands/target.h"

#include <utility>

#include "absl/strings/str_join.h"
#include "chains/core/text.h"

namespace chains::deploy::cli {

std::vector<Option> TargetOptions(TargetFlags& flags, ChainIs chain_is) {
  return {{.name = "CHAIN",
           .help = "by its name",
           .to = &flags.chain,
           .more = {.required = chain_is == ChainIs::kRequired, .completes = Completes::kChains}},
          {.name = "--environment",
           .help = "what it points at (default: production, without it development)",
           .to = &flags.environment},
          {.name = "--deployment",
           .help = "by its id",
           .to = &flags.deployment,
           .more = {.completes = Completes::kDeployments}}};
}

absl::StatusOr<v1::DeploymentRequest> ToRequest(const TargetFlags& flags) {
  if (!flags.environment.empty() && !flags.deployment.empty()) {
    return absl::InvalidArgumentError("choose --environment or --deployment, not both");
  }
  v1::DeploymentRequest request;
  request.set_deployment(flags.deployment);
  if (flags.deployment.empty()) {
    request.set_chain(flags.chain);
    request.set_environment(flags.environment);
  }
  return request;
}

std::vector<Option> IdOrChainOptions(IdOrChain& flags) {
  return {{.name = "ID",
           .help = "of a deployment; or, with --environment, the name of a chain",
           .to = &flags.name,
           .more = {.required = true, .completes = Completes::kDeployments}},
          {.name = "--environment", .help = "what it points at", .to = &flags.environment}};
}

absl::StatusOr<v1::DeploymentRequest> Resolve(PlatformClient& platform, const IdOrChain& flags) {
  v1::DeploymentRequest request;
  if (!flags.environment.empty()) {
    request.set_chain(flags.name);
    request.set_environment(flags.environment);
    return request;
  }
  const absl::StatusOr<v1::ListResponse> list =
      platform.Call(&v1::Platform::List, v1::ListRequest());
  if (!list.ok()) return list.status();
  bool is_chain = false;
  for (const v1::Deployment& deployment : list->deployments()) {
    if (deployment.id() == flags.name) {
      request.set_deployment(flags.name);
      return request;
    }
    is_chain = is_chain || deployment.chain() == flags.name;
  }
  if (is_chain) {
    return absl::FailedPreconditionError(
        Text("'", flags.name,
             "' is a chain: say which deployment of it, with --environment, or by "
             "its id (chains list)"));
  }
  return absl::NotFoundError(
      Text("no deployment has the id '", flags.name, "': chains list shows all"));
}

}  // namespace chains::deploy::cli
