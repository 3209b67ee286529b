#include "gateway/app/replies.h"

#include <optional>
#include <utility>

#include "chains/core/timing.h"

namespace chains::gateway {
namespace {

Stream<Bytes> Only(Bytes request) { co_yield std::move(request); }

void Answered(const StreamedCall& call, const absl::Status& status, absl::Time began,
              int attempts) {
  Deployment* const deployment = call.target().deployment().get();
  if (deployment != nullptr) deployment->Answered(call.method().call, status, began, attempts);
}

}  // namespace

Stream<Bytes> Replies(std::shared_ptr<StreamedCall> call, Bytes request) {
  const Method& method = call->method().call;
  Target& target = call->target();
  const absl::Time began = call->loop().Now();
  bool answered = false;
  Context context = co_await CurrentContext();
  for (int attempts = 1;; ++attempts) {
    if (attempts == 2) context = context.AsFurtherAttempt();
    Stream<Bytes> replies = target.channel().Streaming(method, Only(request.Share()));
    absl::StatusOr<std::optional<Bytes>> reply =
        co_await internal::NextWithin<Bytes>(replies.Next(), context);
    while (reply.ok() && reply->has_value()) {
      answered = true;
      co_yield std::move(**reply);
      reply = co_await internal::NextWithin<Bytes>(replies.Next(), context);
    }
    const std::optional<absl::Duration> pause =
        answered ? std::nullopt : target.retries().After(reply.status(), method, attempts);
    if (!pause || call->loop().Now() + *pause >= call->context().deadline()) {
      Answered(*call, reply.status(), began, attempts);
      co_await reply.status();
      co_return;
    }
    co_await Sleep(*pause);
  }
}

Stream<Bytes> Replies(std::shared_ptr<StreamedCall> call, Stream<Bytes> requests) {
  const absl::Time began = call->loop().Now();
  Stream<Bytes> replies =
      call->target().channel().Streaming(call->method().call, std::move(requests));
  while (true) {
    absl::StatusOr<std::optional<Bytes>> reply = co_await Outcome(replies.Next());
    if (!reply.ok() || !reply->has_value()) {
      Answered(*call, call->Explained(reply.status()), began, 1);
      co_await reply.status();
      co_return;
    }
    co_yield std::move(**reply);
  }
}

}  // namespace chains::gateway
