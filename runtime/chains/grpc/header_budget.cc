#include "chains/grpc/header_budget.h"

#include <algorithm>
#include <array>

namespace chains::internal {
namespace {

constexpr std::string_view kBaggage = "baggage";

// Not a caller's headers: gRPC's and HTTP/2's own, and what belongs to one connection or one hop.
// What is Chains' own begins with "chains-": the names that say something between its processes.
constexpr std::array<std::string_view, 18> kReserved = {"traceparent",
                                                        "chains-load",
                                                        "chains-receipt",
                                                        "chains-priority",
                                                        "chains-further-attempt",
                                                        "chains-traced",
                                                        "chains-recording",
                                                        "accept-encoding",
                                                        "connection",
                                                        "content-length",
                                                        "content-type",
                                                        "host",
                                                        "keep-alive",
                                                        "proxy-connection",
                                                        "te",
                                                        "trailer",
                                                        "transfer-encoding",
                                                        "user-agent"};

bool IsHeaderName(std::string_view name) {
  return std::find(kReserved.begin(), kReserved.end(), name) == kReserved.end() && !name.empty() &&
         std::all_of(name.begin(), name.end(), IsNameCharacter) && !name.starts_with("grpc-") &&
         !name.ends_with("-bin");
}

// gRPC aborts on a value that HTTP/2 could not carry.
bool IsHeaderValue(std::string_view value) {
  return std::all_of(value.begin(), value.end(), [](char c) { return c >= 0x20 && c <= 0x7e; });
}

bool Take(size_t& left, size_t bytes) {
  if (bytes > left) return false;
  left -= bytes;
  return true;
}

}  // namespace

bool HeaderBudget::Admits(std::string_view name, std::string_view value) {
  if (name == kTracestate) return IsTracestate(value) && Take(tracestate_left_, value.size());
  if (name == kBaggage) return IsBaggage(value) && Take(baggage_left_, value.size());
  return IsHeaderName(name) && IsHeaderValue(value) && Take(left_, name.size() + value.size());
}

}  // namespace chains::internal
