// chains.v1.Replica: what every replica answers about itself; proto/chains/v1/replica.proto.
#pragma once

#include <string>
#include <vector>

#include "chains/chain/spec.h"
#include "chains/contract/service.h"
#include "chains/policy/counters.h"

namespace chains::internal {

// Adds its methods to `service`. `chain` and `counters` outlive it.
void AddProductService(Service& service, const ChainSpec& chain, std::vector<std::string> serving,
                       std::string replica, const Counters& counters);

}  // namespace chains::internal
