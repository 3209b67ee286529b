// Severity: how much a line of a log matters, and what is logged at all.
//
//   if (internal::MayBeLogged(Severity::kDebug)) …   // one comparison where nobody wants it
//   internal::SetLogThresholds({{"hello.SayHello", Severity::kDebug}});   // at any time
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace chains {

enum class Severity { kDebug, kInfo, kWarning, kError };

namespace internal {

// "debug", "info", "warning", "error".
std::string_view NameOf(Severity severity);
std::optional<Severity> ParseSeverity(std::string_view name);

// By full names of contracts; "" for what belongs to none. Who is not named has kInfo.
using LogThresholds = std::map<std::string, Severity, std::less<>>;
// Of this process, from now on. Any thread.
void SetLogThresholds(LogThresholds thresholds);

// The lowest of all thresholds.
inline std::atomic<Severity> lowest_threshold{Severity::kInfo};
// False: nobody logs that. True says that some chainlet does.
inline bool MayBeLogged(Severity severity) {
  return severity >= lowest_threshold.load(std::memory_order_relaxed);
}
// Whether a chainlet does. Any thread; takes a lock unless all have the same threshold.
bool IsLogged(std::string_view chainlet, Severity severity);

}  // namespace internal
}  // namespace chains
