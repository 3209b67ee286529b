#include "deploy/logs/log_levels.h"

#include <algorithm>
#include <array>

#include "chains/core/text.h"

namespace chains::deploy {
namespace {

constexpr std::array<std::string_view, 4> kLevels = {"debug", "info", "warning", "error"};
constexpr int kInfo = 1;

}  // namespace

std::optional<int> LogLevelRank(std::string_view level) {
  const auto* const found = std::find(kLevels.begin(), kLevels.end(), level);
  if (found == kLevels.end()) return std::nullopt;
  return static_cast<int>(found - kLevels.begin());
}

absl::Status CheckLogLevel(std::string_view level) {
  if (LogLevelRank(level)) return absl::OkStatus();
  return absl::InvalidArgumentError(
      Text("level: '", level, "' is none of debug, info, warning, error"));
}

bool IsAtLeast(std::string_view level, std::string_view least) {
  return LogLevelRank(level).value_or(kInfo) >= LogLevelRank(least).value_or(0);
}

}  // namespace chains::deploy
