// Chains as data, for the tests of what reads them.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "chains/chain/spec.h"

namespace chains::internal {

// Of the contract T, added at /src/main.cc:LINE. It cannot be built; where it matters, that it
// could be is said by a function.
template <typename T>
ChainletSpec ChainletAt(int line, std::vector<DependencySpec> dependencies = {}) {
  ChainletSpec chainlet;
  chainlet.contract = &OpsOf<T>();
  chainlet.implementation = "Real";
  chainlet.dependencies = std::move(dependencies);
  chainlet.where = {.file = "/src/main.cc", .line = line};
  chainlet.build = [](const std::vector<void*>&, const DeploymentContext&) {
    return absl::UnimplementedError("data only");
  };
  return chainlet;
}

template <typename T>
DependencySpec On(Needs<T> needs = {}) {
  return {.callee = &OpsOf<T>(),
          .attempts = needs.attempts,
          .timeout = needs.timeout,
          .max_in_flight = needs.max_in_flight,
          .hedging = needs.hedging,
          .retry_budget = needs.retry_budget,
          .circuit = needs.circuit,
          .balancing = needs.balancing,
          .url = needs.url,
          .url_secret = needs.url_secret,
          .soft = needs.soft};
}

// The first of `chainlets` is the entrypoint.
inline ChainSpec ChainOf(std::vector<ChainletSpec> chainlets) {
  ChainSpec chain;
  chain.name = "shop";
  chain.where = {.file = "/src/main.cc", .line = 1};
  chain.chainlets = std::move(chainlets);
  if (!chain.chainlets.empty()) chain.chainlets.front().entrypoint = true;
  return chain;
}

}  // namespace chains::internal
