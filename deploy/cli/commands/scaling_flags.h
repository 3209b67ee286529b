// The flags of a ScalingChange, under the names that chains' code has for them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "chains/v1/platform.pb.h"
#include "deploy/cli/command.h"

namespace chains::deploy::cli {

struct ScalingFlags {
  std::optional<int> min_replica = {};
  std::optional<int> max_replica = {};
  std::optional<absl::Duration> autoscaling_window = {};
  // A time; "0" says at once.
  std::string scale_down_delay = {};
  std::optional<int> max_scale_down_rate = {};
  std::optional<int> concurrency_target = {};
  std::optional<int> target_utilization_percentage = {};
  std::optional<double> cpus = {};
  std::string memory = {};  // "2Gi"
  bool reset = false;
};

// `flags` outlives them.
std::vector<Option> ScalingOptions(ScalingFlags& flags);
v1::ScalingChange ToChange(const ScalingFlags& flags);
// Whether `flags` ask for anything.
bool IsEmpty(const ScalingFlags& flags);

// "min_replica 1, memory 2.0 GiB": what `change` sets; empty: nothing.
std::string ChangeText(const v1::ScalingChange& change);

}  // namespace chains::deploy::cli
