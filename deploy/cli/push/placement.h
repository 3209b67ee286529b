// Which chainlets share a process, from --placement and --group. Pure.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "chains/v1/platform.pb.h"

namespace chains::deploy::cli {

// Sets placement and groups of `request`, whose bundle is there. `mode` is "separate", "together"
// or "groups"; each of `groups` is "A,B", names as the contract has them, in full or their last
// part, or display names. INVALID_ARGUMENT: nobody is called so, or is in two groups, or the flags
// do not fit together.
absl::Status SetPlacement(const std::string& mode, const std::vector<std::string>& groups,
                          v1::DeployRequest& request);

}  // namespace chains::deploy::cli
