// What an Observatory has to know of the model, told to it twice a second.
#pragma once

#include <vector>

#include "chains/core/task.h"
#include "deploy/platform/model.h"
#include "deploy/telemetry/observatory.h"

namespace chains::deploy {

// How many replicas chainlets have, of all deployments. Pure.
std::vector<Measures::Replicas> ReplicasOf(const Model& model);

// Never ends by itself. Both outlive it.
Task<void> Observe(Model& model, Observatory& observatory);

}  // namespace chains::deploy
