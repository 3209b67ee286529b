// Platform's families: how replicas and deployments do, and what of telemetry was lost, as
// Prometheus reads it.
//
//   FamilySet set(2000);
//   AddPlatform(figures, set);
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "chains/metrics/family_set.h"

namespace chains {

struct PlatformFigures {
  struct Chainlet {
    std::string chain = {};
    std::string deployment = {};  // its id
    std::string chainlet = {};    // full name of the contract
    int ready = 0;
    int wanted = 0;
    uint64_t restarts = 0;  // of replicas that ended, or fell silent, unasked
  };
  std::vector<Chainlet> chainlets = {};
  std::map<std::pair<std::string, std::string>, int> deployments = {};  // by chain and status
  uint64_t rows_left_out = 0;   // of measurements, for want of room
  uint64_t spans_dropped = 0;   // by anybody, before they were part of a trace
  uint64_t spans_exported = 0;  // to the collector, where there is one
  uint64_t spans_not_exported = 0;
  bool has_collector = false;
  bool collector_fails = false;  // at the last attempt
};

// Names and helps are here. Pure.
void AddPlatform(const PlatformFigures& figures, FamilySet& set);

}  // namespace chains
