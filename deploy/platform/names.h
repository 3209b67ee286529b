// Names that a platform makes up, and what a promotion changes.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "deploy/platform/model.h"

namespace chains::deploy {

// "k3f9x2ab": of a deployment; letters and digits that are not taken for each other.
std::string NewDeploymentId();
// "k3f9x": of a replica.
std::string NewReplicaSuffix();
// 32 characters that nobody guesses.
std::string NewToken();

// "SayHello+HelloAll": of the chainlets of one process.
std::string ShortNames(const std::vector<std::string>& chainlets);

// The environment's record once it points at `deployment`; it remembers what it pointed at.
state::EnvironmentRecord Promoted(const Model& model, const std::string& chain,
                                  const std::string& environment, const std::string& deployment);

// INVALID_ARGUMENT: "environment 'a b': …". Of chains, environments, keys and secrets.
absl::Status CheckName(std::string_view what, const std::string& name);

}  // namespace chains::deploy
