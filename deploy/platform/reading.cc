// PlatformService: what is only read.
#include <algorithm>
#include <optional>
#include <utility>

#include "absl/time/clock.h"
#include "chains/core/text.h"
#include "deploy/platform/describe.h"
#include "deploy/platform/platform_service.h"
#include "deploy/state/keys.h"

namespace chains::deploy {

Task<void> PlatformService::Authorize() {
  if (parts_.model.open) co_return;
  const Context context = co_await CurrentContext();
  std::vector<state::KeyRecord> keys;
  for (const auto& [name, key] : parts_.model.keys) keys.push_back(key);
  co_await FindKey(keys, context.Header("authorization"), v1::KEY_SCOPE_MANAGE).status();
}

absl::StatusOr<Deployment*> PlatformService::Resolve(const v1::DeploymentRequest& request) {
  return parts_.model.Resolve(request.deployment(), request.chain(), request.environment());
}

v1::DeploymentResponse PlatformService::Shown(const Deployment& deployment) const {
  v1::DeploymentResponse response;
  *response.mutable_deployment() = Describe(parts_.model, deployment);
  return response;
}

Task<v1::AboutResponse> PlatformService::About(v1::AboutRequest) {
  co_await Authorize();
  co_return parts_.about;
}

Task<v1::ListResponse> PlatformService::List(v1::ListRequest request) {
  co_await Authorize();
  v1::ListResponse response;
  std::vector<const Deployment*> listed;
  for (const auto& [id, deployment] : parts_.model.deployments) {
    if (request.chain().empty() || deployment->record.chain() == request.chain()) {
      listed.push_back(deployment.get());
    }
  }
  std::sort(listed.begin(), listed.end(), [](const Deployment* a, const Deployment* b) {
    if (a->record.chain() != b->record.chain()) return a->record.chain() < b->record.chain();
    return a->record.sequence() > b->record.sequence();
  });
  for (const Deployment* each : listed) {
    *response.add_deployments() = Describe(parts_.model, *each);
  }
  for (const auto& [name, environment] : parts_.model.environments) {
    if (request.chain().empty() || environment.chain() == request.chain()) {
      *response.add_environments() = Describe(environment);
    }
  }
  co_return response;
}

Task<v1::DeploymentResponse> PlatformService::Status(v1::DeploymentRequest request) {
  co_await Authorize();
  Deployment* const deployment = co_await Resolve(request);
  v1::DeploymentResponse response = Shown(*deployment);
  const auto& revision = deployment->pending != nullptr ? deployment->pending : deployment->live;
  if (revision != nullptr) *response.mutable_deployment()->mutable_manifest() = revision->manifest;
  co_return response;
}

Stream<v1::LogLine> PlatformService::Logs(v1::LogsRequest) {
  co_await Authorize();
  co_await absl::UnimplementedError("soon");
  co_return;
}

}  // namespace chains::deploy
