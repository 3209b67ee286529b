// Controller: a deployment takes the place of another where both do not fit.
#include <algorithm>

#include "chains/core/text.h"
#include "deploy/platform/controller.h"

namespace chains::deploy {
namespace {

bool Replaces(const Deployment& deployment) {
  return deployment.active() && deployment.pending != nullptr && !deployment.record.development() &&
         deployment.record.pending_replaces();
}

// Whether a replica is left that is to make room.
bool StillHolds(const Deployment& old) {
  return std::any_of(old.replicas.begin(), old.replicas.end(), [&old](const auto& named) {
    return old.yielding.contains(named.second.unit);
  });
}

// Why a unit of the pending revision cannot start; empty: all can.
std::string LacksRoom(const Deployment& deployment) {
  for (const Unit& unit : deployment.pending->units) {
    if (deployment.live != nullptr && deployment.live->Find(unit.key) != nullptr) continue;
    const auto found = deployment.no_room.find(unit.key);
    if (found != deployment.no_room.end()) return found->second;
  }
  return "";
}

// More units of `old` than do already: those with chainlets that have no room first, then all.
// False when there are no more.
bool YieldMore(const Deployment& deployment, Deployment& old) {
  const size_t before = old.yielding.size();
  for (const Unit& unit : deployment.pending->units) {
    if (!deployment.no_room.contains(unit.key)) continue;
    for (const std::string& chainlet : unit.chainlets) {
      if (const Unit* const yields = old.live->UnitOf(chainlet)) old.yielding.insert(yields->key);
    }
  }
  if (old.yielding.size() > before) return true;
  for (const Unit& unit : old.live->units) old.yielding.insert(unit.key);
  return old.yielding.size() > before;
}

}  // namespace

std::string Controller::MakeRoom(Deployment& deployment, absl::Time now) {
  const state::DeploymentRecord& record = deployment.record;
  const std::string lacks = LacksRoom(deployment);
  if (!record.pending_replaces() || lacks.empty()) return "";
  if (record.development()) {  // its own old replicas have left before
    const bool waits = std::any_of(deployment.replicas.begin(), deployment.replicas.end(),
                                   [](const auto& named) { return named.second.draining; });
    return waits ? "" : Text("there is no room, not even without what it replaces: ", lacks);
  }
  for (const Unit& unit : deployment.pending->units) {
    // What fits comes first, so that requests wait as briefly as can be.
    const bool waits = deployment.no_room.contains(unit.key);
    if (!waits && deployment.Callable(unit.key, now).empty()) return "";
  }
  const state::EnvironmentRecord* const environment =
      model_.Environment(record.chain(), record.promote_to());
  Deployment* const old = environment == nullptr ? nullptr : model_.Find(environment->deployment());
  if (old == nullptr || old->live == nullptr) {
    return Text("there is no room, and nothing in ", record.promote_to(),
                " to take the place of: ", lacks);
  }
  if (!old->held) {
    old->held = true;
    old->held_since = now;
    old->held_at = model_.Touch();
    return "";
  }
  // Nobody sends it requests any more once all follow what was told of it then.
  const bool yields = !old->yielding.empty();
  if (!yields && !(model_.AllArePast(old->held_at, *old) && old->IsIdleSince(old->held_since))) {
    if (now - old->held_since < options_.drain_timeout) return "";
    return Text("requests of ", old->id(), " did not end within ",
                absl::FormatDuration(options_.drain_timeout), ", so nothing could take its place");
  }
  if (StillHolds(*old)) return "";
  if (YieldMore(deployment, *old)) {
    model_.Touch();
    return "";
  }
  return Text("there is no room, not even without ", old->id(), ", whose place it takes: ", lacks);
}

// Who waits in gateways goes on: to the new deployment where that has taken the name over.
void Controller::Release(const Deployment& taker, absl::Time now, bool taken) {
  for (const auto& [id, old] : model_.deployments) {
    if (!old->held || old->record.chain() != taker.record.chain() || old.get() == &taker) continue;
    old->held = false;
    old->yielding.clear();
    if (taken && model_.EnvironmentsOf(*old).empty()) old->FallAsleep(now);
  }
}

// Whoever was to take its place was deactivated or deleted.
void Controller::ReleaseForgotten() {
  for (const auto& [id, old] : model_.deployments) {
    if (!old->held) continue;
    const std::string& chain = old->record.chain();
    const bool awaited = std::any_of(
        model_.deployments.begin(), model_.deployments.end(), [&chain](const auto& each) {
          return each.second->record.chain() == chain && Replaces(*each.second);
        });
    if (awaited) continue;
    old->held = false;
    old->yielding.clear();
    model_.Touch();
  }
}

}  // namespace chains::deploy
