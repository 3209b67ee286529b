// The overview that a chain's program prints without arguments: its graph, and what to type next.
#pragma once

#include <string>

#include "chains/chain/spec.h"

namespace chains::internal {

// `program` is argv[0].
std::string Overview(const ChainSpec& chain, const std::string& program);

// A request for `message` with something in every field: `{"names": ["text"]}`.
std::string ExampleRequest(const ChainSpec& chain);

}  // namespace chains::internal
