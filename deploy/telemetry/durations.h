// Durations: a histogram of how long calls took, as telemetry.proto has them.
//
//   Durations all;
//   all.Add(ToDurations(measurement.duration()), 1);
//   double p99_ms = all.QuantileMs(0.99);      // -1: of none
//
// Counts are fractions, so that what came in a report can be shared out among the steps of time
// that it covers. Pure.
#pragma once

#include <array>
#include <cstddef>

#include "chains/v1/telemetry.pb.h"

namespace chains::deploy {

class Durations {
 public:
  static constexpr size_t kBuckets = 129;

  // Bounds grow by 2^(1/4), from 1 µs.
  static size_t BucketOf(double micros);

  void Add(size_t bucket, double count) { counts_[bucket] += count; }
  // `share` of all that is in `others`.
  void Add(const v1::DurationHistogram& others, double share);
  void Scale(double by);
  void Clear() { counts_.fill(0); }
  double count() const;
  // In milliseconds, the middle of the bucket where it is, so at most 10 % off; -1 when there is
  // nothing.
  double QuantileMs(double quantile) const;

 private:
  std::array<double, kBuckets> counts_ = {};
};

}  // namespace chains::deploy
