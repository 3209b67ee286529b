// The caller's end of an edge: what a caller decides about its calls to a chainlet.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "absl/time/time.h"
#include "chains/contract/edge.h"
#include "chains/contract/method.h"
#include "chains/core/call_measures.h"
#include "chains/core/gate.h"
#include "chains/core/method_counters.h"
#include "chains/policy/retry_budget.h"
#include "chains/policy/retry_rule.h"
#include "chains/policy/settings.h"

namespace chains {

// Attempts, timeout, and how many calls it has in flight; the others wait.
class CallerEdge final : public Edge {
 public:
  struct Options {
    std::string callee;  // "hello.SayHello"
    int attempts = 1;    // of idempotent unary methods, as retry_rule.h says
    // From the call to its answer, attempts included; 1/64 more where the caller's own deadline
    // comes then.
    absl::Duration timeout = absl::Seconds(600);
    int max_in_flight = 300;
    absl::Duration first_backoff = absl::Milliseconds(10);  // of RetryRule::Options, as
    absl::Duration max_backoff = absl::Seconds(1);          // these are,
    std::function<double()> random = nullptr;               // and this
    RetryBudget budget = {};
    // Whether somebody else makes further attempts from the budget (hedging): then calls are
    // counted for it where `attempts` is 1, too.
    bool budget_is_shared = false;
    // Where calls of a method are measured: what outlives the edge. May be null.
    std::function<CallMeasures*(const Method& method)> measures = nullptr;
  };
  explicit CallerEdge(Options options);

  std::unique_ptr<internal::Passage> PassageOf(const Method& method) override;

  // Of all further attempts of this edge. For its loop's coroutines.
  AttemptBudget& budget() { return budget_; }
  // What became of the attempts; nothing is counted where nobody needs it. Any thread may read.
  const MethodCounters& attempts() const { return attempts_; }

 private:
  class Way;

  const Options options_;
  Gate gate_;
  MethodCounters attempts_;
  AttemptBudget budget_;
  RetryRule rule_;
};

}  // namespace chains
