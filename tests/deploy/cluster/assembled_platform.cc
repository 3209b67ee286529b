#include "tests/deploy/cluster/assembled_platform.h"

#include <utility>

#include "chains/core/text.h"
#include "chains/core/wait.h"
#include "deploy/bundle/machine.h"
#include "deploy/platform/recovery.h"

namespace chains::deploy {

absl::StatusOr<Store::Contents> MemoryStore::Load() {
  const std::lock_guard lock(mutex_);
  Contents contents;
  for (const auto& [id, record] : deployments_) contents.deployments.push_back(record);
  for (const auto& [name, record] : environments_) contents.environments.push_back(record);
  for (const auto& [name, record] : keys_) contents.keys.push_back(record);
  for (const auto& [name, record] : secrets_) contents.secrets.push_back(record);
  return contents;
}

absl::Status MemoryStore::Apply(const Change& change) {
  const std::lock_guard lock(mutex_);
  for (const std::string& id : change.delete_deployments) deployments_.erase(id);
  for (const auto& gone : change.delete_environments) environments_.erase({gone.chain, gone.name});
  for (const std::string& name : change.delete_keys) keys_.erase(name);
  for (const std::string& name : change.delete_secrets) secrets_.erase(name);
  for (const auto& record : change.put_deployments) deployments_[record.id()] = record;
  for (const auto& record : change.put_environments) {
    environments_[{record.chain(), record.name()}] = record;
  }
  for (const auto& record : change.put_keys) keys_[record.name()] = record;
  for (const auto& record : change.put_secrets) secrets_[record.name()] = record;
  return absl::OkStatus();
}

AssembledPlatform::AssembledPlatform(Left left)
    : left_(std::move(left)),
      api_(left_.transport, {.field_manager = "chains-platform", .jitter = left_.jitter}) {
  model_.open = true;
}

AssembledPlatform::~AssembledPlatform() {
  controlling_.reset();
  running_.reset();
  keeper_.Close();
  left_.clock.Settle();
}

KubernetesFleet::Hooks AssembledPlatform::Hooks() {
  KubernetesFleet::Hooks hooks;
  hooks.on_exit = [this](ReplicaExit exit) { controller_->Exited(exit, left_.clock.Now()); };
  hooks.on_reachable = [this](const std::string& id, const std::string& name, bool reachable) {
    controller_->Reachable(id, name, reachable, left_.clock.Now());
  };
  hooks.on_placed = [this](const std::string& id) { controller_->Placed(id, left_.clock.Now()); };
  hooks.on_scaled = [this](const std::string& id, const std::vector<std::string>& chainlets,
                           std::optional<int> replicas) {
    controller_->Scaled(id, chainlets, replicas, left_.clock.Now());
  };
  return hooks;
}

absl::Status AssembledPlatform::Start() {
  fleet_ = std::make_unique<KubernetesFleet>(api_, left_.settings, Hooks());
  const absl::StatusOr<std::vector<FoundReplica>> found = Wait(fleet_->Find(), left_.clock);
  if (!found.ok()) return found.status();
  const absl::Time now = left_.clock.Now();
  model_.scheduled = true;
  const absl::Status recovered = Recover(
      model_,
      {.store = left_.store, .blobs = left_.blobs, .bundles = left_.bundles, .fleet = *fleet_},
      *found, now);
  if (!recovered.ok()) return recovered;
  std::vector<std::string> known;
  for (const auto& [id, deployment] : model_.deployments) known.push_back(id);
  fleet_->RemoveUnknown(known);
  assets_ = std::make_unique<Assets>(left_.blobs);
  Controller::Hooks hooks;
  hooks.folder_of = [this](const std::string& bundle) { return left_.bundles / bundle; };
  hooks.secret = [](const std::string& name) -> absl::StatusOr<std::string> {
    return absl::NotFoundError("no secret " + name);
  };
  controller_ = std::make_unique<Controller>(
      model_, keeper_, *fleet_,
      Controller::Options{.replicas_attach_at = "platform:7070",
                          .liveness_timeout = absl::InfiniteDuration()},
      std::move(hooks));
  control_ = std::make_unique<ControlService>(model_, "gateway token");
  service_ = std::make_unique<PlatformService>(PlatformService::Parts{.model = model_,
                                                                      .keeper = keeper_,
                                                                      .blobs = left_.blobs,
                                                                      .assets = *assets_,
                                                                      .secrets = left_.secrets,
                                                                      .logs = left_.logs,
                                                                      .bundles = left_.bundles,
                                                                      .about = {}});
  running_.emplace(left_.clock, fleet_->Run());
  controlling_.emplace(left_.clock, controller_->Run());
  return absl::OkStatus();
}

}  // namespace chains::deploy
