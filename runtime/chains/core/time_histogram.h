// TimeHistogram: how long something took, in buckets none of which is off by more than a fifth.
//
//   TimeHistogram took;
//   took.Add(absl::Milliseconds(12));             // a few stores of the thread that counts
//   TimeCounts all;
//   took.AddTo(all);                              // any thread; of several threads: once for each
//   all.Quantile(0.99);                           // 12 ms, or up to a fifth more
//
// Bucket i has what took at most 2^(i/4) µs and more than bucket i - 1 has: OpenTelemetry's
// exponential histogram of scale 2. The first one has all up to 1 µs, the last all beyond an hour.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "absl/time/time.h"

namespace chains {

inline constexpr size_t kTimeBuckets = 129;

// Which bucket has it; what is negative, because somebody set a clock, is in the first.
size_t TimeBucketOf(int64_t nanoseconds);
inline size_t TimeBucketOf(absl::Duration took) {
  return TimeBucketOf(absl::ToInt64Nanoseconds(took));
}
// The longest time of a bucket; infinite of the last.
absl::Duration TimeBucketEnd(size_t bucket);

// What was counted by some moment; a value.
struct TimeCounts {
  std::array<uint64_t, kTimeBuckets> buckets = {};
  absl::Duration sum;

  uint64_t count() const;
  // So many of a hundred percent (0 to 1) took at most so long: the end of a bucket, interpolated
  // within it. Zero where nothing was counted.
  absl::Duration Quantile(double share) const;
  void Add(absl::Duration took);
  void Add(const TimeCounts& more);
};

// One thread adds; any may read, and may see the sum before the bucket.
class TimeHistogram {
 public:
  void Add(absl::Duration took) {
    const int64_t nanoseconds = absl::ToInt64Nanoseconds(took);
    std::atomic<uint64_t>& count = buckets_[TimeBucketOf(nanoseconds)];
    count.store(count.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    if (nanoseconds <= 0) return;
    sum_.store(sum_.load(std::memory_order_relaxed) + static_cast<uint64_t>(nanoseconds),
               std::memory_order_relaxed);
  }
  void AddTo(TimeCounts& sum) const;

 private:
  std::array<std::atomic<uint64_t>, kTimeBuckets> buckets_{};
  std::atomic<uint64_t> sum_{0};  // ns: 584 years
};

}  // namespace chains
