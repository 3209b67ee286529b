// Gateway's families: what a gateway has done, as Prometheus reads it.
//
//   FamilySet set(2000);
//   AddGateway(figures, set);
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "chains/core/time_histogram.h"
#include "chains/metrics/exemplars.h"
#include "chains/metrics/family_set.h"

namespace chains {

// Requests of one method of one route; of those that reached none, the names are empty.
struct RouteFigures {
  std::string chain = {};
  std::string route = {};   // "production", "deployment/8f3a"
  std::string method = {};  // "run_remote"
  std::map<int, uint64_t> statuses = {};
  TimeCounts took = {};
  uint64_t in_flight = 0;
  uint64_t bytes_in = 0;
  uint64_t bytes_out = 0;
  std::vector<Exemplar> exemplars = {};
};

struct GatewayFigures {
  std::vector<RouteFigures> routes = {};
  std::map<std::string, uint64_t> refused = {};  // by limit
  size_t connections = 0;
  size_t web_sockets = 0;
  size_t routes_ready = 0;
  size_t routes_known = 0;
};

// Names and helps are here. Pure.
void AddGateway(const GatewayFigures& figures, FamilySet& set);

}  // namespace chains
