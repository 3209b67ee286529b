// Labels and annotations of what a deployment has on a cluster; objects.h lists them.
#pragma once

#include <string>
#include <string_view>

#include "deploy/apiserver/object.h"
#include "deploy/fleets/fleet.h"

namespace chains::deploy {

namespace labels {
inline constexpr std::string_view kManagedBy = "app.kubernetes.io/managed-by";
inline constexpr std::string_view kPartOf = "app.kubernetes.io/part-of";
inline constexpr std::string_view kComponent = "app.kubernetes.io/component";
inline constexpr std::string_view kChain = "chains.dev/chain";
inline constexpr std::string_view kDeployment = "chains.dev/deployment";
inline constexpr std::string_view kChainlets = "chains.dev/chainlets";  // an annotation, too
inline constexpr std::string_view kPlace = "chains.dev/place";
// What all have that a platform makes.
inline constexpr std::string_view kOurs = "app.kubernetes.io/managed-by=chains";
// Those that own all else of a deployment.
inline constexpr std::string_view kOwners =
    "app.kubernetes.io/managed-by=chains,app.kubernetes.io/component=deployment";
}  // namespace labels

namespace annotations {
inline constexpr std::string_view kBundle = "chains.dev/bundle";
inline constexpr std::string_view kReplica = "chains.dev/replica";
// Kubernetes' own: of pods that are equal otherwise the cheapest goes first.
inline constexpr std::string_view kDeletionCost = "controller.kubernetes.io/pod-deletion-cost";
}  // namespace annotations

// Short names of a unit's chainlets, joined by '.'; a hash of the full names where that is no
// label, or where another unit of the deployment could have the same.
std::string UnitLabel(const FleetDeployment& deployment, const FleetUnit& unit);
// Full names, joined by ','.
std::string ChainletsText(const FleetUnit& unit);
// Of all objects of a deployment.
Json DeploymentLabels(const FleetDeployment& deployment);
// Of all objects of a unit.
Json UnitLabels(const FleetDeployment& deployment, const FleetUnit& unit);
// By which a Service, a budget and the spread of pods find a unit's pods, of all its places.
Json UnitSelector(const FleetDeployment& deployment, const FleetUnit& unit);
// The name of a chain as a label's value.
std::string LabelValue(const std::string& text);

}  // namespace chains::deploy
