// Names that a platform makes up, and what a promotion changes.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "deploy/platform/model.h"

namespace chains::deploy {

// INTERNAL: the system has no random numbers.
// "k3f9x2ab": of a deployment; letters and digits that are not taken for each other.
absl::StatusOr<std::string> NewDeploymentId();
// "k3f9x": of a replica.
absl::StatusOr<std::string> NewReplicaSuffix();
// 32 characters that nobody guesses.
absl::StatusOr<std::string> NewToken();

// "SayHello+HelloAll": of the chainlets of one process.
std::string ShortNames(const std::vector<std::string>& chainlets);

// The environment's record once it points at `deployment`; it remembers what it pointed at.
state::EnvironmentRecord Promoted(const Model& model, const std::string& chain,
                                  const std::string& environment, const std::string& deployment);

// INVALID_ARGUMENT: "environment 'a b': …". Of chains, environments, keys and secrets.
absl::Status CheckName(std::string_view what, const std::string& name);

}  // namespace chains::deploy
