// RetryRule: whether a failed call is made again, and after how long.
//
//   RetryRule rule({.attempts = 3}, budget);
//   if (std::optional<absl::Duration> pause = rule.After(failure, /*attempts_made=*/1)) …
//
// What is repeated may heal, and is repeated in one place only: by the caller that is next to where
// it failed. So three layers of three attempts each are three attempts, not 27.
#pragma once

#include <functional>
#include <optional>
#include <random>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "chains/policy/retry_budget.h"

namespace chains {

// For one loop's coroutines.
class RetryRule {
 public:
  struct Options {
    int attempts = 1;  // in all
    // The cap of the first pause; it doubles with every attempt, up to `max_backoff`. A pause is
    // any time up to its cap, so that callers that failed together do not return together ("full
    // jitter": AWS Architecture Blog, Exponential Backoff And Jitter, 2015).
    absl::Duration first_backoff = absl::Milliseconds(10);
    absl::Duration max_backoff = absl::Seconds(1);
    // Whether what the callee itself answered UNAVAILABLE is made again. Without it only what did
    // not reach it is, and what it sent away with a time to come again.
    bool answers_too = true;
    // Answers a number in [0, 1); null: at random. For tests, which repeat.
    std::function<double()> random = nullptr;
  };
  // `budget` outlives it.
  RetryRule(Options options, AttemptBudget& budget);

  // What a call whose method may be repeated came to after so many attempts; nullopt: that is
  // final. A pause is at least as long as the callee asked for (push_back.h). It is paid for.
  std::optional<absl::Duration> After(const absl::Status& failure, int attempts_made);

 private:
  bool MayHeal(const absl::Status& failure, std::optional<absl::Duration> push_back) const;
  absl::Duration Backoff(int attempts_made);

  const Options options_;
  AttemptBudget& budget_;
  std::minstd_rand engine_;
};

}  // namespace chains
