// Meter: when calls start and when a run is over, and what is counted of it. Pure but for processor
// times: who makes the calls tells it the time.
//
//   Meter meter(plan, payloads);
//   for (meter.Tick(now()); !meter.over(); meter.Tick(now())) {
//     while (SomethingIsIdle() && meter.MayStart(now())) Send(meter.Start(now()));
//     WaitForAnswers(until the earlier of meter.NextTick() and, if idle, meter.NextStart());
//     for (each answer) meter.Answered(call, now());      // or meter.Failed(call, …)
//   }
//   Report report = std::move(meter).Take();
//
// The warm-up is a closed loop. A call counts where it ends while measuring: in a closed loop also
// one that started in the warm-up, while an open loop begins with none in flight. For one thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "deploy/load/plan.h"
#include "deploy/load/report.h"

namespace chains::load {

class Meter {
 public:
  using Time = std::chrono::steady_clock::time_point;

  // One call, from Start() to Answered() or Failed().
  struct Call {
    Time due;            // its latency counts from here, and its timeout
    size_t payload = 0;  // which one it sends
  };

  // `plan` is valid, `payloads` is not empty; both outlive the meter.
  Meter(const Plan& plan, const std::vector<Payload>& payloads);

  // Fails calls that were due so long ago that they are late for good, and ends a run whose time is
  // over. To be called before MayStart(), and at NextTick().
  void Tick(Time now);
  bool over() const { return stage_ == Stage::kOver; }

  bool MayStart(Time now) const;
  // MayStart(now) is true.
  Call Start(Time now);
  void Answered(const Call& call, Time now);
  // `kind` as in Report::errors_by_kind.
  void Failed(const Call& call, Time now, std::string_view kind, std::string_view words);

  // When MayStart() becomes true without an answer; the clock's maximum where it will not.
  Time NextStart() const;
  // When Tick() has something to do; the clock's maximum where it has not.
  Time NextTick() const;

  // Not OK where the warm-up found nobody to answer: the run was given up.
  const absl::Status& status() const { return status_; }
  // over() is true.
  Report Take() &&;

 private:
  enum class Stage { kWarmUp, kMeasuring, kOver };

  bool is_open() const { return plan_.rate > 0; }
  Time Due(int64_t i) const;
  void Begin(Time now);
  void End(Time now);
  void WarmedUp(Time now, std::string_view failure);
  void Count(std::string_view kind, std::string_view words);
  void EndAtBound(Time now);

  const Plan& plan_;
  const std::vector<Payload>& payloads_;
  const std::chrono::nanoseconds timeout_;
  const std::chrono::nanoseconds duration_;
  const int64_t warm_up_;
  int64_t total_ = 0;  // to start while measuring; 0: unbounded

  Stage stage_ = Stage::kWarmUp;
  int64_t warm_started_ = 0;
  int64_t warm_answered_ = 0;
  int64_t warm_failed_ = 0;
  Time begin_;
  int64_t started_ = 0;    // while measuring, those that were late for good included
  int64_t ended_ = 0;      // while measuring, well or not
  int64_t in_flight_ = 0;  // whenever started
  std::vector<absl::Duration> processor_begin_;
  absl::Status status_;
  Report report_;
};

}  // namespace chains::load
