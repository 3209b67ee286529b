// PlatformService: which deployment answers, and whether it runs.
#include <utility>

#include "chains/core/blocking.h"
#include "chains/core/text.h"
#include "deploy/platform/canary.h"
#include "deploy/platform/contract_check.h"
#include "deploy/platform/describe.h"
#include "deploy/platform/names.h"
#include "deploy/platform/platform_service.h"
#include "deploy/platform/sweeping.h"

namespace chains::deploy {
namespace {

std::string OrProduction(const std::string& environment) {
  return environment.empty() ? "production" : environment;
}

}  // namespace

Task<v1::PromoteResponse> PlatformService::PromoteTo(std::string environment, std::string id,
                                                     bool breaking, v1::Canary canary) {
  const absl::Time now = (co_await chains::internal::Here()).loop().Now();
  Model& model = parts_.model;
  Deployment* const deployment = model.Find(id);
  if (deployment == nullptr) {
    co_return absl::NotFoundError(Text("there is no deployment '", id, "'; see `chains list`"));
  }
  if (deployment->record.development()) {
    co_return absl::FailedPreconditionError(
        Text(id,
             " is the development deployment, which every push overwrites; publish one first: "
             "chains push"));
  }
  if (deployment->live == nullptr) {
    co_return absl::FailedPreconditionError(
        Text(id, deployment->record.failure().empty() ? " is not live yet" : " never became live"));
  }
  const std::string& chain = deployment->record.chain();
  const state::EnvironmentRecord* const before = model.Environment(chain, environment);
  const Deployment* const old = before == nullptr ? nullptr : model.Find(before->deployment());
  if (old != nullptr && old->live != nullptr && !breaking) {
    const EntrypointContract now{old->live->descriptors, old->live->manifest.entrypoint()};
    const EntrypointContract then{deployment->live->descriptors,
                                  deployment->live->manifest.entrypoint()};
    co_await CheckCallersOf(now, then);
  }
  v1::PromoteResponse response;
  response.set_environment(environment);
  if (old != nullptr && old != deployment) response.set_previous(old->id());
  if (canary.percent() > 0 && (old == nullptr || old == deployment || old->live == nullptr)) {
    co_return absl::FailedPreconditionError(
        Text(environment, " of ", chain,
             old == deployment ? " points at it already" : " points at nothing that answers",
             "; promote ", id, " without a canary"));
  }
  Store::Change change;
  state::EnvironmentRecord promoted = Promoted(model, chain, environment, id);
  if (canary.percent() > 0) {
    promoted = *before;
    promoted.clear_ended_canary();
    *promoted.mutable_canary() = std::move(canary);
  }
  change.put_environments.push_back(std::move(promoted));
  if (deployment->record.deactivated()) {
    state::DeploymentRecord active = deployment->record;
    active.clear_deactivated();
    change.put_deployments.push_back(std::move(active));
  }
  Keeper::Then then = [&model, deployment, now] {
    model.CountAnew(deployment->record.chain());
    model.FollowSettings(deployment->record.chain(), now);
    deployment->WakeUp(now);
  };
  co_await parts_.keeper.Keep(std::move(change), std::move(then));
  *response.mutable_deployment() = Describe(model, *deployment);
  co_return response;
}

Task<v1::PromoteResponse> PlatformService::Promote(v1::PromoteRequest request) {
  co_await Authorize();
  const std::string environment = OrProduction(request.environment());
  co_await CheckName("environment", environment);
  if (environment == "development") {
    co_return absl::InvalidArgumentError(
        "environment 'development' is what `push --development` makes; promote to another");
  }
  v1::Canary canary;
  if (request.canary_percent() != 0 || request.abort_above_percent() != 0) {
    canary = co_await CanaryFrom(request);
  }
  const Permit changing = co_await parts_.keeper.Begin();
  co_return co_await PromoteTo(environment, request.deployment(), request.breaking(),
                               std::move(canary));
}

Task<v1::PromoteResponse> PlatformService::Rollback(v1::RollbackRequest request) {
  co_await Authorize();
  const std::string name = OrProduction(request.environment());
  const Permit changing = co_await parts_.keeper.Begin();
  const state::EnvironmentRecord* const environment =
      parts_.model.Environment(request.chain(), name);
  if (environment == nullptr) {
    co_return absl::NotFoundError(
        Text("the chain '", request.chain(), "' has no environment ", name));
  }
  if (environment->has_canary()) co_return co_await EndCanary(*environment);
  if (environment->previous().empty() || parts_.model.Find(environment->previous()) == nullptr) {
    co_return absl::FailedPreconditionError(
        Text(name, " of ", request.chain(), " has had no deployment before this one",
             environment->previous().empty() ? "" : " that is still there"));
  }
  // Who called the later version may miss what it brought: that is what a rollback is.
  co_return co_await PromoteTo(name, environment->previous(), /*breaking=*/true, v1::Canary());
}

Task<v1::PromoteResponse> PlatformService::EndCanary(state::EnvironmentRecord environment) {
  v1::PromoteResponse response;
  response.set_environment(environment.name());
  response.set_previous(environment.canary().deployment());
  const std::string id = environment.deployment();
  environment.clear_canary();
  Store::Change change;
  change.put_environments.push_back(std::move(environment));
  co_await parts_.keeper.Keep(std::move(change));
  if (const Deployment* const deployment = parts_.model.Find(id)) {
    *response.mutable_deployment() = Describe(parts_.model, *deployment);
  }
  co_return response;
}

Task<void> PlatformService::RemoveUnneeded() {
  const Permit placing = co_await placing_.Enter();
  const Permit changing = co_await parts_.keeper.Begin();
  const Needed needed = NeededBy(parts_.model);
  co_await Blocking([&] { return Sweep(parts_.blobs, parts_.bundles, needed); });
}

Task<v1::DeploymentResponse> PlatformService::SetDeactivated(v1::DeploymentRequest request,
                                                             bool deactivated) {
  co_await Authorize();
  const absl::Time now = (co_await chains::internal::Here()).loop().Now();
  const Permit changing = co_await parts_.keeper.Begin();
  Deployment* const deployment = co_await Resolve(request);
  if (!deployment->record.failure().empty()) {
    co_return absl::FailedPreconditionError(
        Text(deployment->id(), " never became live; push again"));
  }
  Store::Change change;
  state::DeploymentRecord record = deployment->record;
  record.set_deactivated(deactivated);
  change.put_deployments.push_back(std::move(record));
  Keeper::Then then = [deployment, deactivated, now] {
    if (!deactivated) deployment->WakeUp(now);
  };
  co_await parts_.keeper.Keep(std::move(change), std::move(then));
  co_return Shown(*deployment);
}

Task<v1::DeploymentResponse> PlatformService::Deactivate(v1::DeploymentRequest request) {
  return SetDeactivated(std::move(request), true);
}

Task<v1::DeploymentResponse> PlatformService::Activate(v1::DeploymentRequest request) {
  return SetDeactivated(std::move(request), false);
}

Task<v1::DeploymentResponse> PlatformService::Wake(v1::DeploymentRequest request) {
  co_await Authorize();
  Deployment* const deployment = co_await Resolve(request);
  if (!deployment->active()) {
    co_return absl::FailedPreconditionError(
        Text(deployment->id(), " is not active; chains activate ", deployment->id()));
  }
  deployment->WakeUp((co_await chains::internal::Here()).loop().Now());
  parts_.model.Touch();
  co_return Shown(*deployment);
}

// Its replicas are told to leave first: what has none left is removed.
Task<v1::DeleteResponse> PlatformService::Delete(v1::DeploymentRequest request) {
  co_await Authorize();
  Model& model = parts_.model;
  const Deployment* const found = co_await Resolve(request);
  const std::string id = found->id();
  const std::vector<std::string> environments = model.EnvironmentsOf(*found);
  if (!environments.empty()) {
    co_return absl::FailedPreconditionError(
        Text(environments.front(), " points at ", id, "; promote another one there first"));
  }
  if (const auto shares = model.CanaryOf(*found); !shares.empty()) {
    co_return absl::FailedPreconditionError(
        Text(id, " has a share of ", shares.front()->name(), "; end that first: chains rollback ",
             found->record.chain(), " --environment ", shares.front()->name()));
  }
  if (!found->record.deactivated() && found->record.failure().empty()) {
    v1::DeploymentRequest by_id;
    by_id.set_deployment(id);
    co_await SetDeactivated(std::move(by_id), true);
  }
  while (const Deployment* const deployment = model.Find(id)) {
    if (deployment->replicas.empty() || deployment->active()) break;
    co_await model.changed().Wait();
  }
  Permit changing = co_await parts_.keeper.Begin();
  if (const Deployment* const deployment = model.Find(id)) {
    if (!model.EnvironmentsOf(*deployment).empty() || !model.CanaryOf(*deployment).empty() ||
        deployment->active()) {
      co_return absl::AbortedError(Text(id, " was promoted or activated meanwhile"));
    }
    Store::Change change;
    change.delete_deployments.push_back(id);
    co_await parts_.keeper.Keep(std::move(change));
  }
  changing = Permit();
  co_await Blocking([&] { return parts_.logs.Remove(id); });
  co_await RemoveUnneeded();
  co_return v1::DeleteResponse();
}

}  // namespace chains::deploy
