// MethodCounters: what became of the calls of one method.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "absl/status/status.h"

namespace chains {

// How calls ended, by gRPC's status codes, as one thread counts it; any thread may read. A count
// costs a store, not a bus lock (20 ns a call with three).
class CodeCounters {
 public:
  static constexpr size_t kCodes = 17;
  using Counts = std::array<uint64_t, kCodes>;

  void Count(absl::StatusCode code) {
    std::atomic<uint64_t>& count = counts_[IndexOf(code)];
    count.store(count.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  }
  uint64_t of(absl::StatusCode code) const {
    return counts_[IndexOf(code)].load(std::memory_order_relaxed);
  }
  uint64_t all() const {
    uint64_t sum = 0;
    for (const std::atomic<uint64_t>& each : counts_) sum += each.load(std::memory_order_relaxed);
    return sum;
  }
  void AddTo(Counts& sum) const {
    for (size_t i = 0; i < kCodes; ++i) sum[i] += counts_[i].load(std::memory_order_relaxed);
  }

 private:
  // What is no code of gRPC's is UNKNOWN there.
  static size_t IndexOf(absl::StatusCode code) {
    const auto index = static_cast<size_t>(code);
    return index < kCodes ? index : static_cast<size_t>(absl::StatusCode::kUnknown);
  }
  std::array<std::atomic<uint64_t>, kCodes> counts_{};
};

// Of one method, as one thread counts it; any thread may read.
class MethodCounters {
 public:
  [[gnu::always_inline]] void Started() {
    const uint64_t now = in_flight() + 1;
    in_flight_.store(now, std::memory_order_relaxed);
    if (now > max_in_flight()) max_in_flight_.store(now, std::memory_order_relaxed);
  }
  void Ended(absl::StatusCode code) {
    in_flight_.store(in_flight() - 1, std::memory_order_relaxed);
    codes_.Count(code);
  }

  const CodeCounters& codes() const { return codes_; }  // of those that ended
  uint64_t calls() const { return codes_.all(); }       // that ended
  uint64_t well() const { return codes_.of(absl::StatusCode::kOk); }
  uint64_t in_flight() const { return in_flight_.load(std::memory_order_relaxed); }
  uint64_t max_in_flight() const { return max_in_flight_.load(std::memory_order_relaxed); }

 private:
  CodeCounters codes_;
  std::atomic<uint64_t> in_flight_{0};
  std::atomic<uint64_t> max_in_flight_{0};
};

}  // namespace chains
