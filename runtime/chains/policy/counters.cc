#include "chains/policy/counters.h"

namespace chains {

void MethodCounters::Started() {
  const uint64_t now = in_flight_.fetch_add(1, std::memory_order_relaxed) + 1;
  uint64_t most = max_in_flight_.load(std::memory_order_relaxed);
  while (most < now &&
         !max_in_flight_.compare_exchange_weak(most, now, std::memory_order_relaxed)) {
  }
}

void MethodCounters::Ended(absl::StatusCode code) {
  in_flight_.fetch_sub(1, std::memory_order_relaxed);
  calls_.fetch_add(1, std::memory_order_relaxed);
  if (code != absl::StatusCode::kOk) failures_.fetch_add(1, std::memory_order_relaxed);
}

MethodCounters& Counters::Of(const Method& method) {
  std::lock_guard lock(mutex_);
  std::unique_ptr<MethodCounters>& counters =
      by_method_[{std::string(method.chainlet), std::string(method.name)}];
  if (counters == nullptr) counters = std::make_unique<MethodCounters>();
  return *counters;
}

std::vector<Counters::Row> Counters::Snapshot() const {
  std::lock_guard lock(mutex_);
  std::vector<Row> rows;
  rows.reserve(by_method_.size());
  for (const auto& [name, counters] : by_method_) {
    rows.push_back({.chainlet = name.first,
                    .method = name.second,
                    .calls = counters->calls(),
                    .failures = counters->failures(),
                    .in_flight = counters->in_flight(),
                    .max_in_flight = counters->max_in_flight()});
  }
  return rows;
}

}  // namespace chains
