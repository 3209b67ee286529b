// The objects by which a cluster scales a place, where the platform does not do it itself.
//
// Both follow the platform's formula: it says how many replicas there should be, and they make as
// many pods (target: 1 each), without hesitation of their own, because the formula has its own.
#pragma once

#include <string>

#include "deploy/apiserver/object.h"
#include "deploy/fleets/fleet.h"
#include "deploy/fleets/kubernetes/cluster_settings.h"

namespace chains::deploy {

// autoscaling/v2, on a metric of pods that an adapter serves. At least 1 pod: it knows no zero.
Json PodAutoscaler(const FleetDeployment& deployment, const FleetUnit& unit,
                   const ClusterSettings& settings, const std::string& place);

// KEDA's, which asks the platform (external_scaler.h); from and to zero.
Json ScaledObject(const FleetDeployment& deployment, const FleetUnit& unit,
                  const ClusterSettings& settings, const std::string& place);

}  // namespace chains::deploy
