// Stacked: the policies of an edge around its ways. Of a chainlet's dependency, and of a gateway's
// deployment.
#pragma once

#include <memory>

#include "chains/contract/channel.h"
#include "chains/policy/circuit_channel.h"
#include "chains/policy/edge_counters.h"
#include "chains/policy/retry_budget.h"
#include "chains/policy/settings.h"

namespace chains {

// circuit → hedging → `ways`. What is turned off is not there. `budget`, which may be null, and
// `counters` outlive the channel.
std::unique_ptr<Channel> Stacked(std::unique_ptr<Channel> ways, const Hedging& hedging,
                                 const Circuit& circuit, CircuitChannel::Edge edge,
                                 AttemptBudget* budget, EdgeCounters& counters);

}  // namespace chains
