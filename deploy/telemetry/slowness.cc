#include "deploy/telemetry/slowness.h"

namespace chains::deploy {
namespace {

// At so many the earlier ones count half.
constexpr double kMost = 2000;

}  // namespace

bool Slowness::IsSlow(const std::string& route, uint64_t micros) const {
  const auto found = routes_.find(route);
  if (found == routes_.end() || found->second.count() < kFewest) return false;
  const double ms = static_cast<double>(micros) / 1000;
  return ms > found->second.QuantileMs(0.99) && ms >= 2 * found->second.QuantileMs(0.5);
}

void Slowness::Note(const std::string& route, uint64_t micros) {
  const auto found = routes_.find(route);
  if (found == routes_.end() && routes_.size() >= kMostRoutes) return;
  Durations& times = found == routes_.end() ? routes_[route] : found->second;
  if (times.count() >= kMost) times.Scale(0.5);
  times.Add(Durations::BucketOf(static_cast<double>(micros)), 1);
}

}  // namespace chains::deploy
