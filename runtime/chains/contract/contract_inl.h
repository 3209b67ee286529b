// Implementation details of contract.h: what the generated stubs, adapters and handlers call.
#pragma once

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <utility>

#include "chains/contract/attempt.h"
#include "chains/contract/channel.h"
#include "chains/contract/edge.h"
#include "chains/contract/kept_messages.h"
#include "chains/contract/long_way.h"
#include "chains/contract/message_streams.h"
#include "chains/contract/recorded_bytes.h"
#include "chains/contract/service.h"
#include "chains/core/call_measures.h"
#include "chains/core/gate.h"
#include "chains/core/pass_on.h"
#include "chains/core/recording.h"
#include "chains/core/timing.h"

namespace chains::internal {

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
Task<Bytes> AnswerUnary(T& implementation, const Method& method, Bytes bytes) {
  Here::Place here = co_await Here();
  const Serving serving(here.context(), here.loop(), method.chainlet, method.name);
  Request request;
  co_await Parse(bytes, request, serving.record());
  auto reply = co_await (implementation.*kMethod)(std::move(request));
  co_return Serialize(reply, serving.record());
}
template <auto kMethod, typename Request, typename T>
Stream<Bytes> AnswerServerStreaming(T& implementation, Stream<Bytes> requests) {
  Request request = co_await ParseOnly<Request>(std::move(requests));
  auto replies = (implementation.*kMethod)(std::move(request));
  while (const auto* reply = co_await InPlace(replies.Next())) {
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
  service.AddUnary(method, [&implementation, &method](Bytes request) {
    return AnswerUnary<kMethod, Request, T>(implementation, method, std::move(request));
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

// ---- Adapters: a call that goes through a Passage.

// Of each method of a contract.
template <size_t kCount>
using Passages = std::array<std::unique_ptr<Passage>, kCount>;

template <size_t kCount>
Passages<kCount> PassagesOf(Edge& edge, const Method (&methods)[kCount]) {
  Passages<kCount> passages;
  for (size_t i = 0; i < kCount; ++i) passages[i] = edge.PassageOf(methods[i]);
  return passages;
}

// Attempts that keep the request for a further one only where there may be one.
template <auto kMethod, typename Reply, typename T, typename Request>
class EachAttempt {
 public:
  EachAttempt(T& target, Request request) : target_(&target), request_(std::move(request)) {}
  Task<Reply> operator()(bool last) {
    Request sent = last ? std::move(request_) : request_;
    return (target_->*kMethod)(std::move(sent));
  }

 private:
  T* target_;
  Request request_;
};

// An argument, to be handed on. It is on no arena, which its own move would find out first: 16 of
// a small one's 66 instructions.
template <typename M>
M HandOn(M& argument) {
  M handed;
  if constexpr (requires { handed.UnsafeArenaSwap(&argument); }) {
    handed.UnsafeArenaSwap(&argument);
  } else {
    handed = std::move(argument);
  }
  return handed;
}

// What a function throws that is no coroutine is thrown to whoever awaits it. Inlined, because the
// call would be 25 of 840 instructions of a call in the same process.
template <auto kMethod, typename Reply, typename T, typename Request>
[[gnu::always_inline]] inline Task<Reply> CallOnce(T& target, Request&& request) {
  try {
    return (target.*kMethod)(HandOn(request));
  } catch (...) {
    return Done<Reply>(Promise::FromException());
  }
}

// `call`, by way of `passage`. A call that is attempted once carries its passages itself.
template <typename Reply>
Task<Reply> Through(Passage& passage, Task<Reply> call) {
  if (call.promise().AddPassage(passage, &MakeDetour<Reply>)) return call;
  return GoTheLongWay<Reply>(passage, MadeCall<Reply>(std::move(call)), 0, absl::ZeroDuration());
}
template <auto kMethod, typename Reply, typename T, typename Request>
Task<Reply> GuardPlainly(T& target, Passage& passage, Request&& request) {
  if (passage.AttemptedOnce()) {
    return Through(passage, CallOnce<kMethod, Reply>(target, std::move(request)));
  }
  return GoTheLongWay<Reply>(passage,
                             EachAttempt<kMethod, Reply, T, Request>(target, std::move(request)), 0,
                             absl::ZeroDuration());
}
// While messages of some request are kept: perhaps of this one.
template <auto kMethod, typename Reply, typename T, typename Request>
Task<Reply> GuardKeeping(T& target, Passage& passage, Request request) {
  Here::Place here = co_await Here();
  Task<Reply> call =
      KeepsMessages(here.context(), here.loop())
          ? GoTheLongWay<Reply>(
                passage, EachKeptAttempt<kMethod, Reply, T, Request>(target, std::move(request)), 0,
                absl::ZeroDuration())
          : GuardPlainly<kMethod, Reply>(target, passage, std::move(request));
  co_return co_await Outcome(std::move(call));
}
template <auto kMethod, typename Reply, typename T, typename Request>
Task<Reply> GuardUnary(T& target, Passage& passage, Request&& request) {
  if (AnyRecording()) [[unlikely]] {
    return GuardKeeping<kMethod, Reply, T, Request>(target, passage, std::move(request));
  }
  return GuardPlainly<kMethod, Reply>(target, passage, std::move(request));
}
// The same where `target` is itself a guard, with a passage `inner`, of `inside`: both ends of an
// edge in one process. A call goes through both without a function that moves the request between.
// Inlined as CallOnce() is; with HandOn() that took 36 of its 104 instructions off.
template <auto kMethod, typename Reply, typename T, typename Request>
[[gnu::always_inline]] inline Task<Reply> CallOnceThrough(Passage& passage, T& inside,
                                                          Passage& inner, Request&& request) {
  Task<Reply> call = CallOnce<kMethod, Reply>(inside, std::move(request));
  if (!call.promise().AddPassages(passage, inner, &MakeDetour<Reply>)) {
    call = Through(passage, Through(inner, std::move(call)));
  }
  return call;
}
template <auto kMethod, typename Reply, typename T, typename Request>
[[gnu::always_inline]] inline Task<Reply> GuardUnary(T& target, Passage& passage, T& inside,
                                                     Passage& inner, Request&& request) {
  if (passage.AttemptedOnce() && inner.AttemptedOnce() && !AnyRecording()) {
    return CallOnceThrough<kMethod, Reply>(passage, inside, inner, std::move(request));
  }
  return GuardUnary<kMethod, Reply>(target, passage, std::move(request));
}

// Attempts of a call through a Channel; the request is serialized once, and shared by them.
template <typename Reply>
class EachSerializedAttempt {
 public:
  EachSerializedAttempt(Channel& channel, const Method& method, Bytes request)
      : channel_(&channel), method_(&method), request_(std::move(request)) {}
  Task<Reply> operator()(bool last) {
    return CallSerialized<Reply>(*channel_, *method_,
                                 last ? std::move(request_) : request_.Share());
  }

 private:
  Channel* channel_;
  const Method* method_;
  Bytes request_;
};

// Between TryEnter() and EndAttempt(); who is dropped leaves CANCELLED.
class Stay {
 public:
  explicit Stay(Passage& passage) : passage_(passage) {}
  Stay(const Stay&) = delete;
  ~Stay() { passage_.EndAttempt(code_); }
  void Ended(const absl::Status& status) { code_ = status.code(); }

 private:
  Passage& passage_;
  absl::StatusCode code_ = absl::StatusCode::kCancelled;
};

// What a guard and its stub do together, in one coroutine: a call through a Channel takes the long
// way only when it must, and only for what is left of it.
template <typename Reply>
Task<Reply> GuardSerialized(Channel& channel, const Method& method, Passage& passage,
                            absl::StatusOr<Bytes> request) {
  if (!request.ok()) co_return passage.Describe(request.status(), 0);
  Here::Place here = co_await Here();
  Measuring measuring(passage.measures(), here.loop());
  int made = 0;
  absl::Status failure;
  if (here.context().record() == nullptr &&
      passage.TryEnter(here.context(), here.loop().EarliestNow())) {
    Stay stay(passage);
    made = 1;
    Bytes sent = passage.AttemptedOnce() ? *std::move(request) : request->Share();
    absl::StatusOr<Bytes> received = co_await Outcome(channel.Unary(method, std::move(sent)));
    Reply reply;
    failure = received.ok() ? received->ParseInto(reply) : received.status();
    stay.Ended(failure);
    measuring.Ended(failure);
    if (failure.ok()) co_return reply;
  }
  absl::Duration pause;
  if (made > 0) {
    const Context& caller = here.context();
    const std::optional<absl::Duration> next =
        PauseAfter(passage, caller, caller.deadline(), here.loop(), failure, made);
    if (!next) co_return passage.Describe(failure, made);
    pause = *next;
  }
  Task<Reply> rest = GoTheLongWay<Reply>(
      passage, EachSerializedAttempt<Reply>(channel, method, *std::move(request)), made, pause,
      measuring.HandOver());
  co_return co_await Outcome(std::move(rest));
}

// A call whose argument is a stream, or whose result is, is attempted once.
template <auto kMethod, typename Reply, typename T, typename Request>
Task<Reply> OnlyAttempt(T& target, Passage& passage, Recording& recording,
                        Stream<Request> requests) {
  Here::Place here = co_await Here();
  recording.Waits(1);
  std::optional<Permit> permit = EnterNow(passage.gate());
  if (!permit) {
    recording.Queues();
    permit = co_await WaitAtGate(*passage.gate());
  }
  recording.Runs();
  Attempt attempt(passage, here.loop());
  absl::StatusOr<Reply> outcome = co_await Outcome((target.*kMethod)(std::move(requests)));
  attempt.Ended(outcome.status());
  co_return outcome;
}
template <auto kMethod, typename Reply, typename T, typename Request>
Task<Reply> GuardClientStreaming(T& target, Passage& passage, Stream<Request> requests) {
  Here::Place here = co_await Here();
  here.StandsFor(passage);
  Measuring measuring(passage.measures(), here.loop());
  Recording recording(here.context(), here.loop(), [&passage] { return passage.place(); });
  absl::StatusOr<Context> context =
      recording.Under(passage.Enter(here.context(), here.loop().Now()));
  absl::Status failure = context.status();
  if (!context.ok()) recording.Refused(failure);
  if (context.ok()) {
    const bool keeps = KeepsStreamsOf(recording);
    if (keeps) requests = KeepEach(recording.shared_record(), std::move(requests));
    Task<Reply> attempt =
        OnlyAttempt<kMethod, Reply>(target, passage, recording, std::move(requests));
    absl::StatusOr<Reply> outcome = co_await Within<Reply>(std::move(attempt), *context);
    failure = outcome.status();
    if (keeps && outcome.ok()) KeepReply(recording.record(), *outcome);
    measuring.Ended(failure);
    if (outcome.ok()) recording.Ended(failure);
    if (outcome.ok()) co_return outcome;
  }
  recording.Ended(failure);
  measuring.Ended(failure);
  co_return passage.Describe(failure, 1);
}

// Argument: Request for server streaming, Stream<Request> for bidirectional.
template <auto kMethod, typename Reply, typename T, typename Argument>
Stream<Reply> GuardReplies(T& target, Passage& passage, Argument argument) {
  Here::Place here = co_await Here();
  here.StandsFor(passage);
  Measuring measuring(passage.measures(), here.loop());
  Recording recording(here.context(), here.loop(), [&passage] { return passage.place(); });
  absl::StatusOr<Context> context =
      recording.Under(passage.Enter(here.context(), here.loop().Now()));
  if (!context.ok()) {
    recording.Refused(context.status());
    recording.Ended(context.status());
    measuring.Ended(context.status());
    co_await passage.Describe(context.status(), 1);
  }
  const bool keeps = KeepsStreamsOf(recording);
  if (keeps) argument = KeepArgument(recording.shared_record(), std::move(argument));
  recording.Waits(1);
  std::optional<Permit> permit = EnterNow(passage.gate());
  if (!permit) {
    recording.Queues();
    Task<Permit> waiting = WaitAtGate(*passage.gate());
    absl::StatusOr<Permit> waited = co_await Within<Permit>(std::move(waiting), *context);
    if (!waited.ok()) {
      recording.Refused(waited.status());
      recording.Ended(waited.status());
      measuring.Ended(waited.status());
      co_await passage.Describe(waited.status(), 1);
    }
    permit = *std::move(waited);
  }
  recording.Runs();
  Attempt attempt(passage, here.loop());
  Stream<Reply> replies = (target.*kMethod)(std::move(argument));
  while (true) {
    // Only a record looks at items.
    if (!recording.on()) co_await PassOn(replies, *context);
    absl::StatusOr<std::optional<Reply>> next =
        co_await NextWithin<Reply>(replies.Next(), *context);
    if (!next.ok()) {
      attempt.Ended(next.status());
      recording.Ended(next.status());
      measuring.Ended(next.status());
      co_await passage.Describe(next.status(), 1);
    }
    if (!next->has_value()) break;
    if (keeps) KeepItem(recording.record(), CallRecord::Side::kReply, **next);
    recording.Pauses();
    co_yield **std::move(next);
    recording.GoesOn();
  }
  attempt.Ended(absl::OkStatus());
  recording.Ended(absl::OkStatus());
  measuring.Ended(absl::OkStatus());
}

}  // namespace chains::internal
