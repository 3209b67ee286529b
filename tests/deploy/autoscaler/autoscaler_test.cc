// Autoscaler: each rule of its header, on a fake clock.
#include "deploy/autoscaler/autoscaler.h"

#include <cmath>
#include <limits>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/deploy/autoscaler/curve.h"

namespace chains::deploy {
namespace {

using ::testing::HasSubstr;

class AutoscalerTest : public ::testing::Test {
 protected:
  AutoscalerTest() {
    settings_.set_max_replica(10);
    settings_.set_scale_down_delay_sec(100);
  }
  Autoscaler Make(int current) { return Autoscaler(settings_, current, now_); }
  void Pass(double seconds) { now_ += absl::Seconds(seconds); }
  // Decides every second for so long; the last decision.
  Autoscaler::Decision DecideFor(Autoscaler& scaler, int seconds) {
    Autoscaler::Decision decision;
    for (int i = 0; i < seconds; ++i) {
      Pass(1);
      decision = scaler.Decide(now_);
    }
    return decision;
  }

  v1::Autoscaling settings_ = DefaultAutoscaling();
  absl::Time now_ = CurveBegin();
};

TEST_F(AutoscalerTest, TheFormulaIsInFlightOverTargetTimesUtilization) {
  settings_.set_concurrency_target(2);
  Autoscaler scaler = Make(1);
  scaler.Observe(now_, 4.2);
  const auto decision = DecideFor(scaler, 60);
  EXPECT_EQ(decision.wanted, 3);
  EXPECT_EQ(decision.why, "4.2 in flight over 60s ÷ (2 × 70 %) = 3");
}

TEST_F(AutoscalerTest, WhatTheFormulaAsksForBeyondTheBoundIsSaid) {
  settings_.set_max_replica(3);
  Autoscaler scaler = Make(3);
  scaler.Observe(now_, 4.2);
  EXPECT_EQ(DecideFor(scaler, 60).why, "4.2 in flight over 60s ÷ (1 × 70 %) = 6, at most 3");
}

TEST_F(AutoscalerTest, ALoadThatFillsItsReplicasExactlyNeedsNoOtherOne) {
  Autoscaler scaler = Make(3);
  for (int i = 0; i < 300; ++i) {
    scaler.Observe(now_, 2.1);  // 3 × 70 %
    ASSERT_EQ(scaler.Decide(now_).wanted, 3) << i;
    Pass(0.1);
  }
}

TEST_F(AutoscalerTest, FromZeroAnyDemandCountsAtOnceAsItIs) {
  Autoscaler scaler = Make(0);
  EXPECT_EQ(DecideFor(scaler, 100).wanted, 0);
  scaler.Observe(now_, 3);
  const auto decision = scaler.Decide(now_);
  EXPECT_EQ(decision.wanted, 5);
  EXPECT_TRUE(decision.changed);
  EXPECT_EQ(decision.why, "3 waiting ÷ (1 × 70 %) = 5");
  EXPECT_FALSE(scaler.Decide(now_).changed);
}

TEST_F(AutoscalerTest, FromZeroTheLeastDemandMakesOneReplica) {
  settings_.set_concurrency_target(100);
  Autoscaler scaler = Make(0);
  scaler.Observe(now_, 0.001);
  EXPECT_EQ(scaler.Decide(now_).wanted, 1);
}

TEST_F(AutoscalerTest, AStepOfManyTimesTheLoadIsMetWithinTheShortWindow) {
  Autoscaler scaler = Make(1);
  scaler.Observe(now_, 0.5);
  DecideFor(scaler, 300);
  scaler.Observe(now_, 7);
  EXPECT_EQ(DecideFor(scaler, 6).wanted, 10);
}

TEST_F(AutoscalerTest, AfterZeroTheShortWindowCountsSoThatARampIsFollowed) {
  Autoscaler scaler = Make(0);
  DecideFor(scaler, 100);
  for (const int in_flight : {1, 2, 3, 4, 5}) {
    scaler.Observe(now_, in_flight);
    EXPECT_EQ(DecideFor(scaler, 6).wanted, std::ceil(in_flight / 0.7)) << in_flight;
  }
}

TEST_F(AutoscalerTest, ABurstThatIsOverBeforeTheShortWindowIsWeighed) {
  Autoscaler scaler = Make(2);
  scaler.Observe(now_, 1);
  DecideFor(scaler, 60);
  scaler.Observe(now_, 8);
  Pass(0.1);
  scaler.Observe(now_, 1);
  EXPECT_EQ(DecideFor(scaler, 10).wanted, 2);
}

TEST_F(AutoscalerTest, ReplicasGoAfterTheDelayByTheRateInStepsThatAreApart) {
  Autoscaler scaler = Make(8);
  scaler.Observe(now_, 0.5);
  EXPECT_EQ(DecideFor(scaler, 99).wanted, 8);
  EXPECT_THAT(scaler.Decide(now_).why, HasSubstr("8 were needed within 100s"));
  EXPECT_EQ(DecideFor(scaler, 2).wanted, 4);
  EXPECT_EQ(DecideFor(scaler, 5).wanted, 4);
  EXPECT_EQ(DecideFor(scaler, 1).wanted, 2);
  EXPECT_EQ(DecideFor(scaler, 6).wanted, 1);
  EXPECT_EQ(DecideFor(scaler, 1000).wanted, 1);
}

TEST_F(AutoscalerTest, HowOftenItIsAskedMakesNoDifferenceToHowFastItGoesDown) {
  Autoscaler scaler = Make(8);
  scaler.Observe(now_, 0.5);
  Pass(101);
  scaler.Decide(now_);
  Pass(101);
  for (int i = 0; i < 50; ++i) scaler.Decide(now_ + absl::Milliseconds(i));
  EXPECT_EQ(scaler.wanted(), 4);
}

TEST_F(AutoscalerTest, OnePeakWithinTheDelayKeepsWhatItNeeded) {
  Autoscaler scaler = Make(6);
  scaler.Observe(now_, 0.5);
  DecideFor(scaler, 50);
  scaler.Observe(now_, 2.8);  // 4 replicas, over a window
  DecideFor(scaler, 60);
  scaler.Observe(now_, 0.5);
  EXPECT_EQ(DecideFor(scaler, 60).wanted, 4);
  EXPECT_EQ(DecideFor(scaler, 120).wanted, 1);
}

TEST_F(AutoscalerTest, TheLastReplicaGoesWhenNothingWasInFlightForTheDelay) {
  Autoscaler scaler = Make(1);
  scaler.Observe(now_, 0.5);
  Pass(10);
  scaler.Observe(now_, 0);
  EXPECT_EQ(DecideFor(scaler, 99).wanted, 1);
  const auto decision = DecideFor(scaler, 1);
  EXPECT_EQ(decision.wanted, 0);
  EXPECT_EQ(decision.why, "nothing in flight for 100s");
}

TEST_F(AutoscalerTest, WithoutADelayTheLastReplicaStaysForTheWindow) {
  settings_.set_scale_down_delay_sec(0);
  Autoscaler scaler = Make(1);
  EXPECT_EQ(DecideFor(scaler, 59).wanted, 1);
  EXPECT_EQ(DecideFor(scaler, 1).wanted, 0);
}

TEST_F(AutoscalerTest, WithAMinimumItNeverGoesToZero) {
  settings_.set_min_replica(2);
  Autoscaler scaler = Make(0);
  EXPECT_EQ(scaler.Decide(now_).why, "at least 2");
  EXPECT_EQ(scaler.wanted(), 2);
  EXPECT_EQ(DecideFor(scaler, 2000).wanted, 2);
}

TEST_F(AutoscalerTest, CallsThatNoSampleShowsKeepTheLastReplica) {
  Autoscaler scaler = Make(1);
  for (int i = 0; i < 50; ++i) {
    scaler.Observe(now_, 0);
    scaler.Wake(now_);
    EXPECT_EQ(DecideFor(scaler, 20).wanted, 1);
  }
  EXPECT_EQ(DecideFor(scaler, 100).wanted, 0);
}

TEST_F(AutoscalerTest, WhoIsWokenHasAReplicaAndKeepsItForTheDelay) {
  Autoscaler scaler = Make(0);
  scaler.Wake(now_);
  const auto decision = scaler.Decide(now_);
  EXPECT_EQ(decision.wanted, 1);
  EXPECT_EQ(decision.why, "woken up");
  EXPECT_EQ(DecideFor(scaler, 99).wanted, 1);
  EXPECT_EQ(DecideFor(scaler, 1).wanted, 0);
}

TEST_F(AutoscalerTest, NewBoundsActAtOnceWithoutADelay) {
  Autoscaler scaler = Make(6);
  scaler.Observe(now_, 4);
  scaler.Decide(now_);
  settings_.set_max_replica(2);
  scaler.SetSettings(settings_);
  EXPECT_EQ(scaler.Decide(now_).why, "at most 2");
  EXPECT_EQ(scaler.wanted(), 2);
  settings_.set_max_replica(20);
  settings_.set_min_replica(9);
  scaler.SetSettings(settings_);
  EXPECT_EQ(scaler.Decide(now_).wanted, 9);
}

TEST_F(AutoscalerTest, ANewWindowBeginsWithTheLoadOfNow) {
  Autoscaler scaler = Make(4);
  scaler.Observe(now_, 2.8);
  DecideFor(scaler, 30);
  settings_.set_autoscaling_window_sec(600);
  scaler.SetSettings(settings_);
  EXPECT_EQ(scaler.Decide(now_).why, "2.8 in flight over 600s ÷ (1 × 70 %) = 4");
}

TEST_F(AutoscalerTest, AShorterDelayBeginsAnew) {
  Autoscaler scaler = Make(4);
  scaler.Observe(now_, 0.5);
  DecideFor(scaler, 90);
  settings_.set_scale_down_delay_sec(20);
  scaler.SetSettings(settings_);
  EXPECT_EQ(DecideFor(scaler, 19).wanted, 4);
  EXPECT_LT(DecideFor(scaler, 3).wanted, 4);
}

TEST_F(AutoscalerTest, TimeThatGoesBackwardsStandsStill) {
  Autoscaler scaler = Make(1);
  scaler.Observe(now_, 0.5);
  DecideFor(scaler, 60);
  scaler.Observe(now_ - absl::Hours(1), 0.6);
  const auto decision = scaler.Decide(now_ - absl::Hours(2));
  EXPECT_EQ(decision.wanted, 1);
  EXPECT_THAT(decision.why, HasSubstr("0.5 in flight over 60s"));
}

TEST_F(AutoscalerTest, AfterAGapTheLastSampleCounts) {
  Autoscaler scaler = Make(4);
  scaler.Observe(now_, 2.8);
  Pass(24 * 3600);
  EXPECT_EQ(scaler.Decide(now_).wanted, 4);
}

TEST_F(AutoscalerTest, SamplesThatAreNoNumbersCountAsNothingAndHugeOnesDoNotOverflow) {
  Autoscaler scaler = Make(1);
  scaler.Observe(now_, std::numeric_limits<double>::quiet_NaN());
  EXPECT_EQ(scaler.Decide(now_).wanted, 1);
  scaler.Observe(now_, -5);
  EXPECT_EQ(scaler.Decide(now_).wanted, 1);
  scaler.Observe(now_, std::numeric_limits<double>::infinity());
  EXPECT_EQ(DecideFor(scaler, 60).wanted, 10);
}

}  // namespace
}  // namespace chains::deploy
