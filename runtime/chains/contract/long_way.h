// The long way of a call through a Passage: with waits, a deadline of its own, further attempts.
// Implementation detail of contract_inl.h.
#pragma once

#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "chains/contract/attempt.h"
#include "chains/core/call_measures.h"
#include "chains/core/gate.h"
#include "chains/core/loop.h"
#include "chains/core/passage.h"
#include "chains/core/recording.h"
#include "chains/core/task.h"
#include "chains/core/timing.h"

namespace chains::internal {

// How long to wait before a further attempt at what ended with `failure`; nullopt: there is none.
// `caller` is who called, and `deadline` when the call must be over: an attempt that could only
// begin after it is not worth its wait.
inline std::optional<absl::Duration> PauseAfter(Passage& passage, const Context& caller,
                                                absl::Time deadline, const Loop& loop,
                                                const absl::Status& failure, int made) {
  if (caller.further_attempt()) return std::nullopt;
  const std::optional<absl::Duration> pause = passage.RetryAfter(failure, made);
  if (pause && loop.Now() + *pause >= deadline) return std::nullopt;
  return pause;
}

// The long way of a unary call: one coroutine for all attempts, each of whose waits ends with the
// context's deadline. `attempt` makes the call of each; it is told whether it is the last. So many
// were `made` already; with any, a further one begins after `pause`. `began`: when the call did,
// where that was earlier.
template <typename Reply, typename MakeAttempt>
Task<Reply> GoTheLongWay(Passage& passage, MakeAttempt attempt, int made, absl::Duration pause,
                         absl::Time began = absl::InfinitePast()) {
  Here::Place here = co_await Here();
  here.StandsFor(passage);
  Measuring measuring(passage.measures(), here.loop(), began);
  Recording recording(here.context(), here.loop(), [&passage] { return passage.place(); });
  absl::StatusOr<Context> context =
      recording.Under(passage.Enter(here.context(), here.loop().Now()));
  if (!context.ok()) {
    recording.Refused(context.status());
    recording.Ended(context.status());
    measuring.Ended(context.status());
    co_return passage.Describe(context.status(), made);
  }
  absl::Status failure;
  while (true) {
    if (made > 0) {
      co_await Sleep(pause);
      *context = context->AsFurtherAttempt();
      measuring.FurtherAttempt();
    }
    ++made;
    recording.Waits(made);
    std::optional<Permit> permit = EnterNow(passage.gate());
    if (!permit) {
      recording.Queues();
      Task<Permit> waiting = WaitAtGate(*passage.gate());
      absl::StatusOr<Permit> waited = co_await Within<Permit>(std::move(waiting), *context);
      failure = waited.status();
      if (!waited.ok()) recording.Refused(failure);
      if (waited.ok()) permit.emplace(*std::move(waited));
    }
    if (permit) {
      recording.Runs();
      Attempt running(passage, here.loop());
      Task<Reply> call = attempt(passage.LastAttempt(made));
      absl::StatusOr<Reply> outcome = co_await Within<Reply>(std::move(call), *context);
      running.Ended(outcome.status());
      failure = outcome.status();
      if (outcome.ok()) recording.Ended(failure);
      if (outcome.ok()) measuring.Ended(failure);
      if (outcome.ok()) co_return outcome;
    }
    const std::optional<absl::Duration> next =
        PauseAfter(passage, here.context(), context->deadline(), here.loop(), failure, made);
    if (!next) break;
    pause = *next;
  }
  recording.Ended(failure);
  measuring.Ended(failure);
  co_return passage.Describe(failure, made);
}

// The only attempt of a call that is made already.
template <typename Reply>
class MadeCall {
 public:
  explicit MadeCall(Task<Reply> call) : call_(std::move(call)) {}
  Task<Reply> operator()(bool) { return std::move(call_); }

 private:
  Task<Reply> call_;
};
template <typename Reply>
Promise& MakeDetour(Promise& call, Passage& passage) {
  auto made = Task<Reply>::Adopt(static_cast<TaskPromiseBase<Reply>&>(call));
  return GoTheLongWay<Reply>(passage, MadeCall<Reply>(std::move(made)), 0, absl::ZeroDuration())
      .Release();
}

}  // namespace chains::internal
