// Retries: whether the gateway may send a request once more, to another replica, because the one
// that had it answered UNAVAILABLE: it crashed, say, or could not be reached.
//
//   Retries retries;                     // of one target
//   for (int attempts = 1;; ++attempts) {
//     …one attempt…
//     const std::optional<absl::Duration> pause = retries.After(status, method, attempts);
//     if (!pause) break;
//     co_await Sleep(*pause);
//   }
//
// Only methods that say that they may be repeated (idempotency_level in the contract) are, and only
// when no chainlet has answered: what has a path (status_path.h) failed inside the chain, where
// edges have their own attempts. A budget
// keeps retries from making an outage worse: a failed attempt costs one of a hundred tokens, an
// answer earns a tenth of one, and with half of them spent nothing is retried. (gRPC's clients
// throttle theirs the same way: gRFC A6.)
#pragma once

#include <algorithm>
#include <optional>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "chains/contract/channel.h"
#include "chains/contract/status_path.h"

namespace chains::gateway {

// For the loop's thread.
class Retries {
 public:
  static constexpr int kMostAttempts = 5;
  static constexpr absl::Duration kFirstPause = absl::Milliseconds(20);

  // What `attempts` of `method` so far came to; nullopt: it is final.
  std::optional<absl::Duration> After(const absl::Status& status, const Method& method,
                                      int attempts) {
    if (status.code() != absl::StatusCode::kUnavailable) {
      tokens_ = std::min(kTokens, tokens_ + kEarned);
      return std::nullopt;
    }
    tokens_ = std::max(0.0, tokens_ - 1);
    const bool may = method.idempotent && attempts < kMostAttempts && tokens_ > kTokens / 2 &&
                     PathOf(status).empty();
    if (!may) return std::nullopt;
    return kFirstPause * (1 << (attempts - 1));
  }

 private:
  static constexpr double kTokens = 100;
  static constexpr double kEarned = 0.1;

  double tokens_ = kTokens;
};

}  // namespace chains::gateway
