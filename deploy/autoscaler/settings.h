// The settings of autoscaling: their bounds, and how a change of some of them applies.
//
//   v1::Autoscaling settings = WithChange(chainlet.autoscaling(), environment.scaling());
//   if (absl::Status status = ValidateAutoscaling(settings); !status.ok()) …
#pragma once

#include "absl/status/status.h"
#include "chains/v1/manifest.pb.h"
#include "chains/v1/platform.pb.h"

namespace chains::deploy {

// The bounds that a chain's code is held to as well. INVALID_ARGUMENT names the first field that is
// out of them, its value and its range.
absl::Status ValidateAutoscaling(const v1::Autoscaling& settings);

// `base` with the fields of `change` that are set. Not validated. CPUs and memory are resources,
// not autoscaling, and are left alone.
v1::Autoscaling WithChange(v1::Autoscaling base, const v1::ScalingChange& change);

}  // namespace chains::deploy
