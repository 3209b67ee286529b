#include "chains/policy/breaker.h"

#include <optional>

#include <gtest/gtest.h>

namespace chains {
namespace {

using State = Breaker::State;
using Pass = Breaker::Pass;

class BreakerTest : public ::testing::Test {
 protected:
  static Circuit Settings() {
    return {.on = true,
            .consecutive_failures = 3,
            .failure_ratio = 0.5,
            .min_calls = 10,
            .window = absl::Seconds(10),
            .open_for = absl::Seconds(5),
            .probes = 1};
  }
  // Whether a call was let through; it ends at once.
  bool Call(bool fails) {
    const Breaker::Entry entry = breaker_->Enter(now_);
    if (entry.refused()) return false;
    breaker_->Ended(entry, fails, now_);
    return true;
  }
  void Open() {
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(Call(true));
    ASSERT_EQ(breaker_->state(), State::kOpen);
  }

  absl::Time now_ = absl::FromUnixSeconds(1'900'000'000);
  std::optional<Breaker> breaker_{Settings()};
};

TEST_F(BreakerTest, StaysClosedWhileCallsEndWell) {
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(Call(false));
  EXPECT_EQ(breaker_->state(), State::kClosed);
}

TEST_F(BreakerTest, OpensAfterFailuresInARowAndRefuses) {
  EXPECT_TRUE(Call(true));
  EXPECT_TRUE(Call(true));
  EXPECT_TRUE(Call(false));  // in a row no more
  Open();
  EXPECT_FALSE(Call(false));
}

TEST_F(BreakerTest, SaysWhenToComeAgain) {
  Open();
  now_ += absl::Seconds(2);
  EXPECT_EQ(breaker_->Enter(now_).wait, absl::Seconds(3));
}

TEST_F(BreakerTest, OpensAtAShareOfFailuresOfEnoughCalls) {
  for (int i = 0; i < 4; ++i) {
    EXPECT_TRUE(Call(false));
    EXPECT_TRUE(Call(true));
  }
  EXPECT_EQ(breaker_->state(), State::kClosed);  // 8 calls are too few
  EXPECT_TRUE(Call(false));
  EXPECT_TRUE(Call(true));
  EXPECT_EQ(breaker_->state(), State::kOpen);
}

TEST_F(BreakerTest, ForgetsWhatIsOlderThanItsWindow) {
  for (int i = 0; i < 4; ++i) {
    Call(true);
    Call(false);
  }
  now_ += absl::Seconds(11);
  for (int i = 0; i < 9; ++i) Call(i % 2 == 0);
  EXPECT_EQ(breaker_->state(), State::kClosed);
}

TEST_F(BreakerTest, ForgetsSlotBySlot) {
  for (int i = 0; i < 5; ++i) Call(i % 2 == 0);  // 3 of 5 failed
  now_ += absl::Seconds(6);
  for (int i = 0; i < 4; ++i) Call(false);  // 3 of 9
  now_ += absl::Seconds(5);                 // the first five are gone
  for (int i = 0; i < 4; ++i) Call(i % 2 == 1);
  EXPECT_EQ(breaker_->state(), State::kClosed);
}

TEST_F(BreakerTest, LetsOneProbeThroughAtATimeAndClosesWhenItIsWell) {
  Open();
  now_ += absl::Seconds(5);
  const Breaker::Entry probe = breaker_->Enter(now_);
  EXPECT_EQ(probe.pass, Pass::kProbe);
  EXPECT_EQ(breaker_->state(), State::kHalfOpen);
  EXPECT_FALSE(Call(false));
  breaker_->Ended(probe, false, now_);
  EXPECT_EQ(breaker_->state(), State::kClosed);
  EXPECT_TRUE(Call(true));
  EXPECT_TRUE(Call(true));
  EXPECT_EQ(breaker_->state(), State::kClosed);  // it counts anew
}

TEST_F(BreakerTest, NeedsAllOfItsProbesToBeWell) {
  Circuit settings = Settings();
  settings.probes = 2;
  breaker_.emplace(settings);
  Open();
  now_ += absl::Seconds(5);
  const Breaker::Entry first = breaker_->Enter(now_);
  const Breaker::Entry second = breaker_->Enter(now_);
  EXPECT_FALSE(Call(false));
  breaker_->Ended(first, false, now_);
  EXPECT_EQ(breaker_->state(), State::kHalfOpen);
  EXPECT_FALSE(Call(false));
  breaker_->Ended(second, true, now_);
  EXPECT_EQ(breaker_->state(), State::kOpen);
}

TEST_F(BreakerTest, StaysOpenTwiceAsLongAfterAProbeThatFailedUpToEightTimes) {
  Open();
  for (const int seconds : {5, 10, 20, 40, 40}) {
    now_ += absl::Seconds(seconds) - absl::Milliseconds(1);
    EXPECT_FALSE(Call(true)) << seconds;
    now_ += absl::Milliseconds(1);
    EXPECT_TRUE(Call(true)) << seconds;
  }
  now_ += absl::Seconds(40);
  EXPECT_TRUE(Call(false));
  Open();
  now_ += absl::Seconds(5);  // begins anew
  EXPECT_TRUE(Call(false));
}

TEST_F(BreakerTest, LetsAnotherProbeGoWhenOneWasDropped) {
  Open();
  now_ += absl::Seconds(5);
  const Breaker::Entry probe = breaker_->Enter(now_);
  EXPECT_FALSE(Call(false));
  breaker_->Dropped(probe);
  EXPECT_TRUE(Call(false));
  EXPECT_EQ(breaker_->state(), State::kClosed);
}

TEST_F(BreakerTest, IgnoresCallsThatBeganBeforeItChanged) {
  const Breaker::Entry old = breaker_->Enter(now_);
  Open();
  now_ += absl::Seconds(5);
  const Breaker::Entry probe = breaker_->Enter(now_);
  breaker_->Ended(old, true, now_);
  EXPECT_EQ(breaker_->state(), State::kHalfOpen);
  breaker_->Ended(probe, false, now_);
  EXPECT_EQ(breaker_->state(), State::kClosed);
  for (int i = 0; i < 10; ++i) breaker_->Ended(old, true, now_);
  EXPECT_EQ(breaker_->state(), State::kClosed);
}

TEST_F(BreakerTest, RefusesNothingInADryRunButGoesThroughTheSameStates) {
  Circuit settings = Settings();
  settings.dry_run = true;
  breaker_.emplace(settings);
  Open();
  const Breaker::Entry ignored = breaker_->Enter(now_);
  EXPECT_EQ(ignored.pass, Pass::kIgnored);
  breaker_->Ended(ignored, false, now_);
  EXPECT_EQ(breaker_->state(), State::kOpen);
  now_ += absl::Seconds(5);
  EXPECT_TRUE(Call(false));
  EXPECT_EQ(breaker_->state(), State::kClosed);
}

}  // namespace
}  // namespace chains
