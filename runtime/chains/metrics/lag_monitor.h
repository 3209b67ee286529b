// LagMonitor: how late a loop comes to what is due, looked at four times a second.
//
//   LagMonitor monitor(reactor);
//   monitor.lags().AddTo(counts);   // any thread
//
// gRPC's queue, on which reactors wait, keeps time in milliseconds: up to one of them is its own.
#pragma once

#include "absl/time/time.h"
#include "chains/core/loop.h"
#include "chains/core/time_histogram.h"

namespace chains {

// Made before the loop runs, or on it; goes when it does not run any more.
class LagMonitor final : private Loop::Timer {
 public:
  static constexpr absl::Duration kPeriod = absl::Milliseconds(250);
  explicit LagMonitor(Loop& loop) : loop_(loop) { Next(loop_.Now()); }

  const TimeHistogram& lags() const { return lags_; }

 private:
  void Fire() override {
    const absl::Time now = loop_.Now();
    lags_.Add(now - due_);
    Next(now);
  }
  void Next(absl::Time now) {
    due_ = now + kPeriod;
    loop_.Arm(*this, due_);
  }

  Loop& loop_;
  absl::Time due_;
  TimeHistogram lags_;
};

}  // namespace chains
