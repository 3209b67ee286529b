#include "chains/core/typical_time.h"

#include <gtest/gtest.h>

namespace chains {
namespace {

constexpr auto kOk = absl::StatusCode::kOk;
constexpr absl::Duration kMillisecond = absl::Milliseconds(1);

class TypicalTimeTest : public ::testing::Test {
 protected:
  void Took(int times, absl::Duration time, absl::StatusCode outcome = kOk) {
    for (int i = 0; i < times; ++i) typical_.Took(time, outcome);
  }
  int TimedOf(int calls) {
    int timed = 0;
    for (int i = 0; i < calls; ++i) timed += typical_.IsToBeTimed() ? 1 : 0;
    return timed;
  }
  TypicalTime typical_;
};

TEST_F(TypicalTimeTest, KnowsNothingUntilItHasSeenEnough) {
  Took(TypicalTime::kEnough - 1, absl::Seconds(1));
  EXPECT_EQ(typical_.least(), absl::ZeroDuration());
  EXPECT_EQ(typical_.mean(), absl::ZeroDuration());
  Took(1, absl::Seconds(1));
  EXPECT_GT(typical_.least(), absl::Milliseconds(500));
  EXPECT_EQ(typical_.mean(), absl::Seconds(1));
}

TEST_F(TypicalTimeTest, WhatAlwaysTakesAsLongNeedsAsLong) {
  Took(60, 100 * kMillisecond);
  EXPECT_GT(typical_.least(), 99 * kMillisecond);
  EXPECT_LE(typical_.least(), 100 * kMillisecond);
}

TEST_F(TypicalTimeTest, WhatIsOftenShorterNeedsNoTimeForSure) {
  for (int i = 0; i < 50; ++i) {  // a cache that hits half the time
    Took(1, 2 * kMillisecond);
    Took(1, 100 * kMillisecond);
  }
  EXPECT_LT(typical_.least(), 10 * kMillisecond);
}

TEST_F(TypicalTimeTest, FollowsWhatBecomesSlowerAndFaster) {
  Took(50, 10 * kMillisecond);
  Took(50, 100 * kMillisecond);
  EXPECT_GT(typical_.least(), 90 * kMillisecond);
  Took(1, 10 * kMillisecond);  // one that is much faster is enough for doubt
  EXPECT_LT(typical_.least(), 50 * kMillisecond);
  Took(50, 10 * kMillisecond);
  EXPECT_LT(typical_.least(), 11 * kMillisecond);
}

TEST_F(TypicalTimeTest, ShortTimesAreNotWorthTelling) {
  Took(100, absl::Microseconds(900));
  EXPECT_EQ(typical_.least(), absl::ZeroDuration());
  EXPECT_GT(typical_.mean(), absl::Microseconds(800));
}

TEST_F(TypicalTimeTest, WhatFailedByItselfSaysNothing) {
  Took(50, 10 * kMillisecond);
  const absl::Duration before = typical_.least();
  Took(50, absl::Microseconds(1), absl::StatusCode::kInternal);
  Took(50, absl::Seconds(9), absl::StatusCode::kUnavailable);
  EXPECT_EQ(typical_.least(), before);
}

TEST_F(TypicalTimeTest, WhatWasGivenUpTookLongerThanThat) {
  Took(50, 10 * kMillisecond);
  Took(50, kMillisecond, absl::StatusCode::kCancelled);  // a client that left early
  EXPECT_GT(typical_.least(), 9 * kMillisecond);
  Took(50, absl::Seconds(1), absl::StatusCode::kDeadlineExceeded);
  EXPECT_GT(typical_.least(), absl::Milliseconds(500));
}

TEST_F(TypicalTimeTest, CallersThatGaveUpAfterTheSameTimeAreNotHopelessForThat) {
  Took(100, absl::Seconds(1), absl::StatusCode::kDeadlineExceeded);
  EXPECT_GT(typical_.least(), absl::ZeroDuration());
  EXPECT_LT(typical_.least(), absl::Milliseconds(800));
}

TEST_F(TypicalTimeTest, TimesTheFirstAndThenAFew) {
  EXPECT_EQ(TimedOf(100), 100);  // none was told
  Took(8, absl::Microseconds(10));
  EXPECT_EQ(TimedOf(1), 1);
  EXPECT_EQ(TimedOf(640), 10);
  Took(50, 100 * kMillisecond);
  TimedOf(64);
  EXPECT_EQ(TimedOf(64), 8);
}

TEST_F(TypicalTimeTest, APartOfTheHopelessIsTriedAnyway) {
  const absl::Time now = absl::FromUnixSeconds(1000);
  EXPECT_TRUE(typical_.TriesAnyway(now));
  int tried = 0;
  for (int i = 0; i < 160; ++i) tried += typical_.TriesAnyway(now) ? 1 : 0;
  EXPECT_EQ(tried, 10);
  EXPECT_FALSE(typical_.TriesAnyway(now));
  EXPECT_TRUE(typical_.TriesAnyway(now + absl::Seconds(1)));  // where few come, all of them
  EXPECT_TRUE(typical_.TriesAnyway(now + absl::Seconds(2)));
}

}  // namespace
}  // namespace chains
