#include "deploy/cli/kubernetes/planned_objects.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "deploy/bundle/bundle.h"
#include "deploy/fleets/kubernetes/objects.h"
#include "deploy/platform/revision.h"

namespace chains::deploy::cli {
namespace {

constexpr size_t kIdLength = 8;
constexpr char kNoToken[] = "the platform makes one up";

v1::Autoscaling ScalingOf(const v1::Chainlet& chainlet, bool development) {
  v1::Autoscaling scaling = chainlet.autoscaling();
  if (!development) return scaling;
  scaling.set_max_replica(1);
  scaling.set_min_replica(std::min(scaling.min_replica(), 1));
  return scaling;
}

FleetUnit ToFleetUnit(const Revision& revision, const Unit& unit, bool development) {
  FleetUnit made;
  made.chainlets = unit.chainlets;
  made.resources = unit.resources;
  std::set<std::string> packages;
  for (const std::string& name : unit.chainlets) {
    const v1::Chainlet& chainlet = *revision.Chainlet(name);
    const v1::Autoscaling scaling = ScalingOf(chainlet, development);
    // What most replicas may be needed for says how the unit scales.
    if (scaling.max_replica() > made.autoscaling.max_replica()) made.autoscaling = scaling;
    if (made.base_image.empty()) made.base_image = chainlet.base_image();
    packages.insert(chainlet.system_packages().begin(), chainlet.system_packages().end());
  }
  made.system_packages.assign(packages.begin(), packages.end());
  return made;
}

// How many a unit begins with; nullopt: others decide.
std::optional<int> ReplicasOf(const FleetUnit& unit, const ClusterSettings& settings) {
  if (settings.scaling != ClusterSettings::Scaling::kPlatform) return std::nullopt;
  return std::max(1, unit.autoscaling.min_replica());
}

}  // namespace

absl::StatusOr<FleetDeployment> PlanDeployment(const v1::DeployRequest& request) {
  const PlacementRequest placement = {.mode = request.placement(),
                                      .groups = {request.groups().begin(), request.groups().end()}};
  const std::string digest = DigestOf(request.bundle());
  absl::StatusOr<Revision> revision = MakeRevision(request.bundle(), digest, 1, placement);
  if (!revision.ok()) return revision.status();
  FleetDeployment planned;
  planned.id = digest.substr(0, kIdLength);
  planned.chain = request.name().empty() ? revision->manifest.chain() : request.name();
  planned.development = request.development();
  planned.token = kNoToken;
  planned.bundle = digest;
  for (const Unit& unit : revision->units) {
    planned.units.push_back(ToFleetUnit(*revision, unit, planned.development));
  }
  planned.manifest = std::move(revision->manifest);
  return planned;
}

absl::StatusOr<std::vector<Json>> PlannedObjects(const FleetDeployment& deployment,
                                                 const ClusterSettings& settings,
                                                 const PlannedOver& over) {
  absl::StatusOr<std::vector<Json>> objects = OwnerObjects(deployment, settings);
  if (!objects.ok()) return objects.status();
  if (!over.owner_uid.empty()) {
    for (Json& object : *objects) {
      if (StringAt(object, "/kind") != kinds::kConfigMap.kind) {
        SetOwner(object, deployment, over.owner_uid);
      }
    }
  }
  for (const FleetUnit& unit : deployment.units) {
    std::optional<int> replicas = ReplicasOf(unit, settings);
    const auto found = over.replicas.find(PlaceName(deployment, unit, settings));
    if (found != over.replicas.end()) replicas = found->second;
    absl::StatusOr<std::vector<Json>> more =
        UnitObjects(deployment, unit, settings, replicas, over.owner_uid);
    if (!more.ok()) return more.status();
    for (Json& object : *more) objects->push_back(std::move(object));
  }
  return objects;
}

}  // namespace chains::deploy::cli
