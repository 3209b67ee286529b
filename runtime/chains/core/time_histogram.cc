#include "chains/core/time_histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace chains {
namespace {

// 2^(1/4), 2^(2/4) and 2^(3/4) µs in ns, times 2^32: an octave has four buckets.
constexpr uint64_t kQuarters[] = {5'107'605'667'107, 6'074'000'999'952, 7'223'245'205'676};
constexpr int kFraction = 32;
constexpr int64_t kNanosecondsOfFirst = 1000;
constexpr int kOctaves = 32;

}  // namespace

// The octave from the number of bits, the quarter by comparison: without a logarithm.
size_t TimeBucketOf(int64_t nanoseconds) {
  if (nanoseconds <= kNanosecondsOfFirst) return 0;
  const auto over = static_cast<uint64_t>(nanoseconds);
  const int octave = std::bit_width((over - 1) / kNanosecondsOfFirst) - 1;
  if (octave >= kOctaves) return kTimeBuckets - 1;
  size_t bucket = static_cast<size_t>(octave) * 4 + 1;
  for (uint64_t quarter : kQuarters) bucket += over > quarter >> (kFraction - octave) ? 1 : 0;
  return bucket;
}

absl::Duration TimeBucketEnd(size_t bucket) {
  if (bucket >= kTimeBuckets - 1) return absl::InfiniteDuration();
  // Whole ones, as it is compared: a Duration would round to a quarter of one, perhaps beyond.
  return absl::Nanoseconds(
      static_cast<int64_t>(1000.0 * std::exp2(static_cast<double>(bucket) / 4)));
}

uint64_t TimeCounts::count() const {
  uint64_t all = 0;
  for (uint64_t each : buckets) all += each;
  return all;
}

absl::Duration TimeCounts::Quantile(double share) const {
  const auto all = static_cast<double>(count());
  if (all == 0) return absl::ZeroDuration();
  double left = std::clamp(share, 0.0, 1.0) * all;
  for (size_t i = 0; i < kTimeBuckets; ++i) {
    const auto here = static_cast<double>(buckets[i]);
    if (here == 0) continue;
    if (left > here) {
      left -= here;
      continue;
    }
    const absl::Duration begin = i == 0 ? absl::ZeroDuration() : TimeBucketEnd(i - 1);
    if (i == kTimeBuckets - 1) return begin;
    return begin + (TimeBucketEnd(i) - begin) * (left / here);
  }
  return TimeBucketEnd(kTimeBuckets - 2);
}

void TimeCounts::Add(absl::Duration took) {
  ++buckets[TimeBucketOf(took)];
  sum += std::max(absl::ZeroDuration(), took);
}

void TimeCounts::Add(const TimeCounts& more) {
  for (size_t i = 0; i < kTimeBuckets; ++i) buckets[i] += more.buckets[i];
  sum += more.sum;
}

void TimeHistogram::AddTo(TimeCounts& sum) const {
  for (size_t i = 0; i < kTimeBuckets; ++i) {
    sum.buckets[i] += buckets_[i].load(std::memory_order_relaxed);
  }
  sum.sum += absl::Nanoseconds(sum_.load(std::memory_order_relaxed));
}

}  // namespace chains
