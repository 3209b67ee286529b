#include "chains/chain/spec.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>

namespace chains::internal {
namespace {

constexpr int64_t kLeastQueue = 256;
constexpr int64_t kLongestQueue = 1'000'000;

}  // namespace

std::vector<std::string> ImplementedIn(const ChainSpec& chain) {
  std::vector<std::string> implemented;
  for (const ChainletSpec& chainlet : chain.chainlets) {
    if (chainlet.build != nullptr) implemented.emplace_back(chainlet.name());
  }
  return implemented;
}

int QueueOf(const ChainSpec& chain, const ChainletSpec& chainlet) {
  if (chainlet.limits.max_queued > 0) return chainlet.limits.max_queued;
  int64_t in_flight = 0;
  for (const ChainletSpec& caller : chain.chainlets) {
    for (const DependencySpec& dependency : caller.dependencies) {
      if (dependency.callee->info->name != chainlet.name() || !dependency.url.empty()) continue;
      in_flight += int64_t{dependency.max_in_flight} * caller.autoscaling.max_replica;
    }
  }
  return static_cast<int>(std::clamp(in_flight, kLeastQueue, kLongestQueue));
}

int ReactorsOf(const ChainSpec& chain, const std::vector<const ChainletSpec*>& chainlets) {
  double cpus = 0;
  int limit = std::numeric_limits<int>::max();
  for (const ChainletSpec* chainlet : chainlets) {
    cpus += chainlet->resources.cpus;
    limit = std::min({limit, chainlet->limits.concurrency_limit, QueueOf(chain, *chainlet)});
    for (const DependencySpec& dependency : chainlet->dependencies) {
      limit = std::min(limit, dependency.max_in_flight);
    }
  }
  constexpr double kRounding = 1e-6;  // ten chainlets of 0.1 ask for one CPU
  return std::max(1, static_cast<int>(std::min<double>(limit, std::ceil(cpus - kRounding))));
}

}  // namespace chains::internal
