#include "chains/core/context.h"

#include "absl/strings/match.h"
#include "chains/core/pool.h"
#include "chains/core/trace.h"

namespace chains {

// The traceparent is made here, once, because a request makes several calls.
Context::Context(absl::Time deadline, std::string_view trace_id, Headers headers)
    : deadline_(deadline),
      carried_(internal::MakePooled<const Carried>(
          trace_id.empty() ? std::string() : internal::NewTraceparent(trace_id),
          std::move(headers))) {}

std::string_view Context::trace_id() const {
  return traceparent().empty() ? std::string_view() : internal::TraceIdIn(traceparent());
}

const std::string& Context::traceparent() const {
  static const std::string none;
  return carried_ ? carried_->traceparent : none;
}

const Headers& Context::headers() const {
  static const Headers none;
  return carried_ ? carried_->headers : none;
}

std::optional<std::string_view> Context::Header(std::string_view name) const {
  for (const auto& [key, value] : headers()) {
    if (absl::EqualsIgnoreCase({key.data(), key.size()}, {name.data(), name.size()})) return value;
  }
  return std::nullopt;
}

}  // namespace chains
