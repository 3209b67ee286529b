// HedgingChannel: a second attempt beside the first, when that takes longer than nearly all do.
//
//   HedgingChannel channel(std::move(ways), {.on = true, .percentile = 95}, nullptr, counters);
//
// Whichever answers first is the answer; the other is dropped with all that it waits for, down its
// whole subtree. The second takes another way than the first where there is one. It makes the few
// slow calls of many replicas as fast as the others for a few percent more work. (J. Dean, L. A.
// Barroso, "The Tail at Scale", CACM 56(2), 2013.) A call that its budget refuses a second attempt
// asks again after as long again, so who is stuck comes before who is merely late.
#pragma once

#include <deque>
#include <memory>

#include "absl/time/time.h"
#include "chains/contract/channel.h"
#include "chains/policy/edge_counters.h"
#include "chains/policy/hedge_budget.h"
#include "chains/policy/live_percentile.h"
#include "chains/policy/retry_budget.h"
#include "chains/policy/settings.h"
#include "chains/policy/ways.h"

namespace chains {

// Of unary methods that are idempotent, and of calls that are no further attempt already; all else
// passes. For one loop's coroutines.
class HedgingChannel final : public Channel {
 public:
  // Calls of a method that are measured before one is hedged.
  static constexpr uint64_t kEnoughCalls = 50;

  // `inner` has several ways, or leads to somebody else's service, which may. `budget` is the one
  // that the edge's retries spend, too, and may be null; it and `counters` outlive the channel.
  HedgingChannel(std::unique_ptr<Channel> inner, const Hedging& settings, AttemptBudget* budget,
                 EdgeCounters& counters);

  Task<Bytes> Unary(const Method& method, Bytes request) override;
  Stream<Bytes> Streaming(const Method& method, Stream<Bytes> requests) override;

  // How long the first attempt of the next call is alone; infinite while that is not known.
  absl::Duration Alone(const Method& method);

 private:
  class Race;
  struct Usual {
    Usual(const Method& of, double percentile) : method(&of), took(percentile) {}
    const Method* method;
    LivePercentile took;
  };
  Usual& UsualOf(const Method& method);
  Task<Bytes> Attempt(internal::WayChoice& choice, const Method& method, Bytes request);
  Task<Bytes> Hedged(const Method& method, Bytes request);
  bool HasAnotherWay() const;
  bool PayForHedge(HedgeBudget::Need need);

  const std::unique_ptr<Channel> inner_;
  internal::WaysChannel* const ways_;  // inner_, if it has several ways; else null
  const Hedging settings_;
  HedgeBudget extra_;  // max_extra of all calls
  AttemptBudget* const shared_;
  EdgeCounters& counters_;
  std::deque<Usual> usual_;  // of a contract's few methods
};

}  // namespace chains
