#include "deploy/platform/canary.h"

#include <cmath>

#include "absl/strings/str_format.h"
#include "chains/core/text.h"

namespace chains::deploy {
namespace {

// Of fewer a single failure says little.
constexpr uint64_t kJudgedFrom = 50;
constexpr double kUsualTolerance = 5;

double FailedPercent(const Traffic& traffic) {
  if (traffic.answered == 0) return 0;
  return 100 * static_cast<double>(traffic.failed) / static_cast<double>(traffic.answered);
}

}  // namespace

absl::StatusOr<v1::Canary> CanaryFrom(const v1::PromoteRequest& request) {
  const double percent = request.canary_percent();
  if (!(percent > 0 && percent < 100)) {
    return absl::InvalidArgumentError(
        Text("canary_percent ", percent,
             ": a share above 0 and below 100 is expected; without a canary it gets all"));
  }
  const double above = request.abort_above_percent();
  if (!(above >= 0 && above <= 100)) {
    return absl::InvalidArgumentError(
        Text("abort_above_percent ", above, ": percent points from 0 to 100 are expected"));
  }
  v1::Canary canary;
  canary.set_deployment(request.deployment());
  canary.set_percent(percent);
  canary.set_abort_above_percent(above > 0 ? above : kUsualTolerance);
  return canary;
}

std::string WhyToEnd(const v1::Canary& canary, const Traffic& its, const Traffic& of_the_rest) {
  if (its.answered < kJudgedFrom) return "";
  const double failed = FailedPercent(its);
  const double usual = FailedPercent(of_the_rest);
  if (failed <= usual + canary.abort_above_percent()) return "";
  return absl::StrFormat(
      "%.3g %% of its %d requests failed, and %.3g %% of the others; %.3g points more are allowed",
      failed, its.answered, usual, canary.abort_above_percent());
}

}  // namespace chains::deploy
