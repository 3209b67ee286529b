// HeaderBudget: which headers of a request go along with the calls that it makes.
#pragma once

#include <cstddef>
#include <string_view>

#include "chains/core/baggage.h"
#include "chains/grpc/limits.h"

namespace chains::internal {

// Those that are valid metadata and neither gRPC's own nor binary, up to kMaxHeaderBytes;
// `tracestate` and `baggage` beside that, each up to kMaxTraceListBytes (core/baggage.h). Counts
// what was let through: one for each call.
class HeaderBudget {
 public:
  bool Admits(std::string_view name, std::string_view value);

 private:
  size_t left_ = kMaxHeaderBytes;
  size_t tracestate_left_ = kMaxTraceListBytes;
  size_t baggage_left_ = kMaxTraceListBytes;
};

inline constexpr std::string_view kTracestate = "tracestate";

// Of a header's name.
inline bool IsNameCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
}

}  // namespace chains::internal
