#include "chains/core/typical_time.h"

#include <algorithm>

namespace chains {
namespace {

// What was given up proves less than what was done: callers that all give up after the same time
// must not make each other hopeless. So much of the mean is then in doubt.
constexpr int kDoubt = 8;

}  // namespace

void TypicalTime::Took(absl::Duration time, absl::StatusCode outcome) {
  const bool given_up =
      outcome == absl::StatusCode::kCancelled || outcome == absl::StatusCode::kDeadlineExceeded;
  if (outcome == absl::StatusCode::kOk) {
    Learn(time);
  } else if (given_up && time >= mean_) {
    Learn(time);
    deviation_ = std::max(deviation_, mean_ / kDoubt);
  } else {
    return;
  }
  const bool known = samples_ >= kEnough && mean_ >= kWorthTelling;
  least_ = known ? std::max(absl::ZeroDuration(), mean_ - 2 * deviation_) : absl::ZeroDuration();
}

void TypicalTime::Learn(absl::Duration time) {
  if (samples_ == 0) {
    mean_ = time;
    deviation_ = time / 2;
  } else {
    const absl::Duration error = time - mean_;
    deviation_ += (absl::AbsDuration(error) - deviation_) / 4;
    mean_ += error / 8;
  }
  samples_ = std::min(samples_ + 1, kEnough);
}

bool TypicalTime::TriesAnyway(absl::Time now) {
  if (++hopeless_ < kTriesOneIn && now - tried_ < kTriesEvery) return false;
  hopeless_ = 0;
  tried_ = now;
  return true;
}

}  // namespace chains
