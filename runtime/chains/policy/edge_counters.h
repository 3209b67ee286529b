// EdgeCounters: what the policies of an edge did to its calls, between processes.
#pragma once

#include <atomic>
#include <cstdint>

namespace chains {

// Of one edge, as one thread counts it; any thread may read.
class EdgeCounters {
 public:
  enum Count {
    kHedges,         // second attempts beside a first
    kHedgesWon,      // … that answered first
    kHedgesRefused,  // … that were not made: a budget was spent
    kCircuitOpened,
    kCircuitRefused,      // calls that an open circuit refused
    kCircuitWouldRefuse,  // … or would have, without its dry run
    kWaysLeftOut,         // times that a replica was left out for a while
    kWaysBack,            // … and was back after probes
    kPanics,              // times that too many were left out
    kSpilled,             // calls to another zone, because the own one was busier
    kCounts,
  };
  // One thread writes: that takes no locked instruction.
  void Add(Count which) { counts_[which].store(of(which) + 1, std::memory_order_relaxed); }
  uint64_t of(Count which) const { return counts_[which].load(std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> counts_[kCounts] = {};
};

}  // namespace chains
