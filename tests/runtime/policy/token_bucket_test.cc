#include "chains/policy/token_bucket.h"

#include <gtest/gtest.h>

#include "chains/testing/status_matchers.h"

namespace chains {
namespace {

using testing::IsOkAndHolds;
using testing::StatusIs;

constexpr absl::Time kStart = absl::FromUnixSeconds(1'900'000'000);

TEST(TokenBucketTest, GivesABurstAndThenItsRate) {
  TokenBucket bucket({.per_second = 10, .burst = 3});
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(bucket.Take(kStart));
  EXPECT_FALSE(bucket.Take(kStart));
  EXPECT_FALSE(bucket.Take(kStart + absl::Milliseconds(99)));
  EXPECT_TRUE(bucket.Take(kStart + absl::Milliseconds(101)));
  int taken = 0;
  for (int i = 1; i <= 1000; ++i) {
    taken += bucket.Take(kStart + absl::Seconds(1) + absl::Milliseconds(10 * i)) ? 1 : 0;
  }
  EXPECT_NEAR(taken, 100, 4);
}

TEST(TokenBucketTest, SaysHowLongToWaitAndThenThereIsOne) {
  TokenBucket bucket({.per_second = 0.5, .burst = 1});
  EXPECT_EQ(bucket.Wait(kStart), absl::ZeroDuration());
  EXPECT_TRUE(bucket.Take(kStart));
  const absl::Duration wait = bucket.Wait(kStart);
  EXPECT_GE(wait, absl::Seconds(2));
  EXPECT_LT(wait, absl::Seconds(2.001));
  EXPECT_TRUE(bucket.Take(kStart + wait));
}

TEST(TokenBucketTest, IsNeverFullerThanItsBurst) {
  TokenBucket bucket({.per_second = 10, .burst = 5});
  EXPECT_TRUE(bucket.Take(kStart));
  EXPECT_EQ(bucket.Left(kStart), 4);
  EXPECT_EQ(bucket.UntilFull(kStart), absl::Milliseconds(100));
  EXPECT_EQ(bucket.Left(kStart + absl::Hours(10'000)), 5);
  EXPECT_EQ(bucket.UntilFull(kStart + absl::Hours(10'000)), absl::ZeroDuration());
}

TEST(TokenBucketTest, AClockThatGoesBackGivesNothingAndTakesNothing) {
  TokenBucket bucket({.per_second = 10, .burst = 2});
  EXPECT_TRUE(bucket.Take(kStart));
  EXPECT_EQ(bucket.Left(kStart - absl::Hours(1)), 1);
  EXPECT_TRUE(bucket.Take(kStart - absl::Hours(1)));
  EXPECT_FALSE(bucket.Take(kStart - absl::Hours(1)));
  EXPECT_TRUE(bucket.Take(kStart - absl::Hours(1) + absl::Milliseconds(101)));
}

TEST(RateTest, IsANumberByATime) {
  EXPECT_THAT(ParseRate("50/s"), IsOkAndHolds(50));
  EXPECT_THAT(ParseRate("50"), IsOkAndHolds(50));
  EXPECT_THAT(ParseRate("0.5"), IsOkAndHolds(0.5));
  EXPECT_THAT(ParseRate("30/m"), IsOkAndHolds(0.5));
  EXPECT_THAT(ParseRate("1800/h"), IsOkAndHolds(0.5));
  EXPECT_THAT(ParseRate("1000000/s"), IsOkAndHolds(1e6));
}

TEST(RateTest, WhatIsNoneIsRefused) {
  for (const char* text :
       {"", "/s", "x/s", "50/d", "50/ss", "-1/s", "0/s", "nan", "inf/s", "1e300", "1000001/s"}) {
    EXPECT_THAT(ParseRate(text), StatusIs(absl::StatusCode::kInvalidArgument)) << text;
  }
}

TEST(RateTest, IsShownAsItIsWritten) {
  for (const char* text : {"50/s", "30/m", "7/h", "1.5/s", "0.5/h"}) {
    EXPECT_EQ(RateText(*ParseRate(text)), text);
  }
}

}  // namespace
}  // namespace chains
