// SeededRandom: as long as it lives, OpenSSL's random numbers, of which ids, tokens and names of
// replicas are made, come from a seed. For tests that are to repeat what they did.
#pragma once

#include <cstdint>

namespace chains::deploy {

class SeededRandom {
 public:
  explicit SeededRandom(uint64_t seed);
  ~SeededRandom();
  SeededRandom(const SeededRandom&) = delete;
};

}  // namespace chains::deploy
