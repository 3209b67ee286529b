// SizeCounters: how large something was, in powers of two; and for which chainlet something is
// built.
//
//   const BuildingFor building(counters.AddBatches("hello.SayHello"));
//   …its constructor makes a Batcher, which counts its batches there.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

namespace chains {

// One thread at a time adds; any may read.
class SizeCounters {
 public:
  static constexpr size_t kBuckets = 14;  // 1, 2, 4, … 4096, and more
  struct Counts {
    std::array<uint64_t, kBuckets> buckets = {};
    uint64_t sum = 0;
  };
  // The largest size of a bucket; the last has none, and says one more than a bucket before it.
  static uint64_t EndOf(size_t bucket) { return uint64_t{1} << bucket; }

  void Add(uint64_t size) {
    const size_t bucket = size <= 1 ? 0 : std::bit_width(size - 1);
    Raise(buckets_[std::min(bucket, kBuckets - 1)], 1);
    Raise(sum_, size);
  }
  void AddTo(Counts& all) const {
    for (size_t i = 0; i < kBuckets; ++i) {
      all.buckets[i] += buckets_[i].load(std::memory_order_relaxed);
    }
    all.sum += sum_.load(std::memory_order_relaxed);
  }

 private:
  static void Raise(std::atomic<uint64_t>& count, uint64_t by) {
    count.store(count.load(std::memory_order_relaxed) + by, std::memory_order_relaxed);
  }
  std::array<std::atomic<uint64_t>, kBuckets> buckets_{};
  std::atomic<uint64_t> sum_{0};
};

namespace internal {

// While it lives, this thread builds a chainlet.
class BuildingFor {
 public:
  explicit BuildingFor(std::shared_ptr<SizeCounters> batches)
      : before_(std::exchange(batches_, std::move(batches))) {}
  BuildingFor(const BuildingFor&) = delete;
  ~BuildingFor() { batches_ = std::move(before_); }

  // Where batches of what it builds are counted; null: nowhere.
  static std::shared_ptr<SizeCounters> batches() { return batches_; }

 private:
  static inline thread_local std::shared_ptr<SizeCounters> batches_;
  std::shared_ptr<SizeCounters> before_;
};

}  // namespace internal
}  // namespace chains
