// Implementation details of contract.h: what the generated stubs, adapters and handlers call.
#pragma once

#include <algorithm>
#include <optional>
#include <utility>

#include "chains/contract/channel.h"
#include "chains/contract/edge.h"
#include "chains/contract/service.h"
#include "chains/core/timing.h"

namespace chains::internal {

// ---- Messages to bytes and back.

template <typename M>
Stream<Bytes> SerializeOne(M message) {
  Bytes bytes = co_await Bytes::Serialize(message);
  co_yield std::move(bytes);
}
template <typename M>
Stream<Bytes> SerializeEach(Stream<M> messages) {
  while (std::optional<M> message = co_await messages.Next()) {
    Bytes bytes = co_await Bytes::Serialize(*message);
    co_yield std::move(bytes);
  }
}
template <typename M>
Stream<M> ParseEach(Stream<Bytes> stream) {
  while (std::optional<Bytes> bytes = co_await stream.Next()) {
    M message;
    co_await bytes->ParseInto(message);
    co_yield std::move(message);
  }
}
template <typename M>
Task<M> ParseOnly(Stream<Bytes> stream) {
  std::optional<Bytes> bytes = co_await stream.Next();
  if (!bytes) co_return absl::InternalError("the stream ended without a message");
  M message;
  co_await bytes->ParseInto(message);
  std::optional<Bytes> more = co_await stream.Next();
  if (more) co_return absl::InternalError("more than one message in the stream");
  co_return message;
}

// ---- Stubs: a call through a Channel.

// `request` is in wire format already: a message would be moved twice more on its way into the
// frame.
template <typename Reply>
Task<Reply> CallSerialized(Channel& channel, const Method& method, absl::StatusOr<Bytes> request) {
  Bytes sent = co_await std::move(request);
  Bytes received = co_await channel.Unary(method, std::move(sent));
  Reply reply;
  co_await received.ParseInto(reply);
  co_return reply;
}
template <typename Request, typename Reply>
Task<Reply> CallUnary(Channel& channel, const Method& method, const Request& request) {
  return CallSerialized<Reply>(channel, method, Bytes::Serialize(request));
}
template <typename Request, typename Reply>
Stream<Reply> CallServerStreaming(Channel& channel, const Method& method, Request request) {
  return ParseEach<Reply>(channel.Streaming(method, SerializeOne<Request>(std::move(request))));
}
template <typename Request, typename Reply>
Task<Reply> CallClientStreaming(Channel& channel, const Method& method, Stream<Request> requests) {
  return ParseOnly<Reply>(channel.Streaming(method, SerializeEach<Request>(std::move(requests))));
}
template <typename Request, typename Reply>
Stream<Reply> CallBidirectional(Channel& channel, const Method& method, Stream<Request> requests) {
  return ParseEach<Reply>(channel.Streaming(method, SerializeEach<Request>(std::move(requests))));
}

// ---- Handlers: a call that arrives in wire format.

template <auto kMethod, typename Request, typename T>
Task<Bytes> AnswerUnary(T& implementation, Bytes bytes) {
  Request request;
  co_await bytes.ParseInto(request);
  auto reply = co_await (implementation.*kMethod)(std::move(request));
  co_return Bytes::Serialize(reply);
}
template <auto kMethod, typename Request, typename T>
Stream<Bytes> AnswerServerStreaming(T& implementation, Stream<Bytes> requests) {
  Request request = co_await ParseOnly<Request>(std::move(requests));
  auto replies = (implementation.*kMethod)(std::move(request));
  while (auto reply = co_await replies.Next()) {
    Bytes bytes = co_await Bytes::Serialize(*reply);
    co_yield std::move(bytes);
  }
}
template <auto kMethod, typename Request, typename T>
Stream<Bytes> AnswerClientStreaming(T& implementation, Stream<Bytes> requests) {
  auto reply = co_await (implementation.*kMethod)(ParseEach<Request>(std::move(requests)));
  Bytes bytes = co_await Bytes::Serialize(reply);
  co_yield std::move(bytes);
}
template <auto kMethod, typename Request, typename T>
Stream<Bytes> AnswerBidirectional(T& implementation, Stream<Bytes> requests) {
  return SerializeEach((implementation.*kMethod)(ParseEach<Request>(std::move(requests))));
}

template <auto kMethod, typename Request, typename T>
void ServeUnary(Service& service, const Method& method, T& implementation) {
  service.AddUnary(method, [&implementation](Bytes request) {
    return AnswerUnary<kMethod, Request, T>(implementation, std::move(request));
  });
}
template <auto kMethod, typename Request, typename T>
void ServeServerStreaming(Service& service, const Method& method, T& implementation) {
  service.AddStreaming(method, [&implementation](Stream<Bytes> requests) {
    return AnswerServerStreaming<kMethod, Request, T>(implementation, std::move(requests));
  });
}
template <auto kMethod, typename Request, typename T>
void ServeClientStreaming(Service& service, const Method& method, T& implementation) {
  service.AddStreaming(method, [&implementation](Stream<Bytes> requests) {
    return AnswerClientStreaming<kMethod, Request, T>(implementation, std::move(requests));
  });
}
template <auto kMethod, typename Request, typename T>
void ServeBidirectional(Service& service, const Method& method, T& implementation) {
  service.AddStreaming(method, [&implementation](Stream<Bytes> requests) {
    return AnswerBidirectional<kMethod, Request, T>(implementation, std::move(requests));
  });
}

// ---- Adapters: a call that passes an Edge.

// Between Started() and Ended(); an attempt whose coroutine is dropped ends CANCELLED.
class Attempt {
 public:
  Attempt(Edge& edge, const Method& method) : edge_(edge), method_(method) {
    edge_.Started(method_);
  }
  Attempt(const Attempt&) = delete;
  ~Attempt() { edge_.Ended(method_, code_); }
  void Ended(const absl::Status& status) { code_ = status.code(); }

