// Placement: where the chainlets of a chain are in relation to each other.
#pragma once

namespace chains {

enum class Placement {
  kTogether,  // one process, plain calls
  kLoopback,  // one process, calls in their wire format
  kGrpc,      // a server for each chainlet, calls over sockets
};

}  // namespace chains
