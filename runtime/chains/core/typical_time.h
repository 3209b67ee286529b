// TypicalTime: how long something usually takes, learned from a part of the times that it was done.
//
//   TypicalTime typical;
//   if (typical.IsToBeTimed()) …measure it, then:
//   typical.Took(absl::Milliseconds(12), absl::StatusCode::kOk);
//   if (left < typical.least() && !typical.TriesAnyway(now)) …it would not be done in time…
//
// Mean and deviation are weighted exponentially, as those of a connection's round trips are (RFC
// 6298, section 2). Who is refused because of them teaches nothing; so that no refusal is for ever,
// a part of the hopeless are tried anyway.
#pragma once

#include <cstdint>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace chains {

// For one thread.
class TypicalTime {
 public:
  // Below that nobody's time is too short: it would be measuring the clock.
  static constexpr absl::Duration kWorthTelling = absl::Milliseconds(1);
  static constexpr int kEnough = 8;       // times, before there is a typical one
  static constexpr int kTriesOneIn = 16;  // of the hopeless, and at least one per
  static constexpr absl::Duration kTriesEvery = absl::Seconds(1);

  // Whether this time is to be measured: the first ones, then one in 64, or one in 8 of what takes
  // so long that measuring is nothing beside it.
  bool IsToBeTimed() {
    if (--untimed_ > 0) return false;
    untimed_ = samples_ < kEnough ? 1 : mean_ < kWorthTelling ? 64 : 8;
    return true;
  }

  // It took `time`, with that outcome. What was given up took longer than that; what failed by
  // itself says nothing.
  void Took(absl::Duration time, absl::StatusCode outcome);

  // Zero as long as it is not known.
  absl::Duration mean() const { return samples_ < kEnough ? absl::ZeroDuration() : mean_; }
  // So long it takes nearly always: the mean less two mean deviations. Zero as long as that is not
  // known, or not worth telling.
  absl::Duration least() const { return least_; }

  // Whether something hopeless is tried at `now` all the same.
  bool TriesAnyway(absl::Time now);

 private:
  void Learn(absl::Duration time);

  int untimed_ = 1;  // as many until the next that is timed
  int samples_ = 0;  // counted up to kEnough
  absl::Duration mean_;
  absl::Duration deviation_;
  absl::Duration least_;
  int hopeless_ = 0;  // since the last one that was tried anyway
  absl::Time tried_ = absl::InfinitePast();
};

}  // namespace chains
