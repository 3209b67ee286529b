#include "gateway/app/request_trace.h"

#include <algorithm>
#include <utility>

#include "chains/contract/spans.h"
#include "chains/core/text.h"
#include "gateway/app/errors.h"
#include "gateway/http/utf8.h"

namespace chains::gateway {
namespace {

using internal::Receipt;

constexpr size_t kMaxMessage = 512;
constexpr size_t kMaxPath = 256;  // of one that leads nowhere

// As platforms take faults: what they keep traces of without having been asked to.
bool IsFault(absl::StatusCode code) {
  switch (code) {
    case absl::StatusCode::kUnknown:
    case absl::StatusCode::kDeadlineExceeded:
    case absl::StatusCode::kInternal:
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kDataLoss:
      return true;
    default:
      return false;
  }
}

// Protobuf reads no text but UTF-8.
std::string Readable(std::string_view text, size_t max) {
  Utf8Check check;
  if (check.Feed(text) && check.complete()) return std::string(Utf8Prefix(text, max));
  std::string readable(text.substr(0, max));
  for (char& each : readable) {
    if (static_cast<unsigned char>(each) >= 0x80) each = '?';
  }
  return readable;
}

std::string PathOf(const RequestTrace::Place& place) {
  const Route& route = place.named->route();
  return Text("/chains/", route.chain, route.Path(), "/", place.method);
}

// Of a deployment's its id; of an address that was given, what its route says.
std::string DeploymentOf(const Target& target) {
  if (target.deployment() != nullptr) return target.deployment()->id();
  return target.route().kind == Route::Kind::kDeployment ? target.route().name : std::string();
}

}  // namespace

RequestTrace::RequestTrace(Telling& telling, const Loop& loop, const internal::Traceparent& parent,
                           std::string_view target)
    : RequestTrace(telling.on() ? &telling : nullptr, loop, parent, target) {}

RequestTrace::RequestTrace(const Loop& loop, const internal::Traceparent& parent)
    : RequestTrace(nullptr, loop, parent, "") {}

RequestTrace::RequestTrace(Telling* telling, const Loop& loop, const internal::Traceparent& parent,
                           std::string_view target)
    : telling_(telling),
      loop_(&loop),
      parent_(parent),
      span_(internal::NewSpanId()),
      hands_on_(telling_ == nullptr),
      began_(loop.Now()),
      target_(target) {}

RequestTrace::RequestTrace(RequestTrace&& other) noexcept : RequestTrace(std::as_const(other)) {
  other.telling_ = nullptr;
  other.receipt_ = nullptr;
}

RequestTrace::~RequestTrace() {
  if (telling_ == nullptr) return;
  Ended(absl::CancelledError("its caller left"), HttpStatusOf(absl::StatusCode::kCancelled),
        request_id_);
}

const std::shared_ptr<Receipt>& RequestTrace::At(Place place, std::string_view request_id,
                                                 bool asks_for_receipt) {
  place_ = std::move(place);
  if (std::exchange(judged_, true)) return receipt_;
  if (telling_ != nullptr && (parent_.sampled || !telling_->sampling().off())) {
    Judge(DeploymentOf(*place_.picked));
  }
  if (verdict_.traced) [[unlikely]] {
    request_id_ = request_id;
    receipt_ = Receipt::Begin(*loop_, {.receipt = asks_for_receipt,
                                       .traced = true,
                                       .trace = parent_.trace,
                                       .span = span_,
                                       .recording = verdict_.recording});
  } else if (asks_for_receipt) {
    receipt_ = Receipt::Begin(*loop_);
  }
  return receipt_;
}

void RequestTrace::Judge(std::string_view deployment) {
  verdict_ = telling_->sampling().Judge(deployment, parent_.sampled, loop_->Now());
}

// A caller who may not ask is not asked for below, either: nobody tells of its trace.
Context RequestTrace::ContextFor(absl::Time deadline, Headers headers) const {
  const bool as_it_came = hands_on_ && parent_.sampled;
  return as_it_came ? Context(deadline, parent_, std::move(headers))
                    : Context(deadline, parent_.trace, std::move(headers));
}

std::string RequestTrace::trace_id() const {
  return verdict_.traced ? internal::ToString(parent_.trace) : "";
}

std::string RequestTrace::traceparent() const {
  const bool sampled = hands_on_ ? parent_.sampled : verdict_.traced;
  return internal::TraceparentOf(parent_.trace, span_, sampled);
}

std::string RequestTrace::TraceparentForLater() const {
  const uint64_t caller = parent_.parent != 0 ? parent_.parent : span_;
  return internal::TraceparentOf(parent_.trace, caller, parent_.sampled);
}

void RequestTrace::Ended(const absl::Status& status, int http_status, std::string_view request_id) {
  if (telling_ == nullptr) return;
  // One that leads nowhere is traced for who asks.
  if (!std::exchange(judged_, true) && parent_.sampled) Judge("");
  if (verdict_.traced) [[unlikely]] {
    Tell(SpanOf(status, http_status, request_id));
  } else if (IsFault(status.code()) && telling_->sampling().MayTellOfFailure(loop_->Now())) {
    Tell(SpanOf(status, http_status, request_id));
  }
  telling_ = nullptr;
}

void RequestTrace::Tell(v1::Span own) {
  std::vector<v1::Span> spans;
  if (receipt_ != nullptr) {
    spans = SpansOf(*receipt_, telling_->process());
    telling_->Drop(receipt_->calls_too_many());
  }
  spans.insert(spans.begin(), std::move(own));
  telling_->Add(std::move(spans));
}

v1::Span RequestTrace::SpanOf(const absl::Status& status, int http_status,
                              std::string_view request_id) const {
  v1::Span span;
  span.set_trace_id(internal::BytesOf(parent_.trace));
  span.set_span_id(span_);
  span.set_parent_span_id(parent_.parent);
  span.set_kind(v1::Span::SERVER);
  span.set_replica(telling_->process());
  span.set_start_unix_us(absl::ToUnixMicros(began_));
  const absl::Duration took = std::max(absl::ZeroDuration(), loop_->Now() - began_);
  span.set_duration_us(static_cast<uint64_t>(absl::ToInt64Microseconds(took)));
  span.set_code(static_cast<uint32_t>(status.code()));
  // Where a traced one failed further down, that is told of there.
  const bool began_here = !status.GetPayload(internal::kPathType);
  if (began_here || !verdict_.traced) span.set_message(Readable(MessageOf(status), kMaxMessage));
  span.set_attempt(1);
  span.set_request_id(std::string(request_id));
  span.set_http_status(static_cast<uint32_t>(http_status));
  span.set_outermost(true);
  span.set_asked(verdict_.asked);
  span.set_drawn(verdict_.drawn);
  span.set_recorded(!verdict_.recording.empty());
  if (place_.named == nullptr) {
    span.set_method(Readable(target_.substr(0, target_.find_first_of("?#")), kMaxPath));
    return span;
  }
  span.set_method(PathOf(place_));
  span.set_chain(place_.named->route().chain);
  span.set_deployment(DeploymentOf(*place_.picked));
  if (place_.named->route().kind == Route::Kind::kEnvironment) {
    span.set_environment(place_.named->route().name);
  }
  return span;
}

}  // namespace chains::gateway
