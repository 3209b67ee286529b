// Canaries: a deployment gets a share of an environment's requests before it gets all of them, and
// loses it when it fails more often than what has the rest. Pure.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "deploy/platform/deployment.h"
#include "deploy/state/state.pb.h"

namespace chains::deploy {

// The canary that a promotion asks for. INVALID_ARGUMENT names the field that makes no sense.
absl::StatusOr<v1::Canary> CanaryFrom(const v1::PromoteRequest& request);

// Why a canary is to be ended; empty: it is not, or it has not answered enough to be judged.
std::string WhyToEnd(const v1::Canary& canary, const Traffic& its, const Traffic& of_the_rest);

}  // namespace chains::deploy
