// AttemptBudget: how many further attempts a caller may still make, retries and hedges together.
//
//   AttemptBudget budget(RetryBudget{.ratio = 0.1, .burst = 100});
//   budget.Answered();                          // every call that was answered well
//   if (budget.TryTake()) …make a further attempt…
//
// A bucket of tokens: it begins full, an answer fills it by `ratio`, a further attempt takes one.
// While a callee answers nothing, its callers repeat at most `burst` calls, however many they make,
// so that repeating cannot keep down what failed. (gRPC's clients throttle their retries the same
// way: gRFC A6; the burst is the one of AWS's SDKs.)
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>

#include "chains/core/method_counters.h"
#include "chains/policy/settings.h"

namespace chains {

// Of one caller's edge, or of a gateway's target. For one loop's coroutines; any thread may read
// counts().
class AttemptBudget {
 public:
  // `answers`, which outlives it, counts the calls: what it counts as ended well is Answered()
  // without being said. Null: it is said.
  explicit AttemptBudget(const RetryBudget& settings, const MethodCounters* answers = nullptr)
      : ratio_(std::max(0.0, settings.ratio)),
        burst_(std::max(0, settings.burst)),
        tokens_(burst_),
        answers_(answers) {}
  AttemptBudget(const AttemptBudget&) = delete;
  AttemptBudget& operator=(const AttemptBudget&) = delete;

  // So many calls were answered well. May come late, and for many calls at once: nothing is lost
  // by that as long as it comes before TryTake().
  void Answered(uint64_t calls = 1) {
    tokens_ = std::min(burst_, tokens_ + ratio_ * static_cast<double>(calls));
  }

  // Whether there may be a further attempt, which this pays for.
  bool TryTake() {
    if (answers_ != nullptr) Settle();
    const bool has = tokens_ >= 1 - kRounding;
    if (has) tokens_ -= 1;
    Count(has ? taken_ : refused_);
    return has;
  }
  // A further attempt that was paid for and not made after all.
  void GiveBack() {
    tokens_ = std::min(burst_, tokens_ + 1);
    taken_.store(taken_.load(std::memory_order_relaxed) - 1, std::memory_order_relaxed);
  }

  // Further attempts that may be made now.
  double left() const { return tokens_; }

  struct Counts {
    uint64_t taken = 0;    // further attempts
    uint64_t refused = 0;  // … that were not made, because the budget was spent
  };
  Counts counts() const {
    return {taken_.load(std::memory_order_relaxed), refused_.load(std::memory_order_relaxed)};
  }

 private:
  static constexpr double kRounding = 1e-9;  // ten times a tenth is a whole attempt

  // Who counts is one thread: no bus lock.
  static void Count(std::atomic<uint64_t>& counter) {
    counter.store(counter.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  }

  // Looked at when it matters only: a call pays for being counted, not for its part of a token.
  void Settle() {
    const uint64_t well = answers_->well();
    Answered(well - settled_);
    settled_ = well;
  }

  const double ratio_;
  const double burst_;
  double tokens_;
  const MethodCounters* const answers_;
  uint64_t settled_ = 0;  // of `answers_`
  std::atomic<uint64_t> taken_{0};
  std::atomic<uint64_t> refused_{0};
};

}  // namespace chains
