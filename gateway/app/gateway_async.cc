// Gateway's calls that nobody waits for: how they are accepted, and how they are made when their
// turn comes.
#include <memory>
#include <utility>

#include "chains/core/blocking.h"
#include "chains/core/timing.h"
#include "gateway/app/call_headers.h"
#include "gateway/app/errors.h"
#include "gateway/app/gateway.h"
#include "gateway/app/request_body.h"

namespace chains::gateway {
namespace {

using json::Transcoder;

constexpr absl::Duration kRoutesPatience = absl::Seconds(30);

}  // namespace

void Gateway::Queue(AsyncSettings settings) {
  async_ = std::make_unique<AsyncCalls>(
      loop_, std::move(settings),
      [this](std::shared_ptr<Request> request) { return CallQueued(std::move(request)); });
  openapi_pages_.DescribeAsync();
}

Task<void> Gateway::EndJobs(absl::Time deadline) {
  if (async_ != nullptr) co_await async_->Drain(deadline);
}

Task<Response> Gateway::AcceptQueued(Request& request, const Target& target,
                                     const Transcoder::Method& method) {
  if (async_ == nullptr) {
    co_return absl::UnimplementedError(
        "this gateway has no queue for calls that are made later: start it with --async-queue");
  }
  ByteBudget::Hold unpacked(*options_.unpacked);
  const Encoding encoding = co_await BodyEncodingOf(BodyHeadersOf(request.head));
  if (encoding != Encoding::kIdentity) {
    absl::StatusOr<std::string> plain;
    co_await Blocking(
        [&] { plain = Decode(request.body, encoding, async_->max_body_bytes(), &unpacked); });
    if (absl::IsResourceExhausted(plain.status())) co_await WithHttpStatus(plain.status(), 413);
    request.body = co_await std::move(plain);
  }
  co_return co_await async_->Accept(request, target.route(), *target.transcoder(), method,
                                    options_.max_timeout);
}

// A gateway that has just begun may have jobs before it has routes.
Task<void> Gateway::AwaitRoutes() {
  while (routes_.routes() == nullptr) co_await routes_.exchanged().Wait();
}

Task<Response> Gateway::CallQueued(std::shared_ptr<Request> request) {
  Tally tally(loop_, nowhere_, request->body.size());
  const std::string request_id = RequestIdOf(request->head);
  CallersReceipt receipt(request->head);
  (co_await Outcome(WithTimeout(AwaitRoutes(), kRoutesPatience))).status().IgnoreError();
  RequestTrace trace(telling_, loop_, TraceOf(request->head), request->head.target);
  absl::StatusOr<Response> outcome =
      co_await Outcome(Call(*request, request_id, trace, receipt, tally, Context::kUsualPriority));
  const int status = outcome.ok() ? outcome->status : HttpStatusOf(outcome.status().code());
  tally.Answered(status);
  trace.Ended(outcome.ok() && status >= 400 ? absl::Status(CodeOf(status), "") : outcome.status(),
              status, request_id);
  if (outcome.ok()) tally.BytesOut(outcome->body.size());
  co_return outcome;
}

}  // namespace chains::gateway