 private:
  Edge& edge_;
  const Method& method_;
  absl::StatusCode code_ = absl::StatusCode::kCancelled;
};

// A place at a Gate that may be null, when there is one at once.
inline std::optional<Permit> EnterNow(Gate* gate) {
  return gate != nullptr ? gate->TryEnter() : Permit();
}
inline Task<Permit> WaitAtGate(Gate& gate) {
  Permit permit = co_await gate.Enter();
  co_return permit;
}
inline absl::Status TooLate() { return absl::DeadlineExceededError("deadline exceeded"); }

// One coroutine for all attempts, each of whose waits ends with the context's deadline: a frame a
// call, not one for the attempts and one for each wait at the gate.
template <auto kMethod, typename Reply, typename T, typename Request>
Task<Reply> GuardUnary(T& target, Edge& edge, const Method& method, Request request) {
  Here::Place here = co_await Here();
  int made = 0;
  const absl::StatusOr<Context> context = edge.Enter(method, here.context(), here.loop().Now());
  absl::Status failure = context.status();
  while (failure.ok()) {
    ++made;
    {
      std::optional<Permit> permit = EnterNow(edge.gate());
      if (!permit) {
        Task<Permit> waiting = WaitAtGate(*edge.gate());
        absl::StatusOr<Permit> waited = co_await Within<Permit>(std::move(waiting), *context);
        failure = waited.status();
        if (waited.ok()) permit.emplace(*std::move(waited));
      }
      if (permit) {
        Attempt attempt(edge, method);
        // Kept for a further attempt only where there may be one.
        Request sent = edge.LastAttempt(method, made) ? std::move(request) : request;
        Task<Reply> call = (target.*kMethod)(std::move(sent));
        absl::StatusOr<Reply> outcome = co_await Within<Reply>(std::move(call), *context);
        attempt.Ended(outcome.status());
        if (outcome.ok()) co_return outcome;
        failure = outcome.status();
      }
    }
    const absl::Duration left = context->deadline() - here.loop().Now();
    const std::optional<absl::Duration> pause = edge.RetryAfter(method, failure, made);
    if (left <= absl::ZeroDuration() || !pause) break;
    co_await Sleep(std::min(*pause, left));
    failure = *pause < left ? absl::OkStatus() : TooLate();
  }
  co_return edge.Describe(method, failure, made);
}

// A call whose argument is a stream, or whose result is, is attempted once.
template <auto kMethod, typename Reply, typename T, typename Request>
Task<Reply> OnlyAttempt(T& target, Edge& edge, const Method& method, Stream<Request> requests) {
  std::optional<Permit> permit = EnterNow(edge.gate());
  if (!permit) permit = co_await WaitAtGate(*edge.gate());
  Attempt attempt(edge, method);
  absl::StatusOr<Reply> outcome = co_await Outcome((target.*kMethod)(std::move(requests)));
  attempt.Ended(outcome.status());
  co_return outcome;
}
template <auto kMethod, typename Reply, typename T, typename Request>
Task<Reply> GuardClientStreaming(T& target, Edge& edge, const Method& method,
                                 Stream<Request> requests) {
  Here::Place here = co_await Here();
  absl::StatusOr<Context> context = edge.Enter(method, here.context(), here.loop().Now());
  absl::Status failure = context.status();
  if (context.ok()) {
    Task<Reply> attempt = OnlyAttempt<kMethod, Reply>(target, edge, method, std::move(requests));
    absl::StatusOr<Reply> outcome = co_await Within<Reply>(std::move(attempt), *context);
    if (outcome.ok()) co_return outcome;
    failure = outcome.status();
  }
  co_return edge.Describe(method, failure, 1);
}

// Argument: Request for server streaming, Stream<Request> for bidirectional.
template <auto kMethod, typename Reply, typename T, typename Argument>
Stream<Reply> GuardReplies(T& target, Edge& edge, const Method& method, Argument argument) {
  Here::Place here = co_await Here();
  absl::StatusOr<Context> context = edge.Enter(method, here.context(), here.loop().Now());
  if (!context.ok()) co_await edge.Describe(method, context.status(), 1);
  std::optional<Permit> permit = EnterNow(edge.gate());
  if (!permit) {
    Task<Permit> waiting = WaitAtGate(*edge.gate());
    absl::StatusOr<Permit> waited = co_await Within<Permit>(std::move(waiting), *context);
    if (!waited.ok()) co_await edge.Describe(method, waited.status(), 1);
    permit = *std::move(waited);
  }
  Attempt attempt(edge, method);
  Stream<Reply> replies = (target.*kMethod)(std::move(argument));
  while (true) {
    absl::StatusOr<std::optional<Reply>> next =
        co_await NextWithin<Reply>(replies.Next(), *context);
    if (!next.ok()) {
      attempt.Ended(next.status());
      co_await edge.Describe(method, next.status(), 1);
    }
    if (!next->has_value()) break;
    co_yield **std::move(next);
  }
  attempt.Ended(absl::OkStatus());
}

}  // namespace chains::internal
