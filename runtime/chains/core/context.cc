#include "chains/core/context.h"

#include "absl/strings/match.h"
#include "chains/core/pool.h"
#include "chains/core/receipt.h"

namespace chains {

Context::Context(absl::Time deadline, std::string_view trace_id, Headers headers)
    : Context(deadline, internal::ParseTraceId(trace_id), std::move(headers)) {}

Context::Context(absl::Time deadline, internal::TraceId trace, Headers headers)
    : Context(deadline, internal::Traceparent{.trace = trace, .parent = 0, .sampled = false},
              std::move(headers)) {}

Context::Context(absl::Time deadline, const internal::Traceparent& parent, Headers headers)
    : deadline_(deadline),
      carried_(internal::MakePooled<const Carried>(parent, std::move(headers))) {}

std::string Context::trace_id() const {
  if (carried_ && !carried_->trace.empty()) return internal::ToString(carried_->trace);
  return has_trace() ? internal::ToString(record_->receipt().purpose().trace) : std::string();
}

bool Context::IsTraced() const { return record_->traced(); }

internal::Traceparent Context::parent_of_calls() const {
  if (record_ != nullptr && IsTraced()) {
    return {
        .trace = record_->receipt().purpose().trace, .parent = record_->span(), .sampled = true};
  }
  if (!has_trace()) return {};
  return {.trace = carried_->trace, .parent = carried_->span, .sampled = carried_->sampled};
}

std::string Context::traceparent() const {
  const internal::Traceparent parent = parent_of_calls();
  if (parent.trace.empty()) return {};
  return internal::TraceparentOf(parent.trace, parent.parent, parent.sampled);
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

Context Context::WithLogFields(std::string fields) const {
  constexpr size_t kMost = 8 * 1024;
  Context copy = *this;
  if (fields.empty() || log_fields().size() + fields.size() >= kMost) return copy;
  auto carried = carried_ ? internal::MakePooled<Carried>(*carried_)
                          : internal::MakePooled<Carried>(internal::Traceparent(), Headers());
  if (!carried->log_fields.empty()) carried->log_fields += ',';
  carried->log_fields += fields;
  copy.carried_ = std::move(carried);
  return copy;
}

}  // namespace chains
