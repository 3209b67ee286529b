// Passage: what a call goes through on its way to a chainlet: its deadline, a limit, counts.
// Implementation detail of Task and of the adapters in contract/; an Edge makes them.
#pragma once

#include <optional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "chains/core/context.h"

namespace chains {

class Gate;

namespace internal {

// For the calls of one method, on one loop; it outlives them. There are two ways through. Most
// calls take the first, which needs no coroutine of its own: TryEnter(), and Leave() when they end.
// What that refuses takes the second: Enter(), a place at the gate(), Started() and Ended() for
// each attempt.
class Passage {
 public:
  virtual ~Passage() = default;

  // Lets a call in when nothing is in its way: it needs no deadline but its caller's, and there is
  // a place for it. False says nothing but that it takes the other way. `earliest_now` is the
  // loop's EarliestNow().
  virtual bool TryEnter(const Context& caller, absl::Time earliest_now) = 0;
  // How a call ended that TryEnter() let in; a dropped one ends CANCELLED.
  virtual void Leave(absl::StatusCode code) = 0;

  // The Context for the callee: the caller's, perhaps with an earlier deadline; or why the call is
  // refused at once.
  virtual absl::StatusOr<Context> Enter(const Context& caller, absl::Time now) = 0;
  // Where calls wait for a place; null when there is no limit.
  virtual Gate* gate() = 0;
  // An attempt begins: it has its place. Every Started() is followed by one Ended().
  virtual void Started() = 0;
  // How an attempt ended; a dropped one ends CANCELLED.
  virtual void Ended(absl::StatusCode code) = 0;

  // Whether a unary call that was attempted so often gets no further attempt.
  virtual bool LastAttempt(int attempts_made) const = 0;
  // How long to wait before the next attempt, when this failure is to be retried.
  virtual std::optional<absl::Duration> RetryAfter(const absl::Status& failure,
                                                   int attempts_made) = 0;

  // The failure as the caller sees it: with this hop in its path. `attempts_made` is 0 when the
  // call was refused before its first.
  virtual absl::Status Describe(const absl::Status& failure, int attempts_made) = 0;
};

}  // namespace internal
}  // namespace chains
