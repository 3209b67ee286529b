// The callee's end of an edge: what a chainlet does about calls that come.
#pragma once

#include <memory>
#include <string>

#include "chains/contract/edge.h"
#include "chains/contract/method.h"
#include "chains/core/gate.h"
#include "chains/policy/counters.h"

namespace chains {

// Its concurrency limit and queue, counts, and its name in the path of a failure.
class CalleeEdge final : public Edge {
 public:
  struct Options {
    std::string chainlet;
    std::string replica;          // the name of this process
    int concurrency_limit = 256;  // calls that run at a time
    int max_queued = 256;         // calls that wait; more are refused with RESOURCE_EXHAUSTED
  };
  // `counters` outlives the edge.
  CalleeEdge(Options options, Counters& counters);

  std::unique_ptr<internal::Passage> PassageOf(const Method& method) override;

 private:
  class Way;

  const Options options_;
  Counters& counters_;
  Gate gate_;
};

}  // namespace chains
