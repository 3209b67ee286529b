#include "deploy/cli/commands/grpc_method.h"

#include <utility>

#include "chains/core/text.h"
#include "deploy/cli/bench/reflected_contract.h"
#include "deploy/cli/platform_client.h"

namespace chains::deploy::cli {
namespace {

Headers MetadataOf(const Remote& remote, const TargetFlags& target) {
  Headers metadata = {{"chains-chain", target.chain}};
  if (!target.environment.empty()) metadata.emplace_back("chains-environment", target.environment);
  if (!target.deployment.empty()) metadata.emplace_back("chains-deployment", target.deployment);
  if (!remote.key.empty()) metadata.emplace_back("authorization", Text("Api-Key ", remote.key));
  return metadata;
}

absl::StatusOr<std::string> EntrypointOf(Session& session, const TargetFlags& target) {
  absl::StatusOr<PlatformClient*> platform = session.Platform();
  if (!platform.ok()) return platform.status();
  absl::StatusOr<v1::DeploymentRequest> request = ToRequest(target);
  if (!request.ok()) return request.status();
  const absl::StatusOr<v1::DeploymentResponse> status =
      (*platform)->Call(&v1::Platform::Status, *std::move(request));
  if (!status.ok()) return status.status();
  return status->deployment().entrypoint();
}

}  // namespace

absl::StatusOr<GrpcMethod> FindGrpcMethod(Session& session, const Remote& remote,
                                          const TargetFlags& target, const std::string& name) {
  if (remote.grpc.empty()) {
    return absl::FailedPreconditionError(
        Text("'", remote.name, "' says no address for gRPC in remotes.json"));
  }
  const absl::StatusOr<std::string> entrypoint = EntrypointOf(session, target);
  if (!entrypoint.ok()) return entrypoint.status();
  GrpcMethod found = {.metadata = MetadataOf(remote, target)};
  const auto contract = AskForContract(remote.grpc, *entrypoint, found.metadata);
  if (!contract.ok()) return contract.status();
  auto transcoder = json::Transcoder::Create(*contract, *entrypoint);
  if (!transcoder.ok()) return transcoder.status();
  found.transcoder = *std::move(transcoder);
  found.method = found.transcoder->Find(name);
  if (found.method == nullptr) {
    return absl::NotFoundError(Text(*entrypoint, " has no method ", name));
  }
  return found;
}

}  // namespace chains::deploy::cli
