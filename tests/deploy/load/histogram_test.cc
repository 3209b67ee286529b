// Histogram: how exact its quantiles are.
#include "deploy/load/histogram.h"

#include <cstdint>
#include <limits>

#include <gtest/gtest.h>

namespace chains::load {
namespace {

TEST(Histogram, IsEmptyAtFirst) {
  EXPECT_EQ(Histogram().count(), 0u);
  EXPECT_EQ(Histogram().Quantile(0.99), 0u);
}

TEST(Histogram, KnowsSmallValuesExactly) {
  Histogram histogram;
  for (uint64_t value = 1; value <= 100; ++value) histogram.Add(value);
  EXPECT_EQ(histogram.Quantile(0.5), 50u);
  EXPECT_EQ(histogram.Quantile(0.99), 99u);
  EXPECT_EQ(histogram.Quantile(1.0), 100u);
}

TEST(Histogram, KnowsEveryValueToWithinASixtyFourth) {
  for (uint64_t value = 1; value < std::numeric_limits<uint64_t>::max() / 3;
       value = 3 * value + 1) {
    Histogram histogram;
    histogram.Add(value);
    histogram.Add(std::numeric_limits<uint64_t>::max());  // so that the bucket's end shows
    EXPECT_GE(histogram.Quantile(0.5), value);
    EXPECT_LE(histogram.Quantile(0.5) - value, value / 64);
  }
}

TEST(Histogram, TakesTheLargestValue) {
  Histogram histogram;
  histogram.Add(std::numeric_limits<uint64_t>::max());
  EXPECT_EQ(histogram.Quantile(1.0), std::numeric_limits<uint64_t>::max());
}

TEST(Histogram, SaysNoMoreThanTheLargest) {
  Histogram histogram;
  histogram.Add(1'000'001);
  EXPECT_EQ(histogram.max(), 1'000'001u);
  EXPECT_EQ(histogram.Quantile(1.0), 1'000'001u);
}

TEST(Histogram, ATailOfOneInAThousandShows) {
  Histogram histogram;
  for (int i = 0; i < 998; ++i) histogram.Add(10);
  histogram.Add(50);
  histogram.Add(60);
  EXPECT_EQ(histogram.Quantile(0.99), 10u);
  EXPECT_EQ(histogram.Quantile(0.999), 50u);
}

}  // namespace
}  // namespace chains::load
