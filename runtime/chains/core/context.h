// Context: what a request carries along its whole chain.
//
//   chains::Context context = co_await chains::CurrentContext();
//   if (std::optional<std::string_view> user = context.Header("x-user")) …
//
// A Context is a small value: copies share what they carry and stay valid after the request. It is
// immutable, so any thread may read it. Deadlines only shrink on the way down.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "chains/core/trace.h"

namespace chains {

namespace internal {
class CallRecord;
}  // namespace internal

// Header names are lower case.
using Headers = std::vector<std::pair<std::string, std::string>>;

class Context {
 public:
  // No deadline, no trace, no headers.
  Context() = default;
  // A request that arrived: its calls are children of one new span of the trace. No trace unless
  // `trace_id` is 32 hexadecimal digits in lower case.
  Context(absl::Time deadline, std::string_view trace_id, Headers headers);
  Context(absl::Time deadline, internal::TraceId trace, Headers headers);

  // When the caller stops waiting; absl::InfiniteFuture() without a deadline.
  absl::Time deadline() const { return deadline_; }

  // The W3C trace id of the request, 32 hexadecimal digits; empty outside a served request.
  std::string trace_id() const;
  bool has_trace() const { return carried_ && !carried_->trace.empty(); }
  // What its calls carry as W3C `traceparent`; empty without a trace.
  std::string traceparent() const;

  // The first header of this name, compared without regard to case.
  std::optional<std::string_view> Header(std::string_view name) const;
  const Headers& headers() const;

  // The same request with the earlier of both deadlines.
  Context WithDeadline(absl::Time deadline) const {
    Context copy = *this;
    copy.deadline_ = std::min(deadline_, deadline);
    return copy;
  }

  // The call that the request works for, in its receipt; null where its caller asked for none.
  const std::shared_ptr<internal::CallRecord>& record() const { return record_; }
  Context WithRecord(std::shared_ptr<internal::CallRecord> record) const {
    Context copy = *this;
    copy.record_ = std::move(record);
    return copy;
  }

 private:
  struct Carried {
    Carried(internal::TraceId of, Headers all) : trace(of), headers(std::move(all)) {
      if (!trace.empty()) span = internal::NewSpanId();
    }
    internal::TraceId trace;
    uint64_t span = 0;
    Headers headers;
  };
  absl::Time deadline_ = absl::InfiniteFuture();
  std::shared_ptr<const Carried> carried_;
  std::shared_ptr<internal::CallRecord> record_;
};

}  // namespace chains
