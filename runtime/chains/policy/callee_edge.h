// The callee's end of an edge: what a chainlet does about calls that come.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "chains/contract/edge.h"
#include "chains/contract/method.h"
#include "chains/core/gate.h"
#include "chains/policy/counters.h"
#include "chains/policy/limit_finder.h"
#include "chains/policy/settings.h"

namespace chains {

// Its concurrency limit and queue, what it learned of how long its methods take, counts, and its
// name in the path of a failure. A refusal for want of a place says when to come again
// (contract/push_back.h).
class CalleeEdge final : public Edge {
 public:
  struct Options {
    std::string chainlet;
    std::string replica;          // the name of this process
    int concurrency_limit = 256;  // calls that run at a time
    int max_queued = 256;         // calls that wait; more are refused with RESOURCE_EXHAUSTED
    LateCalls late_calls = LateCalls::kRefuse;  // of unary methods
    AdaptiveLimit adaptive = {};  // fewer than concurrency_limit, where more only wait
    bool dry_run = false;         // nobody waits or is refused; what would have been is counted
  };
  // `counters` outlives the edge.
  CalleeEdge(Options options, Counters& counters);

  std::unique_ptr<internal::Passage> PassageOf(const Method& method) override;

  // Calls that had too little time left to be worth beginning: refused, or let in where late calls
  // are only counted. Any thread may ask.
  uint64_t late_calls() const { return gate_counters_.Of(GateEvent::kLateCall); }

 private:
  class Way;

  Gate::Options GateOptions();

  const Options options_;
  Counters& counters_;
  GateCounters& gate_counters_;
  LimitFinder limit_finder_;
  Gate gate_;
};

}  // namespace chains
