// Meter: what is counted, on a clock that the test turns.
#include "deploy/load/meter.h"

#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace chains::load {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using ::testing::ElementsAre;
using ::testing::Pair;
using ::testing::StartsWith;

class MeterTest : public ::testing::Test {
 protected:
  Meter& Make(Plan plan) {
    plan_ = std::move(plan);
    meter_.emplace(plan_, payloads_);
    meter_->Tick(now_);
    return *meter_;
  }
  Meter::Call Start() {
    EXPECT_TRUE(meter_->MayStart(now_));
    return meter_->Start(now_);
  }
  void Call() { meter_->Answered(Start(), now_); }
  Report Take() {
    EXPECT_TRUE(meter_->over());
    return std::move(*meter_).Take();
  }

  Plan plan_;
  std::vector<Payload> payloads_ = {{.body = "a"}};
  std::optional<Meter> meter_;
  Meter::Time now_ = Meter::Time(std::chrono::hours(1));
};

TEST_F(MeterTest, AClosedLoopEndsAfterItsCalls) {
  Meter& meter = Make({.calls = 3, .warm_up = 0});
  const Meter::Call first = Start();
  const Meter::Call second = Start();
  Start();
  EXPECT_FALSE(meter.MayStart(now_));
  now_ += milliseconds(2);
  meter.Answered(second, now_);
  EXPECT_FALSE(meter.MayStart(now_));
  now_ += milliseconds(2);
  meter.Answered(first, now_);
  meter.Answered(first, now_);
  const Report report = Take();
  EXPECT_EQ(report.calls, 3);
  EXPECT_EQ(report.latencies.max(), 4'000'000u);
  EXPECT_EQ(report.elapsed, absl::Milliseconds(4));
  EXPECT_EQ(report.calls_per_second(), 750);
}

TEST_F(MeterTest, AClosedLoopEndsInTimeWhenNobodyAnswers) {
  Meter& meter = Make({.duration = absl::Seconds(1), .warm_up = 0});
  Start();
  EXPECT_EQ(meter.NextTick(), now_ + std::chrono::seconds(1));
  now_ += milliseconds(999);
  meter.Tick(now_);
  EXPECT_FALSE(meter.over());
  now_ += milliseconds(1);
  meter.Tick(now_);
  const Report report = Take();
  EXPECT_EQ(report.calls, 0);
  EXPECT_EQ(report.unfinished, 1);
}

TEST_F(MeterTest, TheWarmUpIsNotCounted) {
  Meter& meter = Make({.duration = absl::Seconds(1), .warm_up = 2});
  const Meter::Call slow = Start();
  now_ += std::chrono::seconds(10);
  meter.Answered(slow, now_);
  meter.Failed(Start(), now_, "closed", "at first");
  EXPECT_EQ(meter.NextTick(), now_ + std::chrono::seconds(1));
  Call();
  now_ += std::chrono::seconds(1);
  Call();
  const Report report = Take();
  EXPECT_EQ(report.calls, 2);
  EXPECT_EQ(report.errors, 0);
  EXPECT_EQ(report.latencies.max(), 0u);
}

TEST_F(MeterTest, AWarmUpThatNobodyAnswersGivesUp) {
  Meter& meter = Make({.in_flight = 2, .calls = 1, .warm_up = 100});
  meter.Failed(Start(), now_, "connect", "connect: refused");
  EXPECT_FALSE(meter.over());
  meter.Failed(Start(), now_, "connect", "connect: refused");
  EXPECT_TRUE(meter.over());
  EXPECT_EQ(meter.status(), absl::UnavailableError("connect: refused"));
}

TEST_F(MeterTest, AnOpenLoopStartsCallsWhenTheyAreDue) {
  Meter& meter = Make({.in_flight = 10, .rate = 100, .calls = 3, .warm_up = 0});
  Start();
  EXPECT_FALSE(meter.MayStart(now_));
  EXPECT_EQ(meter.NextStart(), now_ + milliseconds(10));
  now_ += milliseconds(10);
  Start();
  EXPECT_FALSE(meter.MayStart(now_));
  now_ += milliseconds(10);
  Start();
  EXPECT_EQ(meter.NextStart(), Meter::Time::max());
}

TEST_F(MeterTest, AnOpenLoopWaitsForTheEndOfItsWarmUp) {
  Meter& meter = Make({.rate = 100, .calls = 1, .warm_up = 2});
  const Meter::Call first = Start();
  const Meter::Call second = Start();
  EXPECT_FALSE(meter.MayStart(now_));
  meter.Answered(first, now_);
  EXPECT_FALSE(meter.MayStart(now_));
  meter.Answered(second, now_);
  Call();
  EXPECT_EQ(Take().calls, 1);
}

