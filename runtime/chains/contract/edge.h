// Edge: what a call passes on its way from one chainlet to another, in every placement.
//
// Generated code puts an adapter with an Edge in front of every chainlet and of every stub, so that
// nobody holds a bare reference to another chainlet: deadlines, limits, retries, the error path and
// counts act alike whether the callee is in this process or not.
#pragma once

#include <optional>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "chains/contract/method.h"
#include "chains/core/context.h"
#include "chains/core/gate.h"

namespace chains {

// For one loop's coroutines only.
class Edge {
 public:
  virtual ~Edge() = default;

  // The Context for the callee: the caller's, perhaps with an earlier deadline; or why the call is
  // refused at once.
  virtual absl::StatusOr<Context> Enter(const Method& method, const Context& caller,
                                        absl::Time now) = 0;

  // Where calls wait for a place; null when there is no limit.
  virtual Gate* gate() = 0;

  // An attempt begins: it has its place. Every Started() is followed by one Ended().
  virtual void Started(const Method& method) = 0;
  // How an attempt ended; a dropped one ends CANCELLED.
  virtual void Ended(const Method& method, absl::StatusCode code) = 0;

  // Whether a unary call that was attempted so often gets no further attempt.
  virtual bool LastAttempt(const Method& method, int attempts_made) = 0;
  // How long to wait before the next attempt, when this failure is to be retried.
  virtual std::optional<absl::Duration> RetryAfter(const Method& method,
                                                   const absl::Status& failure,
                                                   int attempts_made) = 0;

  // The failure as the caller sees it: with this hop in its path. `attempts_made` is 0 when the
  // call was refused before its first.
  virtual absl::Status Describe(const Method& method, const absl::Status& failure,
                                int attempts_made) = 0;
};

}  // namespace chains
