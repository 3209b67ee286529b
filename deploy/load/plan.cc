#include "deploy/load/plan.h"

namespace chains::load {
namespace {

constexpr int kMaxInFlight = 20'000;
constexpr double kMaxRate = 1e7;
// What keeps all times well inside what 64 bits of nanoseconds hold.
const absl::Duration kMaxTime = absl::Hours(24);

}  // namespace

absl::Status Validate(const Plan& plan) {
  const auto refuse = [](const char* text) { return absl::InvalidArgumentError(text); };
  if (plan.in_flight < 1 || plan.in_flight > kMaxInFlight) {
    return refuse("in_flight: 1 to 20,000 calls at a time are possible");
  }
  if (!(plan.rate >= 0 && plan.rate <= kMaxRate)) {
    return refuse("rate: 0 (a closed loop) to 10,000,000 calls a second are possible");
  }
  if (plan.duration < absl::ZeroDuration() || plan.duration > kMaxTime) {
    return refuse("duration: it is between 0 and a day");
  }
  if (plan.timeout <= absl::ZeroDuration() || plan.timeout > kMaxTime) {
    return refuse("timeout: it is above 0, and a day at most");
  }
  if (plan.calls < 0 || plan.warm_up < 0 || plan.max_errors < 0) {
    return refuse("calls, warm_up, max_errors: none is below 0");
  }
  if (plan.calls == 0 && plan.duration == absl::ZeroDuration()) {
    return refuse("duration or calls: one must say when the run ends");
  }
  return absl::OkStatus();
}

}  // namespace chains::load
