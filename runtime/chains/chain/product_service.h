// chains.v1.Replica: what every replica answers about itself; proto/chains/v1/replica.proto.
#pragma once

#include <string>
#include <vector>

#include "chains/chain/spec.h"
#include "chains/contract/service.h"
#include "chains/policy/counters.h"
#include "chains/v1/replica.pb.h"

namespace chains::internal {

// What Describe() answers. `serving`: contracts; empty: all that are implemented.
v1::DescribeResponse DescribeReplica(const ChainSpec& chain,
                                     const std::vector<std::string>& serving,
                                     const std::string& replica);

// Adds its methods to `service`. `chain` and `counters` outlive it.
void AddProductService(Service& service, const ChainSpec& chain, std::vector<std::string> serving,
                       std::string replica, const Counters& counters);

}  // namespace chains::internal
