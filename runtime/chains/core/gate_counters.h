// GateCounters: what became of calls that a Gate did not let in at once.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "absl/time/time.h"
#include "chains/core/time_histogram.h"

namespace chains {

enum class GateEvent {
  kWaited,       // it got into the queue
  kFull,         // refused: the queue was full
  kDisplaced,    // refused: it gave its place in the queue to a call that matters more
  kTooLate,      // refused: it could not have finished by its deadline
  kWouldWait,    // let in, but only because the gate is on trial: it would have waited
  kWouldRefuse,  // … and been refused
  kLateCall,     // not begun, or only counted: it had less time left than it usually takes
};
inline constexpr size_t kGateEvents = 7;

// One thread counts; any may read.
class GateCounters {
 public:
  void Count(GateEvent event) {
    std::atomic<uint64_t>& count = counts_[static_cast<size_t>(event)];
    count.store(count.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  }
  uint64_t Of(GateEvent event) const {
    return counts_[static_cast<size_t>(event)].load(std::memory_order_relaxed);
  }
  // How many may be inside now.
  void ShowLimit(size_t limit) { limit_.store(limit, std::memory_order_relaxed); }
  size_t limit() const { return limit_.load(std::memory_order_relaxed); }
  // One that waited was let in.
  void Waited(absl::Duration time) { waits_.Add(time); }
  const TimeHistogram& waits() const { return waits_; }

 private:
  std::array<std::atomic<uint64_t>, kGateEvents> counts_{};
  std::atomic<size_t> limit_{0};
  TimeHistogram waits_;
};

}  // namespace chains
