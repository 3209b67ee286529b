#include "chains/grpc/metadata.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <chrono>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "chains/core/trace.h"
#include "chains/grpc/limits.h"
#include "chains/grpc/time.h"

namespace chains::internal {
namespace {

constexpr std::string_view kTraceparent = "traceparent";

// Not a caller's headers: gRPC's and HTTP/2's own, and what belongs to one connection.
constexpr std::array<std::string_view, 12> kReserved = {
    kTraceparent,     "accept-encoding",   "connection",
    "content-length", "content-type",      "host",
    "keep-alive",     "proxy-connection",  "te",
    "trailer",        "transfer-encoding", "user-agent"};

absl::string_view View(std::string_view text) { return {text.data(), text.size()}; }

bool IsKeyCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
}

bool IsHeaderName(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), IsKeyCharacter) &&
         !absl::StartsWith(View(name), "grpc-") && !absl::EndsWith(View(name), "-bin") &&
         std::find(kReserved.begin(), kReserved.end(), name) == kReserved.end();
}

// gRPC aborts on a value that HTTP/2 could not carry.
bool IsHeaderValue(std::string_view value) {
  return std::all_of(value.begin(), value.end(), [](char c) { return c >= 0x20 && c <= 0x7e; });
}

// Counts what was let through.
class HeaderBudget {
 public:
  bool Admits(std::string_view name, std::string_view value) {
    const size_t bytes = name.size() + value.size();
    if (!IsHeaderName(name) || !IsHeaderValue(value) || bytes > left_) return false;
    left_ -= bytes;
    return true;
  }

 private:
  size_t left_ = kMaxHeaderBytes;
};

bool IsHex(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

bool IsZero(std::string_view text) { return text.find_first_not_of('0') == text.npos; }

std::string_view ToView(grpc::string_ref text) { return {text.data(), text.size()}; }

}  // namespace

// version "-" trace id "-" parent id "-" flags; versions after 00 may have more behind.
std::string_view TraceIdOf(std::string_view traceparent) {
  if (traceparent.size() < 55 || traceparent[2] != '-' || traceparent[35] != '-' ||
      traceparent[52] != '-') {
    return {};
  }
  const std::string_view version = traceparent.substr(0, 2);
  const std::string_view trace = traceparent.substr(3, 32);
  const std::string_view parent = traceparent.substr(36, 16);
  const std::string_view flags = traceparent.substr(53, 2);
  if (!IsHex(version) || !IsHex(trace) || !IsHex(parent) || !IsHex(flags) || IsZero(trace) ||
      IsZero(parent) || version == "ff") {
    return {};
  }
  if (version == "00" ? traceparent.size() != 55
                      : traceparent.size() > 55 && traceparent[55] != '-') {
    return {};
  }
  return trace;
}

void Send(const Context& context, grpc::ClientContext& to) {
  if (context.deadline() != absl::InfiniteFuture()) {
    to.set_deadline(ToGrpcTime(context.deadline()));
  }
  if (!context.traceparent().empty()) {
    to.AddMetadata(std::string(kTraceparent), context.traceparent());
  }
  HeaderBudget budget;
  for (const auto& [name, value] : context.headers()) {
    if (budget.Admits(name, value)) to.AddMetadata(name, value);
  }
}

Context Receive(absl::Time deadline,
                const std::multimap<grpc::string_ref, grpc::string_ref>& metadata) {
  std::string_view trace_id;
  Headers headers;
  HeaderBudget budget;
  for (const auto& [key, text] : metadata) {
    const std::string_view name = ToView(key);
    const std::string_view value = ToView(text);
    if (name == kTraceparent) {
      trace_id = TraceIdOf(value);
    } else if (budget.Admits(name, value)) {
      headers.emplace_back(name, value);
    }
  }
  if (trace_id.empty()) return Context(deadline, NewTraceId(), std::move(headers));
  return Context(deadline, trace_id, std::move(headers));
}

}  // namespace chains::internal
