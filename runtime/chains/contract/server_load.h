// ServerLoad: how busy a callee said that it is, beside its answers.
#pragma once

#include <cstdint>

namespace chains {

// As the channel to one replica heard it last. For the loop's thread of that channel.
struct ServerLoad {
  int in_flight = 0;     // calls of all its callers that it has
  uint32_t reports = 0;  // how many there were; grows with each
};

}  // namespace chains
