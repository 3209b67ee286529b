#include "chains/http/curl_transport.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/ascii.h"
#include "chains/core/text.h"
#include "chains/http/url.h"

namespace chains::http {
namespace {

// A request as its coroutine holds it: dropped with it, the request ends.
class Call {
 public:
  Call(CurlWorker& worker, Loop& loop, size_t ahead, Request asked, CurlRequest::Limits limits)
      : worker_(worker),
        box_(std::make_shared<Mailbox>(loop, ahead)),
        request_(std::make_shared<CurlRequest>(std::move(asked), limits, box_)) {
    worker_.Begin(request_);
  }
  Call(const Call&) = delete;
  ~Call() {
    const bool ended = box_->ended();
    box_->Close();
    if (!ended) worker_.Cancel(request_);
  }

  std::optional<Response> Take() {
    Mailbox::Taken taken = box_->Take();
    if (taken.goes_on) worker_.GoOn(request_);
    return std::move(taken.item);
  }
  Mailbox& box() { return *box_; }

 private:
  CurlWorker& worker_;
  const std::shared_ptr<Mailbox> box_;
  const std::shared_ptr<CurlRequest> request_;
};

bool IsOfName(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '-' || c == '_';
}

}  // namespace

absl::StatusOr<std::unique_ptr<CurlTransport>> CurlTransport::Make(ServerAddress address,
                                                                   Limits limits) {
  const absl::StatusOr<UrlParts> parts = ParseHttpUrl(address.url);
  if (!parts.ok()) {
    return absl::InvalidArgumentError(Text("the server's address: ", MessageOf(parts.status())));
  }
  if (!std::all_of(address.server_name.begin(), address.server_name.end(), IsOfName)) {
    return absl::InvalidArgumentError(
        Text("'", address.server_name, "' is no name that a server's certificate has"));
  }
  if (address.certificate.empty() != address.key.empty()) {
    return absl::InvalidArgumentError(
        "a client certificate and its key go together; one is missing");
  }
  return std::unique_ptr<CurlTransport>(new CurlTransport(std::move(address), limits));
}

Task<Response> CurlTransport::Send(Request request, absl::Duration timeout) {
  const internal::Here::Place here = co_await internal::Here();
  CurlRequest::Limits limits;
  limits.body = limits_.body;
  limits.timeout = std::min(timeout, here.context().deadline() - here.loop().Now());
  if (limits.timeout <= absl::ZeroDuration()) {
    co_return absl::DeadlineExceededError("there is no time left to ask the server");
  }
  Call call(worker_, here.loop(), Mailbox::kNoBound, std::move(request), limits);
  while (!call.box().ended()) {
    if (std::optional<Response> answer = call.Take()) co_return *std::move(answer);
    co_await call.box().Changed();
  }
  co_await call.box().status();
  co_return absl::InternalError("the server's answer ended without a head");
}

Stream<Response> CurlTransport::Follow(Request request, absl::Duration quiet) {
  const internal::Here::Place here = co_await internal::Here();
  CurlRequest::Limits limits;
  limits.by_lines = true;
  limits.body = limits_.body;
  limits.line = limits_.line;
  limits.quiet = quiet;
  Call call(worker_, here.loop(), limits_.ahead, std::move(request), limits);
  while (true) {
    if (std::optional<Response> item = call.Take()) {
      co_yield *std::move(item);
      continue;
    }
    if (call.box().ended()) break;
    co_await call.box().Changed();
  }
  co_await call.box().status();
}

}  // namespace chains::http
