#include "chains/policy/key_limits.h"

#include <algorithm>
#include <cmath>

#include "chains/core/context.h"
#include "chains/core/text.h"

namespace chains {
namespace {

constexpr int kMost = 1'000'000;

absl::Status CheckRange(std::string_view name, double value, double least, double most) {
  if (value >= least && value <= most) return absl::OkStatus();
  return absl::InvalidArgumentError(
      Text("limits.", name, " is ", value, "; give ", least, " to ", most));
}

}  // namespace

absl::Status CheckKeyLimits(const v1::KeyLimits& limits) {
  absl::Status fine =
      CheckRange("requests_per_second", limits.requests_per_second(), 0, kMostPerSecond);
  fine.Update(CheckRange("burst", limits.burst(), 0, kMost));
  fine.Update(CheckRange("max_in_flight", limits.max_in_flight(), 0, kMost));
  fine.Update(
      CheckRange("priority_ceiling", limits.priority_ceiling(), 0, Context::kHighestPriority));
  fine.Update(CheckRange("priority", limits.priority(), 0, Context::kHighestPriority));
  if (!fine.ok()) return fine;
  if (limits.burst() > 0 && limits.requests_per_second() == 0) {
    return absl::InvalidArgumentError("limits.burst is of a rate: give requests_per_second, too");
  }
  if (limits.has_priority() && limits.priority() > PriorityCeiling(limits)) {
    return absl::InvalidArgumentError(Text("limits.priority is ", limits.priority(),
                                           ", above the ceiling of ", PriorityCeiling(limits),
                                           "; raise priority_ceiling or lower priority"));
  }
  return absl::OkStatus();
}

int PriorityCeiling(const v1::KeyLimits& limits) {
  return limits.has_priority_ceiling() ? limits.priority_ceiling() : Context::kUsualPriority;
}

int PriorityUnder(const v1::KeyLimits& limits, std::optional<int> asked) {
  const int usual = limits.has_priority() ? limits.priority() : Context::kUsualPriority;
  return std::min(asked.value_or(usual), PriorityCeiling(limits));
}

std::optional<TokenBucket::Options> BucketOf(const v1::KeyLimits& limits) {
  const double rate = limits.requests_per_second();
  if (rate <= 0) return std::nullopt;
  const double burst = limits.burst() > 0 ? limits.burst() : std::max(1.0, std::ceil(rate));
  return TokenBucket::Options{.per_second = rate, .burst = burst};
}

}  // namespace chains
