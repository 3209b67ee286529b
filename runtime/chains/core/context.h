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
  static constexpr int kHighestPriority = 7;
  static constexpr int kUsualPriority = 4;

  // No deadline, no trace, no headers.
  Context() = default;
  // A request that arrived: its calls are children of one new span of the trace. No trace unless
  // `trace_id` is 32 hexadecimal digits in lower case.
  Context(absl::Time deadline, std::string_view trace_id, Headers headers);
  Context(absl::Time deadline, internal::TraceId trace, Headers headers);
  // One that arrived with `parent`. While it is not traced here its calls are the parent's
  // children, as if this process were not there.
  Context(absl::Time deadline, const internal::Traceparent& parent, Headers headers);

  // When the caller stops waiting; absl::InfiniteFuture() without a deadline.
  absl::Time deadline() const { return deadline_; }

  // The W3C trace id of the request, 32 hexadecimal digits; empty outside a served request.
  std::string trace_id() const;
  bool has_trace() const {
    return (carried_ && !carried_->trace.empty()) || (record_ != nullptr && IsTraced());
  }
  // What its calls carry as W3C `traceparent`; empty without a trace. It says sampled where the
  // request is traced here, or was by its caller.
  std::string traceparent() const;
  // The same as numbers: without a trace it is empty.
  internal::Traceparent parent_of_calls() const;

  // The first header of this name, compared without regard to case.
  std::optional<std::string_view> Header(std::string_view name) const;
  const Headers& headers() const;

  // The same request with the earlier of both deadlines.
  Context WithDeadline(absl::Time deadline) const {
    Context copy = *this;
    copy.deadline_ = std::min(deadline_, deadline);
    return copy;
  }

  // How much the request matters, 0 (the first to be refused) to kHighestPriority. It never rises
  // on the way down: a gateway says who may ask for which.
  int priority() const { return priority_; }
  Context WithPriority(int priority) const {
    Context copy = *this;
    copy.priority_ = static_cast<int8_t>(std::clamp(priority, 0, kHighestPriority));
    return copy;
  }

  // Whether the request is worked for a further time: somebody above retries or hedges. What is
  // below makes no further attempts of its own, so that three layers of three attempts are no 27.
  bool further_attempt() const { return further_attempt_; }
  Context AsFurtherAttempt() const {
    Context copy = *this;
    copy.further_attempt_ = true;
    return copy;
  }

  // The same request; what is logged for it in this process has these fields, too: JSON, as
  // `"name":value,…`. At most 8 KiB, further ones are left out.
  Context WithLogFields(std::string fields) const;
  std::string_view log_fields() const {
    return carried_ ? std::string_view(carried_->log_fields) : std::string_view();
  }

  // The call that the request works for, where it is written down (core/receipt.h); else null.
  const std::shared_ptr<internal::CallRecord>& record() const { return record_; }
  Context WithRecord(std::shared_ptr<internal::CallRecord> record) const {
    Context copy = *this;
    copy.record_ = std::move(record);
    return copy;
  }

 private:
  bool IsTraced() const;  // by its record

  struct Carried {
    Carried(const internal::Traceparent& parent, Headers all)
        : trace(parent.trace),
          span(parent.parent),
          sampled(parent.sampled),
          headers(std::move(all)) {
      if (!trace.empty() && span == 0) span = internal::NewSpanId();
    }
    internal::TraceId trace;
    uint64_t span = 0;
    bool sampled = false;
    Headers headers;
    std::string log_fields = {};
  };
  absl::Time deadline_ = absl::InfiniteFuture();
  std::shared_ptr<const Carried> carried_;
  std::shared_ptr<internal::CallRecord> record_;
  int8_t priority_ = kUsualPriority;
  bool further_attempt_ = false;
};

}  // namespace chains
