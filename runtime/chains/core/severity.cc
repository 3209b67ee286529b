#include "chains/core/severity.h"

#include <algorithm>
#include <memory>
#include <mutex>
#include <utility>

namespace chains::internal {
namespace {

constexpr std::string_view kNames[] = {"debug", "info", "warning", "error"};

struct Shared {
  std::mutex mutex;
  LogThresholds thresholds;  // guarded by mutex
};
// Never destroyed: a line may be logged at the very end.
Shared& Thresholds() {
  static const auto shared = std::make_unique<Shared>().release();
  return *shared;
}

// While nobody set any, nobody needs to look them up.
std::atomic<bool> any_set{false};

}  // namespace

std::string_view NameOf(Severity severity) {
  return kNames[std::clamp<size_t>(static_cast<size_t>(severity), 0, std::size(kNames) - 1)];
}

std::optional<Severity> ParseSeverity(std::string_view name) {
  const auto found = std::find(std::begin(kNames), std::end(kNames), name);
  if (found == std::end(kNames)) return std::nullopt;
  return static_cast<Severity>(found - std::begin(kNames));
}

void SetLogThresholds(LogThresholds thresholds) {
  Severity lowest = Severity::kInfo;
  for (const auto& [chainlet, threshold] : thresholds) lowest = std::min(lowest, threshold);
  Shared& shared = Thresholds();
  std::lock_guard lock(shared.mutex);
  any_set.store(!thresholds.empty(), std::memory_order_relaxed);
  shared.thresholds = std::move(thresholds);
  lowest_threshold.store(lowest, std::memory_order_relaxed);
}

bool IsLogged(std::string_view chainlet, Severity severity) {
  if (!any_set.load(std::memory_order_relaxed)) return severity >= Severity::kInfo;
  Shared& shared = Thresholds();
  std::lock_guard lock(shared.mutex);
  const auto found = shared.thresholds.find(chainlet);
  return severity >= (found == shared.thresholds.end() ? Severity::kInfo : found->second);
}

}  // namespace chains::internal
