#include "chains/policy/stack.h"

#include <utility>

#include "chains/policy/hedging_channel.h"

namespace chains {

std::unique_ptr<Channel> Stacked(std::unique_ptr<Channel> ways, const Hedging& hedging,
                                 const Circuit& circuit, CircuitChannel::Edge edge,
                                 AttemptBudget* budget, EdgeCounters& counters) {
  std::unique_ptr<Channel> stack = std::move(ways);
  if (hedging.on) {
    stack = std::make_unique<HedgingChannel>(std::move(stack), hedging, budget, counters);
  }
  if (circuit.on) {
    stack = std::make_unique<CircuitChannel>(std::move(stack), circuit, std::move(edge), counters);
  }
  return stack;
}

}  // namespace chains
