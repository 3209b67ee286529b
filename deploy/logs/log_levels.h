// Levels of log lines, from the least: "debug", "info", "warning", "error". Pure.
#pragma once

#include <optional>
#include <string_view>

#include "absl/status/status.h"

namespace chains::deploy {

// nullopt: it is none.
std::optional<int> LogLevelRank(std::string_view level);

// INVALID_ARGUMENT names the levels there are.
absl::Status CheckLogLevel(std::string_view level);

// Whether a line of this level is of `least` or above. Plain output, which has no level, counts as
// info.
bool IsAtLeast(std::string_view level, std::string_view least);

}  // namespace chains::deploy
