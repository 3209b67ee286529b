// Histogram: latencies, to within 1.6 %, in memory that does not grow with their number.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace chains::load {

// Of nanoseconds. Each power of two has 64 buckets of equal width.
class Histogram {
 public:
  void Add(uint64_t nanoseconds) {
    ++buckets_[IndexOf(nanoseconds)];
    ++count_;
    max_ = std::max(max_, nanoseconds);
  }
  uint64_t count() const { return count_; }
  // The largest, exactly. 0 when empty.
  uint64_t max() const { return max_; }

  // What `share` (0 to 1) of them stay at or below: the upper end of a bucket, or the largest where
  // that is less. 0 when empty.
  uint64_t Quantile(double share) const {
    const double wanted = share * static_cast<double>(count_);
    uint64_t seen = 0;
    for (size_t i = 0; i < buckets_.size(); ++i) {
      seen += buckets_[i];
      if (seen > 0 && static_cast<double>(seen) >= wanted) return std::min(UpperEnd(i), max_);
    }
    return 0;
  }

 private:
  static constexpr int kBits = 6;
  static constexpr size_t kPerPower = size_t{1} << kBits;

  // Values below kPerPower have a bucket each; above, the leading kBits + 1 bits choose.
  static size_t IndexOf(uint64_t value) {
    if (value < kPerPower) return value;
    const int shift = std::bit_width(value) - 1 - kBits;
    return (static_cast<size_t>(shift) << kBits) + (value >> shift);
  }
  static uint64_t UpperEnd(size_t index) {
    if (index < 2 * kPerPower) return index;
    const size_t shift = (index >> kBits) - 1;
    return ((((index & (kPerPower - 1)) | kPerPower) + 1) << shift) - 1;
  }

  std::array<uint64_t, (65 - kBits) << kBits> buckets_{};
  uint64_t count_ = 0;
  uint64_t max_ = 0;
};

}  // namespace chains::load