// A server stalls for 100 ms: a closed loop would see one slow call, but 100 were due meanwhile.
TEST_F(MeterTest, AStallIsChargedToEveryCallThatItDelays) {
  Meter& meter = Make({.rate = 1000, .calls = 200, .warm_up = 0});
  const Meter::Call stalled = Start();
  now_ += milliseconds(100);
  meter.Answered(stalled, now_);
  while (!meter.over()) {
    if (!meter.MayStart(now_)) now_ = meter.NextStart();
    Call();
  }
  const Report report = Take();
  EXPECT_EQ(report.calls, 200);
  EXPECT_EQ(report.latencies.max(), 100'000'000u);
  EXPECT_NEAR(static_cast<double>(report.latencies.Quantile(0.75)), 50e6, 1e6);
  EXPECT_EQ(report.latencies.Quantile(0.49), 0u);
  EXPECT_EQ(report.lateness.max(), 99'000'000u);
}

TEST_F(MeterTest, CallsThatCannotStartInTimeFail) {
  Meter& meter =
      Make({.rate = 1000, .calls = 100, .warm_up = 0, .timeout = absl::Milliseconds(20)});
  const Meter::Call stalled = Start();
  EXPECT_EQ(meter.NextTick(), now_ + milliseconds(21));
  now_ += milliseconds(50);
  meter.Tick(now_);
  meter.Failed(stalled, now_, "timeout", "no response");
  while (!meter.over()) {
    if (!meter.MayStart(now_)) now_ = meter.NextStart();
    Call();
  }
  const Report report = Take();
  EXPECT_THAT(report.errors_by_kind, ElementsAre(Pair("late", 30), Pair("timeout", 1)));
  EXPECT_EQ(report.calls, 69);
  EXPECT_EQ(report.errors, 31);
}

TEST_F(MeterTest, AnOpenLoopMakesAsManyCallsAsAreDueInItsTime) {
  Make({.rate = 30, .duration = absl::Milliseconds(100), .warm_up = 0});
  for (int i = 0; i < 3; ++i) {
    Call();
    now_ += microseconds(33'334);
  }
  EXPECT_EQ(Take().calls, 3);
}

TEST_F(MeterTest, ErrorsAreCountedByKindAndTheFirstOneKeepsItsWords) {
  Meter& meter = Make({.calls = 4, .warm_up = 0});
  meter.Failed(Start(), now_, "HTTP 503", "HTTP 503: busy");
  meter.Failed(Start(), now_, "closed", "closed: reset");
  meter.Failed(Start(), now_, "HTTP 503", "HTTP 503: still busy");
  Call();
  const Report report = Take();
  EXPECT_THAT(report.errors_by_kind, ElementsAre(Pair("HTTP 503", 2), Pair("closed", 1)));
  EXPECT_EQ(report.first_error, "HTTP 503: busy");
  EXPECT_EQ(report.calls, 1);
  EXPECT_EQ(report.latencies.count(), 1u);
}

TEST_F(MeterTest, EndsAtAsManyErrorsAsAreAllowed) {
  Meter& meter = Make({.calls = 100, .max_errors = 2, .warm_up = 0});
  meter.Failed(Start(), now_, "closed", "once");
  EXPECT_FALSE(meter.over());
  meter.Failed(Start(), now_, "closed", "twice");
  EXPECT_EQ(Take().errors, 2);
}

TEST_F(MeterTest, PayloadsTakeTurnsAndUncountedOnesLeaveNoTrace) {
  payloads_ = {{.body = "slow", .counted = false}, {.body = "fast"}, {.body = "fast"}};
  Meter& meter = Make({.calls = 6, .warm_up = 0});
  std::vector<size_t> turns;
  while (!meter.over()) {
    const Meter::Call call = Start();
    turns.push_back(call.payload);
    if (call.payload == 0) now_ += milliseconds(50);
    meter.Answered(call, now_);
  }
  EXPECT_THAT(turns, ElementsAre(0, 1, 2, 0, 1, 2));
  const Report report = Take();
  EXPECT_EQ(report.calls, 4);
  EXPECT_EQ(report.latencies.max(), 0u);
}

std::string Refusal(const Plan& plan) { return std::string(Validate(plan).message()); }

TEST(Plan, SaysWhichFieldMakesNoSense) {
  EXPECT_EQ(Refusal({.calls = 1}), "");
  EXPECT_THAT(Refusal({}), StartsWith("duration or calls:"));
  EXPECT_THAT(Refusal({.in_flight = 0, .calls = 1}), StartsWith("in_flight:"));
  EXPECT_THAT(Refusal({.rate = -1, .calls = 1}), StartsWith("rate:"));
  EXPECT_THAT(Refusal({.calls = 1, .timeout = absl::ZeroDuration()}), StartsWith("timeout:"));
}

}  // namespace
}  // namespace chains::load
