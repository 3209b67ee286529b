// What the pods of a place are like.
#pragma once

#include <string>

#include "deploy/apiserver/object.h"
#include "deploy/fleets/fleet.h"
#include "deploy/fleets/kubernetes/cluster_settings.h"

namespace chains::deploy {

// The GPU that a unit's pods ask for; null: none. With gpu_optional that may be because the
// settings know none of its type.
const GpuNodes* GpuOf(const FleetUnit& unit, const ClusterSettings& settings);

// FAILED_PRECONDITION as in objects.h.
absl::Status CheckPlace(const FleetUnit& unit, const ClusterSettings& settings);

// A PodTemplateSpec. `place` is the name of the Deployment; empty: it is not known yet, and all
// that names it is left out. Of a unit that CheckPlace() found in order.
Json PodTemplate(const FleetDeployment& deployment, const FleetUnit& unit,
                 const ClusterSettings& settings, const std::string& place);

}  // namespace chains::deploy
