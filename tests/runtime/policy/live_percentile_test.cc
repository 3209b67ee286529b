#include "chains/policy/live_percentile.h"

#include <gtest/gtest.h>

namespace chains {
namespace {

double Ms(absl::Duration duration) { return absl::ToDoubleMilliseconds(duration); }

TEST(LivePercentileTest, IsNothingWithoutSamples) {
  LivePercentile p95(95);
  EXPECT_EQ(p95.samples(), 0u);
  EXPECT_EQ(p95.value(), absl::ZeroDuration());
}

TEST(LivePercentileTest, IsRightToAnEighth) {
  for (const double percentile : {50.0, 90.0, 95.0, 99.0}) {
    LivePercentile live(percentile);
    for (int i = 1; i <= 1000; ++i) live.Add(absl::Microseconds(100 * i));
    EXPECT_NEAR(Ms(live.value()), percentile, percentile / 8) << percentile;
  }
}

TEST(LivePercentileTest, FollowsWhatIsNewWithinTwoWindows) {
  LivePercentile p50(50, 100);
  for (int i = 0; i < 1000; ++i) p50.Add(absl::Milliseconds(1));
  EXPECT_NEAR(Ms(p50.value()), 1, 0.125);
  for (int i = 0; i < 200; ++i) p50.Add(absl::Milliseconds(50));
  EXPECT_NEAR(Ms(p50.value()), 50, 7);
}

TEST(LivePercentileTest, LooksAnewAlsoWhenFewSamplesCame) {
  LivePercentile p95(95);
  p95.Add(absl::Milliseconds(4));
  EXPECT_NEAR(Ms(p95.value()), 4, 0.5);
  p95.Add(absl::Milliseconds(8));
  EXPECT_NEAR(Ms(p95.value()), 8, 1);
}

TEST(LivePercentileTest, HoldsWhatIsOutOfRangeAtItsEnds) {
  LivePercentile p99(99);
  p99.Add(absl::Seconds(-3));
  EXPECT_LE(p99.value(), absl::Microseconds(1));
  for (int i = 0; i < 10; ++i) p99.Add(absl::InfiniteDuration());
  EXPECT_GE(p99.value(), absl::Hours(1));
  EXPECT_LE(p99.value(), absl::Hours(2));
}

}  // namespace
}  // namespace chains
