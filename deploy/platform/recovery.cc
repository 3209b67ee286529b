#include "deploy/platform/recovery.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "chains/core/text.h"

namespace chains::deploy {
namespace {

constexpr absl::Duration kPatience = absl::Seconds(35);

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
Replica Adopted(const FoundReplica& found, const Unit& unit, absl::Time now) {
  Replica replica;
  replica.name = found.name;
  replica.unit = found.unit;
  replica.revision = found.revision;
  replica.bundle = found.bundle;
  replica.chainlets = found.chainlets;
  replica.resources = unit.resources;
  replica.gpus = found.gpus;
  replica.started = now;
  return replica;
}

bool TakeOver(Model& model, const FoundReplica& found, absl::Time now) {
  Deployment* const deployment = model.Find(found.deployment);
  if (deployment == nullptr || !deployment->active()) return false;
  for (const auto& revision : {deployment->live, deployment->pending}) {
    const Unit* const unit = revision == nullptr ? nullptr : revision->Find(found.unit);
    if (unit == nullptr) continue;
    deployment->replicas.emplace(found.name, Adopted(found, *unit, now));
    return true;
  }
  return false;
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
    if (!live.ok()) deployment->record.set_failure(std::string(MessageOf(live.status())));
    if (!pending.ok()) deployment->pending_failure = std::string(MessageOf(pending.status()));
    if (live.ok()) deployment->live = *std::move(live);
    if (pending.ok()) deployment->pending = *std::move(pending);
    model.deployments[kept.id()] = std::move(deployment);
  }
  for (const FoundReplica& replica : found) {
    if (!TakeOver(model, replica, now))
      left.fleet.Stop(replica.deployment, replica.name, kPatience);
  }
  // What answers at a name is brought back; other versions sleep until somebody calls them.
  for (const auto& [id, deployment] : model.deployments) {
    const state::EnvironmentRecord* const settings = model.SettingsFor(*deployment);
    const bool named =
        deployment->record.development() || !model.EnvironmentsOf(*deployment).empty();
    for (const auto& revision : {deployment->live, deployment->pending}) {
      if (revision == nullptr) continue;
      const bool starts = named || revision == deployment->pending;
      deployment->ScaleBy(*revision, settings, now, starts ? 1 : 0);
    }
  }
  return absl::OkStatus();
}

}  // namespace chains::deploy
