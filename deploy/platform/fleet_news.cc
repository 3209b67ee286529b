// Controller: what a fleet is told of deployments, and what it tells.
#include <algorithm>
#include <set>
#include <utility>

#include "chains/core/text.h"
#include "deploy/platform/controller.h"

namespace chains::deploy {
namespace {

// What most replicas may be needed for says how the unit scales.
v1::Autoscaling ScalingOf(const Deployment& deployment, const Unit& unit) {
  v1::Autoscaling most;
  for (const std::string& chainlet : unit.chainlets) {
    const auto found = deployment.scalers.find(chainlet);
    if (found == deployment.scalers.end()) continue;
    if (found->second.settings.max_replica() > most.max_replica()) most = found->second.settings;
  }
  return most;
}

FleetUnit ToFleetUnit(const Deployment& deployment, const Revision& revision, const Unit& unit) {
  FleetUnit made;
  made.chainlets = unit.chainlets;
  made.resources = deployment.ResourcesOf(revision, unit);
  made.autoscaling = ScalingOf(deployment, unit);
  std::set<std::string> packages;
  for (const std::string& name : unit.chainlets) {
    const v1::Chainlet& chainlet = *revision.Chainlet(name);
    if (made.base_image.empty()) made.base_image = chainlet.base_image();
    packages.insert(chainlet.system_packages().begin(), chainlet.system_packages().end());
  }
  made.system_packages.assign(packages.begin(), packages.end());
  return made;
}

std::vector<FleetUnit> UnitsOf(const Deployment& deployment) {
  std::vector<FleetUnit> units;
  for (const auto& revision : {deployment.live, deployment.pending}) {
    if (revision == nullptr) continue;
    for (const Unit& unit : revision->units) {
      FleetUnit made = ToFleetUnit(deployment, *revision, unit);
      if (std::find(units.begin(), units.end(), made) == units.end()) {
        units.push_back(std::move(made));
      }
    }
  }
  return units;
}

}  // namespace

void Controller::TellFleet(const Deployment& deployment) {
  std::vector<FleetUnit> units = UnitsOf(deployment);
  const auto [found, is_new] = told_.try_emplace(deployment.id());
  Told& told = found->second;
  const bool is_same = !is_new && told.live == deployment.live &&
                       told.pending == deployment.pending && told.deployment.units == units;
  if (is_same) return;
  told.live = deployment.live;
  told.pending = deployment.pending;
  FleetDeployment next;
  next.id = deployment.id();
  next.chain = deployment.record.chain();
  next.development = deployment.record.development();
  next.token = deployment.record.token();
  next.units = std::move(units);
  if (const auto& shown = told.live != nullptr ? told.live : told.pending; shown != nullptr) {
    next.bundle = shown->bundle;
    next.manifest = shown->manifest;
  }
  if (!is_new && next == told.deployment) return;
  told.deployment = std::move(next);
  fleet_.Deploy(told.deployment);
}

void Controller::TellFleetOfDeleted() {
  std::erase_if(told_, [this](const auto& each) {
    if (model_.Find(each.first) != nullptr) return false;
    fleet_.Remove(each.first);
    return true;
  });
}

void Controller::Reachable(const std::string& id, const std::string& name, bool reachable,
                           absl::Time now) {
  Deployment* const deployment = model_.Find(id);
  if (deployment == nullptr) return;
  const auto found = deployment->replicas.find(name);
  if (found == deployment->replicas.end() || found->second.reachable == reachable) return;
  Replica& replica = found->second;
  replica.reachable = reachable;
  replica.was_reachable |= reachable;
  replica.unreachable_since = reachable ? absl::InfiniteFuture() : now;
  model_.Touch();
}

void Controller::Placed(const std::string& id, absl::Time now) {
  Deployment* const deployment = model_.Find(id);
  if (deployment == nullptr) return;
  for (auto& [name, replica] : deployment->replicas) {
    ReplicaPlace place = fleet_.PlaceOf(id, name);
    if (place.node == replica.place.node && place.problem == replica.place.problem) continue;
    if (place.problem.empty() && !replica.place.problem.empty()) replica.waited_until = now;
    replica.place = std::move(place);
    model_.Touch();
  }
}

void Controller::Scaled(const std::string& id, const std::vector<std::string>& chainlets,
                        std::optional<int> replicas, absl::Time now) {
  Deployment* const deployment = model_.Find(id);
  if (deployment == nullptr) return;
  if (replicas) replicas = std::max(0, *replicas);
  for (const std::string& chainlet : chainlets) {
    const auto found = deployment->scalers.find(chainlet);
    if (found == deployment->scalers.end() || found->second.by_others == replicas) continue;
    Scaler& scaler = found->second;
    const int before = scaler.wanted();
    scaler.by_others = replicas;
    scaler.Note(now, before,
                replicas ? "decided outside of the platform: the cluster's autoscaler, or a person "
                           "with kubectl scale"
                         : "the platform decides again");
    model_.Touch();
  }
}

}  // namespace chains::deploy
