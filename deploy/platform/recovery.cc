#include "deploy/platform/recovery.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <utility>

#include "chains/core/text.h"

namespace chains::deploy {
namespace {

constexpr absl::Duration kTimeToEnd = absl::Seconds(35);
constexpr double kLeastCpus = 0.001;  // that clusters tell apart

absl::StatusOr<std::shared_ptr<const Revision>> Load(const Left& left,
                                                     const state::DeploymentRecord& record,
                                                     const std::string& digest, uint64_t number) {
  if (digest.empty()) return std::shared_ptr<const Revision>();
  absl::StatusOr<v1::Bundle> bundle = left.blobs.GetBundle(digest);
  if (!bundle.ok()) return bundle.status();
  const std::string folder = Text(left.bundles, "/", digest);
  if (absl::Status made = left.blobs.Assemble(*bundle, folder); !made.ok()) return made;
  const PlacementRequest placement{.mode = record.placement(),
                                   .groups = {record.groups().begin(), record.groups().end()}};
  absl::StatusOr<Revision> revision = MakeRevision(*bundle, digest, number, placement);
  if (!revision.ok()) return revision.status();
  return std::make_shared<const Revision>(*std::move(revision));
}

// A replica that is taken over: it says by itself how it is, when it attaches again.
Replica Adopted(const FoundReplica& found, const Fleet& fleet, absl::Time now) {
  Replica replica;
  replica.name = found.name;
  replica.unit = found.unit;
  replica.revision = found.revision;
  replica.bundle = found.bundle;
  replica.chainlets = found.chainlets;
  replica.gpus = found.gpus;
  replica.started = now;
  replica.reachable = replica.was_reachable = !fleet.tells_reachable();
  replica.place = fleet.PlaceOf(found.deployment, found.name);
  return replica;
}

bool TakeOver(Model& model, const Fleet& fleet, const FoundReplica& found, absl::Time now) {
  Deployment* const deployment = model.Find(found.deployment);
  if (deployment == nullptr || !deployment->active()) return false;
  for (const auto& revision : {deployment->live, deployment->pending}) {
    const Unit* const unit = revision == nullptr ? nullptr : revision->Find(found.unit);
    if (unit == nullptr) continue;
    Replica replica = Adopted(found, fleet, now);
    replica.revision = revision->number;
    // What a pod asks for others of the cluster may have changed.
    if (!fleet.schedules()) replica.resources.set_cpus(found.cpus);
    deployment->replicas.emplace(found.name, std::move(replica));
    return true;
  }
  return false;
}

// A replica that was taken over was started with what was in force then. Only its CPUs are known,
// where the fleet tells them: with others than are in force now it is replaced.
void SetResources(Deployment& deployment) {
  for (auto& [name, replica] : deployment.replicas) {
    for (const auto& revision : {deployment.live, deployment.pending}) {
      const Unit* const unit = revision == nullptr ? nullptr : revision->Find(replica.unit);
      if (unit == nullptr || replica.draining) continue;
      const double cpus = replica.resources.cpus();
      replica.resources = deployment.ResourcesOf(*revision, *unit);
      const bool differs = std::abs(cpus - replica.resources.cpus()) > kLeastCpus;
      if (cpus > 0 && differs) replica.resources.set_cpus(cpus);
      break;
    }
  }
}

// It keeps what it has of the machine until it is gone.
void Leave(Model& model, Fleet& fleet, const FoundReplica& found, absl::Time now) {
  fleet.Stop(found.deployment, found.name, kTimeToEnd);
  Deployment* const deployment = model.Find(found.deployment);
  if (deployment == nullptr) return;
  Replica replica = Adopted(found, fleet, now);
  replica.draining = true;
  replica.drains_since = now;
  replica.stopped = true;
  deployment->replicas.emplace(found.name, std::move(replica));
}

}  // namespace

absl::Status Recover(Model& model, const Left& left, const std::vector<FoundReplica>& found,
                     absl::Time now) {
  absl::StatusOr<Store::Contents> contents = left.store.Load();
  if (!contents.ok()) return contents.status();
  for (state::EnvironmentRecord& record : contents->environments) {
    model.environments[{record.chain(), record.name()}] = std::move(record);
  }
  for (state::KeyRecord& record : contents->keys) model.keys[record.name()] = std::move(record);
  for (state::SecretRecord& record : contents->secrets) {
    model.secrets[record.name()] = std::move(record);
  }
  for (state::DeploymentRecord& record : contents->deployments) {
    model.last_sequence = std::max(model.last_sequence, record.sequence());
    auto deployment = std::make_unique<Deployment>(std::move(record));
    const state::DeploymentRecord& kept = deployment->record;
    absl::StatusOr<std::shared_ptr<const Revision>> live =
        Load(left, kept, kept.bundle(), kept.revision());
    absl::StatusOr<std::shared_ptr<const Revision>> pending =
        Load(left, kept, kept.pending_bundle(), kept.pending_revision());
    if (live.ok()) deployment->live = *std::move(live);
    if (pending.ok()) deployment->pending = *std::move(pending);
    for (const absl::Status& damage : {pending.status(), live.status()}) {
      if (damage.ok()) continue;
      deployment->pending_failure = std::string(MessageOf(damage));
      // Not on the disk: what was damaged may be put back.
      if (deployment->live != nullptr || deployment->pending != nullptr) continue;
      deployment->record.set_failure(deployment->pending_failure);
    }
    model.deployments[kept.id()] = std::move(deployment);
  }
  for (const FoundReplica& replica : found) {
    if (!TakeOver(model, left.fleet, replica, now)) Leave(model, left.fleet, replica, now);
  }
  // What answers at a name is brought back; other versions sleep until somebody calls them.
  for (const auto& [id, deployment] : model.deployments) {
    const state::EnvironmentRecord* const settings = model.SettingsFor(*deployment);
    const bool named = deployment->record.development() ||
                       !model.EnvironmentsOf(*deployment).empty() ||
                       !model.CanaryOf(*deployment).empty();
    for (const auto& revision : {deployment->live, deployment->pending}) {
      if (revision == nullptr) continue;
      const bool starts = named || revision == deployment->pending;
      deployment->ScaleBy(*revision, settings, now, starts ? 1 : 0);
    }
    SetResources(*deployment);
  }
  return absl::OkStatus();
}

}  // namespace chains::deploy
