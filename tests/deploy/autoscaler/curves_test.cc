// Autoscaler: what must hold on recorded curves of load, whatever their form.
#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/deploy/autoscaler/curve.h"

namespace chains::deploy {
namespace {

class CurvesTest : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    absl::StatusOr<Curve> curve = ReadCurve(std::string(CHAINS_CURVES "/") + GetParam() + ".csv");
    ASSERT_TRUE(curve.ok()) << curve.status();
    curve_ = *std::move(curve);
    moments_ = Play(curve_);
    ASSERT_GT(moments_.size(), 300u);
  }

  int Needed(double in_flight) const {
    const double each = curve_.settings.concurrency_target() *
                        curve_.settings.target_utilization_percentage() / 100.0;
    return std::clamp(static_cast<int>(std::ceil(in_flight / each - 1e-6)),
                      curve_.settings.min_replica(), curve_.settings.max_replica());
  }
  // The least that was in flight at any time of the `seconds` up to a moment.
  double LeastInFlight(size_t moment, int seconds) const {
    double least = moments_[moment].in_flight;
    const double from = moments_[moment].seconds - seconds;
    double standing = 0;  // the sample before the time in question
    for (const Curve::Sample& sample : curve_.samples) {
      if (sample.seconds > moments_[moment].seconds) break;
      if (sample.seconds <= from)
        standing = sample.in_flight;
      else
        least = std::min(least, sample.in_flight);
    }
    return std::min(least, standing);
  }

  Curve curve_;
  std::vector<Moment> moments_;
};

TEST_P(CurvesTest, ItStaysWithinItsBounds) {
  for (const Moment& moment : moments_) {
    EXPECT_GE(moment.wanted, curve_.settings.min_replica());
    EXPECT_LE(moment.wanted, curve_.settings.max_replica());
  }
}

TEST_P(CurvesTest, NoReplicaGoesWithinTheDelayAfterOneCame) {
  double came = -1e9;
  for (size_t i = 1; i < moments_.size(); ++i) {
    if (moments_[i].wanted > moments_[i - 1].wanted) came = moments_[i].seconds;
    if (moments_[i].wanted < moments_[i - 1].wanted) {
      EXPECT_GE(moments_[i].seconds - came, curve_.settings.scale_down_delay_sec())
          << "at " << moments_[i].seconds << ": " << moments_[i].why;
    }
  }
}

TEST_P(CurvesTest, NoStepDownIsLargerThanItsRate) {
  for (size_t i = 1; i < moments_.size(); ++i) {
    const int most =
        std::max(1, moments_[i - 1].wanted * curve_.settings.max_scale_down_rate() / 100);
    EXPECT_LE(moments_[i - 1].wanted - moments_[i].wanted, most) << moments_[i].seconds;
  }
}

TEST_P(CurvesTest, DemandAtZeroHasAReplicaWithTheNextDecision) {
  for (const Moment& moment : moments_) {
    if (moment.in_flight > 0) {
      EXPECT_GT(moment.wanted, 0) << moment.seconds;
    }
  }
}

TEST_P(CurvesTest, HalfOfWhatALoadNeedsIsThereAfterTheShortWindow) {
  const int window = static_cast<int>(curve_.settings.autoscaling_window_sec());
  const int short_window = std::clamp(window / 10, 2, 10);
  for (size_t i = 0; i < moments_.size(); ++i) {
    const double least = LeastInFlight(i, short_window + 1);
    EXPECT_GE(2 * moments_[i].wanted, Needed(least)) << "at " << moments_[i].seconds;
  }
}

TEST_P(CurvesTest, AllThatALoadNeedsIsThereAfterTheWindow) {
  const int window = static_cast<int>(curve_.settings.autoscaling_window_sec());
  for (size_t i = 0; i < moments_.size(); ++i) {
    const double least = LeastInFlight(i, window + 1);
    EXPECT_GE(moments_[i].wanted, Needed(least)) << "at " << moments_[i].seconds;
  }
}

TEST_P(CurvesTest, ItEndsAtZeroAfterTheDelayAndNotBefore) {
  EXPECT_EQ(moments_.back().wanted, 0);
  const double delay =
      std::max(curve_.settings.scale_down_delay_sec(), curve_.settings.autoscaling_window_sec());
  double used = -1e9;
  size_t sample = 0;
  double in_flight = 0;
  for (const Moment& moment : moments_) {
    for (; sample < curve_.samples.size() && curve_.samples[sample].seconds <= moment.seconds;
         ++sample) {
      if (in_flight > 0 || curve_.samples[sample].in_flight > 0)
        used = curve_.samples[sample].seconds;
      in_flight = curve_.samples[sample].in_flight;
    }
    if (in_flight > 0) used = moment.seconds;
    if (moment.changed && moment.wanted == 0) {
      EXPECT_GE(moment.seconds - used, delay);
    }
  }
}

TEST_P(CurvesTest, EveryChangeIsExplained) {
  for (const Moment& moment : moments_) {
    if (moment.changed) {
      EXPECT_GT(moment.why.size(), 10u) << moment.seconds;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(, CurvesTest,
                         ::testing::Values("idle", "ramp", "sawtooth", "slow_tail", "spike"),
                         [](const auto& info) { return std::string(info.param); });

TEST(RampTest, ARampTakesAChainletFromZeroToThreeAndBackToZero) {
  const absl::StatusOr<Curve> curve = ReadCurve(CHAINS_CURVES "/ramp.csv");
  ASSERT_TRUE(curve.ok()) << curve.status();
  std::vector<int> wanted;
  for (const Moment& moment : Play(*curve)) {
    if (wanted.empty() || moment.changed) wanted.push_back(moment.wanted);
  }
  EXPECT_THAT(wanted, ::testing::ElementsAre(0, 2, 3, 2, 1, 0));
}

}  // namespace
}  // namespace chains::deploy
