// What travels beside a trace, as W3C has it: `tracestate` (Trace Context, 3.3) and `baggage`
// (Baggage, 3.2). Both are handed on as they came, if they are what their standard says; what is in
// them is nobody's business here.
//
//   if (IsBaggage("user=ada;vip, tenant=7")) …
#pragma once

#include <cstddef>
#include <string_view>

namespace chains::internal {

inline constexpr size_t kMaxTraceListBytes = 8192;  // of each; a larger one is not handed on
inline constexpr size_t kMaxTraceStates = 32;       // members of a tracestate
inline constexpr size_t kMaxBaggageMembers = 180;

// A list of "key=value" with at least one member. At most kMaxTraceListBytes.
bool IsTracestate(std::string_view text);
// A list of "key=value", each perhaps with properties behind semicolons.
bool IsBaggage(std::string_view text);

}  // namespace chains::internal
