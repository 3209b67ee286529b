#include "deploy/platform/observed.h"

#include <algorithm>
#include <set>
#include <string>

#include "chains/core/loop.h"
#include "chains/core/timing.h"

namespace chains::deploy {
namespace {

constexpr absl::Duration kLookEvery = absl::Milliseconds(500);

int ReadyOf(const Deployment& deployment, const std::string& chainlet) {
  int ready = 0;
  for (const auto& [name, replica] : deployment.replicas) {
    const std::vector<std::string>& serves = replica.chainlets;
    const bool is_its = std::find(serves.begin(), serves.end(), chainlet) != serves.end();
    ready += is_its && replica.is_ready() && !replica.draining ? 1 : 0;
  }
  return ready;
}

}  // namespace

std::vector<Measures::Replicas> ReplicasOf(const Model& model) {
  std::vector<Measures::Replicas> all;
  for (const auto& [id, deployment] : model.deployments) {
    for (const auto& [chainlet, scaler] : deployment->scalers) {
      all.push_back({.deployment = id,
                     .chainlet = chainlet,
                     .ready = ReadyOf(*deployment, chainlet),
                     .wanted = scaler.wanted()});
    }
  }
  return all;
}

Task<void> Observe(Model& model, Observatory& observatory) {
  chains::internal::Here::Place here = co_await chains::internal::Here();
  while (true) {
    std::set<std::string> ids;
    for (const auto& [id, deployment] : model.deployments) ids.insert(id);
    observatory.Tick(here.loop().Now(), ReplicasOf(model), ids);
    co_await Sleep(kLookEvery);
  }
}

}  // namespace chains::deploy
