// LivePercentile: a percentile of durations as they were lately.
//
//   LivePercentile p95(95);
//   p95.Add(absl::Milliseconds(3));
//   if (p95.samples() >= 50) Arm(timer, now + p95.value());
//
// It counts in buckets, eight for each doubling, so a value is right to an eighth; within a bucket
// it is interpolated. When it has seen two windows all counts are halved, so what is past fades.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "absl/time/time.h"

namespace chains {

// For one thread. 1 µs to an hour; what is beyond counts as that.
class LivePercentile {
 public:
  // `percentile` is between 0 and 100; `window` ≥ 1: about so many durations count.
  explicit LivePercentile(double percentile, uint32_t window = 1000)
      : part_(std::clamp(percentile, 0.0, 100.0) / 100), window_(std::max(1u, window)) {}

  void Add(absl::Duration duration) {
    ++counts_[BucketOf(duration)];
    ++samples_;
    ++fresh_;
    if (++total_ >= 2 * uint64_t{window_}) Fade();
  }

  // How many were added, in all.
  uint64_t samples() const { return samples_; }

  // Zero without samples. Looks anew only when enough is new to matter.
  absl::Duration value() {
    if (fresh_ > total_ / kFreshPart) {
      value_ = Find();
      fresh_ = 0;
    }
    return value_;
  }

 private:
  static constexpr int kFine = 3;  // bits of a value that tell buckets of one doubling apart
  static constexpr int kMostBits = 32;
  static constexpr size_t kBuckets = (kMostBits - kFine + 1) << kFine;
  static constexpr uint64_t kFreshPart = 32;

  static size_t BucketOf(absl::Duration duration) {
    const int64_t most = (int64_t{1} << kMostBits) - 1;
    const auto us =
        static_cast<uint64_t>(std::clamp<int64_t>(absl::ToInt64Microseconds(duration), 0, most));
    const int shift = std::max(0, static_cast<int>(std::bit_width(us)) - kFine - 1);
    return (static_cast<size_t>(shift) << kFine) + static_cast<size_t>(us >> shift);
  }
  // The smallest value of a bucket, in µs.
  static double FloorOf(size_t bucket) {
    const size_t fine = size_t{1} << kFine;
    if (bucket < 2 * fine) return static_cast<double>(bucket);
    const size_t shift = (bucket >> kFine) - 1;
    return static_cast<double>((bucket - (shift << kFine)) << shift);
  }

  void Fade() {
    total_ = 0;
    for (uint32_t& count : counts_) {
      count /= 2;
      total_ += count;
    }
    fresh_ = total_;
  }
  absl::Duration Find() const {
    const double wanted = part_ * static_cast<double>(total_);
    double below = 0;
    size_t last = 0;
    for (size_t i = 0; i < kBuckets; ++i) {
      if (counts_[i] == 0) continue;
      last = i;
      const double here = static_cast<double>(counts_[i]);
      if (below + here >= wanted) {
        const double into = std::max(0.0, wanted - below) / here;
        return absl::Microseconds(FloorOf(i) + into * (FloorOf(i + 1) - FloorOf(i)));
      }
      below += here;
    }
    return absl::Microseconds(FloorOf(last + 1));
  }

  const double part_;
  const uint32_t window_;
  std::array<uint32_t, kBuckets> counts_{};
  uint64_t total_ = 0;    // of counts_
  uint64_t samples_ = 0;  // ever
  uint64_t fresh_ = 0;    // since value_ was found
  absl::Duration value_;
};

}  // namespace chains
