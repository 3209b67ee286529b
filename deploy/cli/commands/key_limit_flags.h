// The flags of a key's limits.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "chains/v1/key_limits.pb.h"
#include "deploy/cli/command.h"

namespace chains::deploy::cli {

struct KeyLimitFlags {
  std::string rate = {};  // "50/s"
  std::optional<int> burst = {};
  std::optional<int> max_in_flight = {};
  std::optional<int> priority_ceiling = {};
  std::optional<int> priority = {};
  bool dry_run = false;
};

// `flags` outlives them.
std::vector<Option> KeyLimitOptions(KeyLimitFlags& flags);
v1::KeyLimits ToLimits(const KeyLimitFlags& flags);

// "50/s, burst 100, 20 in flight, priority up to 6"; empty: none.
std::string LimitsText(const v1::KeyLimits& limits);

}  // namespace chains::deploy::cli
