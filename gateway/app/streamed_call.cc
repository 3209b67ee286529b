#include "gateway/app/streamed_call.h"

#include <algorithm>
#include <utility>

#include "chains/core/text.h"
#include "gateway/app/errors.h"

namespace chains::gateway {
namespace {

Context Asked(Invocation& invocation) {
  return invocation.receipt.written() ? invocation.receipt.Under(invocation.context)
                                      : std::move(invocation.context);
}

}  // namespace

StreamedCall::StreamedCall(Invocation& invocation)
    : loop_(invocation.loop),
      options_(invocation.options),
      routes_(std::move(invocation.routes)),
      target_(invocation.target),
      method_(invocation.method),
      receipt_(invocation.receipt),
      asked_(Asked(invocation)),
      tally_(std::move(invocation.tally)),
      trace_(std::move(invocation.trace)),
      held_(invocation.held),
      recording_(asked_, loop_, [this] { return CallPlaceOf(method_); }),
      context_(recording_.Under(asked_)),
      active_(loop_.Now()),
      unpacked_(*options_.unpacked) {}

absl::Time StreamedCall::Until() const {
  return std::min(context_.deadline(), active_ + options_.streams.idle_timeout);
}

absl::Status StreamedCall::Late() const {
  const absl::Time now = loop_.Now();
  if (now >= context_.deadline()) return absl::DeadlineExceededError("deadline exceeded");
  if (now < active_ + options_.streams.idle_timeout) return absl::OkStatus();
  const bool takes_stream = method_.descriptor->client_streaming();
  return absl::DeadlineExceededError(
      Text("idle timeout: nothing came for ", absl::FormatDuration(options_.streams.idle_timeout),
           takes_stream ? ", neither a reply nor a request; a client that waits for replies before "
                          "it sends more, or never ends its body, may be what it waits for"
                        : ""));
}

absl::Status StreamedCall::Explained(absl::Status failure) const {
  return request_problem_.ok() ? failure : request_problem_;
}

void StreamedCall::Ended(const absl::Status& status) {
  Ended(status, status.ok() ? 200 : HttpStatusFor(status));
}

void StreamedCall::Ended(const absl::Status& status, int http_status) {
  recording_.Ended(status);
  tally_.Answered(http_status);
  trace_.Ended(status, http_status, context_.Header("x-request-id").value_or(""));
}

// What a client sends too much of is 413, what chainlets have too much of 429.
int StreamedCall::HttpStatusFor(const absl::Status& failure) const {
  if (absl::IsResourceExhausted(request_problem_)) return 413;
  return HttpStatusOf(failure);
}

Response StreamedCall::Refusal(const absl::Status& failure) {
  const absl::Status explained = Explained(failure);
  return Refusal(explained, HttpStatusFor(explained));
}

Response StreamedCall::Refusal(const absl::Status& failure, int http_status) {
  Ended(failure, http_status);
  Response response = ErrorResponse(failure, http_status);
  tally_.BytesOut(response.body.size());
  return response;
}

Response StreamedCall::Whole(Response response) {
  Ended(absl::OkStatus());
  tally_.BytesOut(response.body.size());
  return response;
}

std::function<HttpHeaders()> StreamedCall::Trailers() const {
  if (!receipt_.asked()) return nullptr;
  return [receipt = receipt_] {
    HttpHeaders trailers;
    receipt.AddTo(trailers);
    return trailers;
  };
}

}  // namespace chains::gateway
