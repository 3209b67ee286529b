// EdgeCounters: what the policies of an edge did to its calls, between processes.
#pragma once

#include <atomic>
#include <cstdint>

namespace chains {

// As they were at some moment.
struct EdgeCounts {
  uint64_t hedges = 0;                // second attempts beside a first
  uint64_t hedges_won = 0;            // … that answered first
  uint64_t hedges_refused = 0;        // … that were not made: a budget was spent
  uint64_t circuit_opened = 0;        // times
  uint64_t circuit_refused = 0;       // calls that an open circuit refused
  uint64_t circuit_would_refuse = 0;  // … or would have, without its dry run
  uint64_t ways_left_out = 0;         // times that a replica was left out for a while
  uint64_t ways_back = 0;             // … and was back, after probes
  uint64_t panics = 0;                // times that too many were left out
  uint64_t spilled = 0;               // calls to another zone, because the own one was busier
};

// Of one edge, as one thread counts it; any thread may read.
class EdgeCounters {
 public:
  enum Count {
    kHedges,
    kHedgesWon,
    kHedgesRefused,
    kCircuitOpened,
    kCircuitRefused,
    kCircuitWouldRefuse,
    kWaysLeftOut,
    kWaysBack,
    kPanics,
    kSpilled,
    kCounts,
  };
  // One thread writes: that takes no locked instruction.
  void Add(Count which) { counts_[which].store(of(which) + 1, std::memory_order_relaxed); }
  uint64_t of(Count which) const { return counts_[which].load(std::memory_order_relaxed); }

  void AddTo(EdgeCounts& sum) const {
    sum.hedges += of(kHedges);
    sum.hedges_won += of(kHedgesWon);
    sum.hedges_refused += of(kHedgesRefused);
    sum.circuit_opened += of(kCircuitOpened);
    sum.circuit_refused += of(kCircuitRefused);
    sum.circuit_would_refuse += of(kCircuitWouldRefuse);
    sum.ways_left_out += of(kWaysLeftOut);
    sum.ways_back += of(kWaysBack);
    sum.panics += of(kPanics);
    sum.spilled += of(kSpilled);
  }

 private:
  std::atomic<uint64_t> counts_[kCounts] = {};
};

}  // namespace chains
