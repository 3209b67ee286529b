// Retries: whether the gateway may send a request once more, to another replica, because the one
// that had it answered UNAVAILABLE: it crashed, say, or could not be reached.
//
//   Retries retries;                     // of one target
//   for (int attempts = 1;; ++attempts) {
//     …one attempt, as a further one (Context::AsFurtherAttempt) where attempts > 1…
//     const std::optional<absl::Duration> pause = retries.After(status, method, attempts);
//     if (!pause) break;
//     co_await Sleep(*pause);
//   }
//
// Only methods that say that they may be repeated (idempotency_level in the contract) are, and only
// when no chainlet has answered, or the one that did asks to come again (push_back.h): what has a
// path (status_path.h) failed inside the chain, where edges have their own attempts. A budget keeps
// retries from making an outage worse. It is the rule and the budget of the chainlets' own edges.
#pragma once

#include <optional>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "chains/contract/channel.h"
#include "chains/policy/retry_budget.h"
#include "chains/policy/retry_rule.h"

namespace chains::gateway {

// For the loop's thread.
class Retries {
 public:
  static constexpr int kMostAttempts = 5;
  static constexpr absl::Duration kFirstPause = absl::Milliseconds(20);  // at most; see RetryRule

  // What `attempts` of `method` so far came to; nullopt: it is final.
  std::optional<absl::Duration> After(const absl::Status& status, const Method& method,
                                      int attempts) {
    if (status.ok()) budget_.Answered();
    if (status.ok() || !method.idempotent) return std::nullopt;
    return rule_.After(status, attempts);
  }
  const AttemptBudget& budget() const { return budget_; }

 private:
  AttemptBudget budget_{RetryBudget()};
  RetryRule rule_{{.attempts = kMostAttempts, .first_backoff = kFirstPause, .answers_too = false},
                  budget_};
};

}  // namespace chains::gateway
