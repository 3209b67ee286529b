// CallMeasures: what became of the calls of one method by one caller, and how long they took.
//
//   CallMeasures to_greeter(CallMeasures::Times::kSome);
//   Measuring measuring(&to_greeter, loop);       // when a call begins …
//   measuring.Ended(status);                      // … and how it ended; dropped: CANCELLED
//
// Calls between processes are all timed. A call within one takes less than two looks at a clock: of
// those one in 64 is, and where few come more of them.
#pragma once

#include <atomic>
#include <cstdint>
#include <utility>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "chains/core/loop.h"
#include "chains/core/method_counters.h"
#include "chains/core/time_histogram.h"

namespace chains {

// One thread counts; any may read.
class CallMeasures {
 public:
  enum class Times { kSome, kAll };
  static constexpr int kTimedOneIn = 64;
  static constexpr absl::Duration kTimedEvery = absl::Milliseconds(100);  // where fewer come

  explicit CallMeasures(Times times) : times_(times) {}

  void Ended(absl::StatusCode code) { codes_.Count(code); }
  void Took(absl::Duration time) { durations_.Add(time); }
  void FurtherAttempt() {
    further_attempts_.store(further_attempts() + 1, std::memory_order_relaxed);
  }

  // Whether the next call is to be timed, and so takes the way that does. Asked with the loop's
  // EarliestNow(), it answers so once, for the first call of a turn.
  bool ChoosesNext(absl::Time earliest_now) {
    if (times_ == Times::kAll || earliest_now == asked_at_) return false;
    asked_at_ = earliest_now;
    if (--untimed_ > 0 && earliest_now - timed_at_ < kTimedEvery) return false;
    untimed_ = kTimedOneIn;
    timed_at_ = earliest_now;
    return chosen_ = true;
  }
  // Of a call that begins now: whether it is.
  bool IsTimed(absl::Time earliest_now) {
    if (times_ == Times::kAll) return true;
    ChoosesNext(earliest_now);
    return std::exchange(chosen_, false);
  }

  const CodeCounters& codes() const { return codes_; }
  uint64_t further_attempts() const { return further_attempts_.load(std::memory_order_relaxed); }
  const TimeHistogram& durations() const { return durations_; }

 private:
  const Times times_;
  bool chosen_ = false;
  int untimed_ = 1;  // as many until the next that is timed
  absl::Time asked_at_ = absl::InfinitePast();
  absl::Time timed_at_ = absl::InfinitePast();
  CodeCounters codes_;
  std::atomic<uint64_t> further_attempts_{0};
  TimeHistogram durations_;
};

namespace internal {

// A call, while it runs.
class Measuring {
 public:
  // `measures` may be null: nothing is measured. `began`: it did so earlier, and is timed.
  Measuring(CallMeasures* measures, const Loop& loop, absl::Time began = absl::InfinitePast())
      : measures_(measures), loop_(loop), began_(began) {
    if (measures_ == nullptr || began_ != absl::InfinitePast()) return;
    if (measures_->IsTimed(loop_.EarliestNow())) began_ = loop_.Now();
  }
  Measuring(const Measuring&) = delete;
  ~Measuring() {
    if (measures_ == nullptr) return;
    measures_->Ended(code_);
    if (began_ != absl::InfinitePast()) measures_->Took(loop_.Now() - began_);
  }

  void FurtherAttempt() {
    if (measures_ != nullptr) measures_->FurtherAttempt();
  }
  void Ended(const absl::Status& status) { code_ = status.code(); }
  // Somebody else measures the rest: when it began, for him.
  absl::Time HandOver() {
    measures_ = nullptr;
    return began_;
  }

 private:
  CallMeasures* measures_;
  const Loop& loop_;
  absl::Time began_;
  absl::StatusCode code_ = absl::StatusCode::kCancelled;
};

}  // namespace internal
}  // namespace chains
