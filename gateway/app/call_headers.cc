#include "gateway/app/call_headers.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "chains/core/baggage.h"
#include "chains/core/text.h"
#include "chains/core/trace.h"
#include "chains/grpc/limits.h"

namespace chains::gateway {
namespace {

constexpr std::string_view kTraceparent = "traceparent";
constexpr std::string_view kTracestate = "tracestate";
constexpr std::string_view kBaggage = "baggage";
constexpr size_t kMaxRequestId = 128;
constexpr size_t kPerHeader = 32;  // what HTTP/2 counts for each, beside name and value

constexpr std::array<std::string_view, 27> kNotForwarded = {
    "accept-encoding",
    "authorization",
    "chains-further-attempt",
    "chains-priority",
    "chains-receipt",
    "chains-recording",
    "chains-timeout",
    "chains-token",
    "chains-traced",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "cookie",
    "expect",
    "host",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    kTraceparent,
    "transfer-encoding",
    "upgrade",
    "user-agent",
    "x-request-id",
};

bool IsPrintable(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7F; });
}

bool IsMetadataName(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return absl::ascii_islower(c) || absl::ascii_isdigit(c) || c == '-' || c == '_' || c == '.';
  });
}

internal::Traceparent TraceparentIn(const RequestHead& head) {
  return internal::ReadTraceparent(head.Header(kTraceparent).value_or(""));
}

// Headers that this hop's Connection header names concern this hop only. `connection` is its value.
bool IsNamedBy(std::string_view connection, std::string_view name) {
  for (const absl::string_view part : absl::StrSplit(ToAbsl(connection), ',')) {
    if (absl::EqualsIgnoreCase(absl::StripAsciiWhitespace(part), ToAbsl(name))) return true;
  }
  return false;
}

bool IsForwarded(std::string_view name, std::string_view value) {
  if (std::find(kNotForwarded.begin(), kNotForwarded.end(), name) != kNotForwarded.end())
    return false;
  if (name.starts_with("grpc-") || name.ends_with("-bin")) return false;
  if (name.starts_with("sec-websocket-")) return false;  // a key may be among them
  return IsMetadataName(name) && IsPrintable(value);
}

// A list that may come in several headers, as one; empty where there is none.
std::string ListOf(const RequestHead& head, std::string_view name) {
  std::string list;
  for (const auto& [given, value] : head.headers) {
    if (!absl::EqualsIgnoreCase(given, ToAbsl(name))) continue;
    if (list.size() + value.size() >= internal::kMaxTraceListBytes) return {};
    if (!list.empty()) list += ',';
    list += value;
  }
  return list;
}

// What travels beside a trace has room of its own; it is handed on whole or not at all.
void ForwardLists(const RequestHead& head, Headers& to) {
  std::string state = ListOf(head, kTracestate);
  // It belongs to the traceparent that came with it.
  const bool has_parent = !TraceparentIn(head).trace.empty();
  if (!state.empty() && has_parent && internal::IsTracestate(state)) {
    to.emplace_back(kTracestate, std::move(state));
  }
  std::string baggage = ListOf(head, kBaggage);
  if (!baggage.empty() && internal::IsBaggage(baggage)) {
    to.emplace_back(kBaggage, std::move(baggage));
  }
}

}  // namespace

absl::StatusOr<absl::Duration> TimeoutOf(const RequestHead& head, absl::Duration by_default,
                                         absl::Duration max) {
  const auto text = head.Header("chains-timeout");
  if (!text) return by_default;
  absl::Duration timeout;
  double seconds = 0;
  if (absl::SimpleAtod(ToAbsl(*text), &seconds)) {
    timeout = std::isnan(seconds) ? absl::ZeroDuration() : absl::Seconds(seconds);
  } else if (!absl::ParseDuration(ToAbsl(*text), &timeout)) {
    timeout = absl::ZeroDuration();
  }
  if (timeout <= absl::ZeroDuration()) {
    return absl::InvalidArgumentError(
        "Chains-Timeout: a time above 0 is expected, as in 5s or 200ms");
  }
  return std::min(timeout, max);
}

absl::StatusOr<std::optional<int>> PriorityOf(const RequestHead& head) {
  const auto text = head.Header("chains-priority");
  if (!text) return std::nullopt;
  if (text->size() == 1 && (*text)[0] >= '0' && (*text)[0] <= '0' + Context::kHighestPriority) {
    return (*text)[0] - '0';
  }
  return absl::InvalidArgumentError(
      "Chains-Priority: a number from 0, the first to be refused, to 7 is expected; usual is 4");
}

internal::Traceparent TraceOf(const RequestHead& head) {
  internal::Traceparent given = TraceparentIn(head);
  if (given.trace.empty()) given.trace = internal::NewTraceId();
  return given;
}

void SetTraceparent(RequestHead& head, std::string traceparent) {
  std::erase_if(head.headers, [](const auto& header) {
    return absl::EqualsIgnoreCase(header.first, ToAbsl(kTraceparent));
  });
  head.headers.emplace_back(kTraceparent, std::move(traceparent));
}

std::string RequestIdOf(const RequestHead& head) {
  const auto id = head.Header("x-request-id");
  if (id && !id->empty() && id->size() <= kMaxRequestId && IsPrintable(*id))
    return std::string(*id);
  return internal::HexDigits(internal::NewSpanId());
}

Headers ForwardedOf(const RequestHead& head, std::string_view request_id) {
  Headers forwarded;
  forwarded.reserve(head.headers.size() + 1);
  forwarded.emplace_back("x-request-id", request_id);
  size_t bytes = forwarded[0].first.size() + request_id.size() + kPerHeader;
  const std::string_view connection = head.Header("connection").value_or("");
  bool has_lists = false;
  for (const auto& [given, value] : head.headers) {
    std::string name = absl::AsciiStrToLower(given);
    if (name == kTracestate || name == kBaggage) {
      has_lists = true;
      continue;
    }
    const size_t more = name.size() + value.size() + kPerHeader;
    if (!IsForwarded(name, value) || bytes + more > kMaxHeaderBytes) continue;
    if (!connection.empty() && IsNamedBy(connection, name)) continue;
    bytes += more;
    forwarded.emplace_back(std::move(name), value);
  }
  if (has_lists) ForwardLists(head, forwarded);
  return forwarded;
}

}  // namespace chains::gateway
