// LoadHistory: how much was in flight, on average over any time up to its span.
//
//   LoadHistory load(absl::Seconds(60), begin);
//   load.Observe(begin + absl::Seconds(1), 4);    // 4 from then on, until it is told otherwise
//   load.Average(begin + absl::Seconds(3), absl::Seconds(2));   // 4
//
// Samples may come at any cadence: each counts for as long as it was the last. Keeps at most 256
// points, whatever comes: of samples that are closer together than about a 128th of the span only
// the total stays. Time that goes backwards stands still.
#pragma once

#include <cstddef>
#include <deque>

#include "absl/time/time.h"

namespace chains::deploy {

class LoadHistory {
 public:
  static constexpr size_t kMostPoints = 256;

  // Nothing is known from before `begin`.
  LoadHistory(absl::Duration span, absl::Time begin);

  // A value that is negative or no number counts as 0.
  void Observe(absl::Time now, double value);
  // Over the last `window`, or what is known of it. Where no time has passed: the last value.
  double Average(absl::Time now, absl::Duration window) const;
  double latest() const { return latest_; }
  absl::Time last_time() const { return last_; }
  size_t points() const { return points_.size(); }

 private:
  // How much there was in all from the beginning to `at`, in seconds times in flight.
  struct Point {
    absl::Time at;
    double total;
  };
  double TotalAt(absl::Time time) const;

  absl::Duration span_;
  absl::Time last_;
  double latest_ = 0;
  std::deque<Point> points_;  // by time; never empty
};

}  // namespace chains::deploy
