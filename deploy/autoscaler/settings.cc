#include "deploy/autoscaler/settings.h"

#include <initializer_list>

#include "absl/strings/str_cat.h"

namespace chains::deploy {
namespace {

// The same as for a chain's code (runtime/chains/chain/check_chainlet.cc).
constexpr double kMostReplicas = 1000;
constexpr double kMostCalls = 100'000;

struct Bounds {
  const char* field;
  double value;
  double least;
  double most;
  const char* unit = "";
};

}  // namespace

absl::Status ValidateAutoscaling(const v1::Autoscaling& settings) {
  for (const Bounds& each : std::initializer_list<Bounds>{
           {"min_replica", static_cast<double>(settings.min_replica()), 0, kMostReplicas},
           {"max_replica", static_cast<double>(settings.max_replica()), 1, kMostReplicas},
           {"autoscaling_window", settings.autoscaling_window_sec(), 10, 3600, " s"},
           {"scale_down_delay", settings.scale_down_delay_sec(), 0, 3600, " s"},
           {"max_scale_down_rate", static_cast<double>(settings.max_scale_down_rate()), 1, 50,
            " %"},
           {"concurrency_target", static_cast<double>(settings.concurrency_target()), 1,
            kMostCalls},
           {"target_utilization_percentage",
            static_cast<double>(settings.target_utilization_percentage()), 1, 100, " %"}}) {
    // NaN is in no range.
    if (each.value >= each.least && each.value <= each.most) continue;
    return absl::InvalidArgumentError(absl::StrCat(each.field, " is ", each.value, each.unit,
                                                   "; it must be from ", each.least, " to ",
                                                   each.most, each.unit));
  }
  if (settings.min_replica() <= settings.max_replica()) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("min_replica is ", settings.min_replica(), ", above max_replica, which is ",
                   settings.max_replica(), "; raise max_replica or lower min_replica"));
}

v1::Autoscaling WithChange(v1::Autoscaling base, const v1::ScalingChange& change) {
  if (change.has_min_replica()) base.set_min_replica(change.min_replica());
  if (change.has_max_replica()) base.set_max_replica(change.max_replica());
  if (change.has_autoscaling_window_sec()) {
    base.set_autoscaling_window_sec(change.autoscaling_window_sec());
  }
  if (change.has_scale_down_delay_sec()) {
    base.set_scale_down_delay_sec(change.scale_down_delay_sec());
  }
  if (change.has_max_scale_down_rate()) {
    base.set_max_scale_down_rate(change.max_scale_down_rate());
  }
  if (change.has_concurrency_target()) base.set_concurrency_target(change.concurrency_target());
  if (change.has_target_utilization_percentage()) {
    base.set_target_utilization_percentage(change.target_utilization_percentage());
  }
  return base;
}

}  // namespace chains::deploy
