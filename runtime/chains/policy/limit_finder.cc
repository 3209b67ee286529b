#include "chains/policy/limit_finder.h"

#include <algorithm>
#include <cmath>

namespace chains {
namespace {

constexpr double kSteepest = 0.5;       // a decision takes at most this part away
constexpr double kShareOfNewest = 0.5;  // in the smoothed stay

}  // namespace

LimitFinder::LimitFinder(Options options) : options_(options), limit_(options.min) {}

size_t LimitFinder::limit() const { return static_cast<size_t>(limit_); }

size_t LimitFinder::Next(const Turn& turn) {
  // A turn that began under another limit says something of both.
  if (settles_) {
    settles_ = false;
    return limit();
  }
  left_ += turn.left;
  stays_ += turn.stay * static_cast<double>(turn.left);
  took_ += turn.stay;
  if (left_ < kEnough || took_ < kLongEnough) return limit();
  const absl::Duration stay = stays_ / static_cast<double>(left_);
  StartWindow();
  Decide(stay, turn.ended);
  return limit();
}

void LimitFinder::Decide(absl::Duration stay, absl::Time now) {
  const bool first = unloaded_ == absl::ZeroDuration();
  if (first || before_probe_ > 0) {
    unloaded_ = smoothed_ = stay;
    next_probe_ = now + options_.probe_every;
    if (before_probe_ > 0) SetLimit(before_probe_);
    before_probe_ = 0;
    if (!first) return;
  } else {
    smoothed_ += (stay - smoothed_) * kShareOfNewest;
    unloaded_ = std::min(unloaded_, smoothed_);
  }
  if (options_.probes && now >= next_probe_) {
    before_probe_ = limit_;
    return SetLimit(limit_ / 2);
  }
  const double gradient =
      std::clamp(absl::FDivDuration(kTolerance * unloaded_, stay), kSteepest, 1.0);
  doubles_ = doubles_ && gradient == 1.0;
  SetLimit(doubles_ ? 2 * limit_ : limit_ * gradient + std::sqrt(limit_));
}

void LimitFinder::SetLimit(double limit) {
  const size_t before = this->limit();
  limit_ = std::clamp<double>(limit, options_.min, options_.max);
  settles_ = this->limit() != before;
}

void LimitFinder::StartWindow() {
  left_ = 0;
  stays_ = took_ = absl::ZeroDuration();
}

}  // namespace chains
