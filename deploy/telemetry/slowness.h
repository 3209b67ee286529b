// Slowness: whether a request took longer than those of its route use to take.
//
//   Slowness slowness;
//   if (slowness.IsSlow("3f9a /chains/hello/production/run_remote", micros)) …
//   slowness.Note("3f9a /chains/…", micros);    // of one that did not fail
//
// Slow is what is above the 99th percentile and at least twice the median. What was long ago counts
// less and less. At most 1,000 routes are known, of others none is slow.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>

#include "deploy/telemetry/durations.h"

namespace chains::deploy {

// For one thread.
class Slowness {
 public:
  static constexpr size_t kMostRoutes = 1000;
  // Of fewer nothing can be said.
  static constexpr double kFewest = 50;

  bool IsSlow(const std::string& route, uint64_t micros) const;
  void Note(const std::string& route, uint64_t micros);

 private:
  std::map<std::string, Durations> routes_;
};

}  // namespace chains::deploy
