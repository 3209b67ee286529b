// LoadHistory, RecentPeak and the settings; and Autoscaler under anything at random.
#include <algorithm>
#include <cmath>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "chains/testing/status_matchers.h"
#include "deploy/autoscaler/autoscaler.h"
#include "tests/deploy/autoscaler/curve.h"

namespace chains::deploy {
namespace {

using ::chains::testing::IsOk;
using ::chains::testing::StatusIs;
using ::testing::AllOf;
using ::testing::HasSubstr;

TEST(LoadHistoryTest, SamplesCountForAsLongAsTheyStand) {
  const absl::Time begin = CurveBegin();
  LoadHistory load(absl::Seconds(60), begin);
  load.Observe(begin, 1);
  load.Observe(begin + absl::Seconds(9), 11);
  EXPECT_DOUBLE_EQ(load.Average(begin + absl::Seconds(10), absl::Seconds(10)), 2);
  EXPECT_DOUBLE_EQ(load.Average(begin + absl::Seconds(10), absl::Seconds(1)), 11);
}

TEST(LoadHistoryTest, WhereNoTimeHasPassedTheLastSampleIsTheAverage) {
  LoadHistory load(absl::Seconds(60), CurveBegin());
  load.Observe(CurveBegin(), 3);
  load.Observe(CurveBegin(), 4);
  EXPECT_DOUBLE_EQ(load.Average(CurveBegin(), absl::Seconds(60)), 4);
}

TEST(LoadHistoryTest, AfterAWindowOfNothingTheAverageIsExactlyZero) {
  LoadHistory load(absl::Seconds(60), CurveBegin());
  absl::Time now = CurveBegin();
  for (int i = 0; i < 1000; ++i) {
    now += absl::Milliseconds(7 * (i % 11));
    load.Observe(now, 0.1 * i);
  }
  load.Observe(now, 0);
  EXPECT_EQ(load.Average(now + absl::Seconds(60), absl::Seconds(60)), 0);
}

TEST(LoadHistoryTest, ItIsNearTheExactAverageWithFewPoints) {
  std::mt19937 random(7);
  std::exponential_distribution<double> gap(20), value(0.2);
  const absl::Time begin = CurveBegin();
  LoadHistory load(absl::Seconds(60), begin);
  std::vector<std::pair<absl::Time, double>> samples;
  absl::Time now = begin;
  for (int i = 0; i < 20'000; ++i) {
    now += absl::Seconds(gap(random));
    samples.emplace_back(now, value(random));
    load.Observe(now, samples.back().second);
    ASSERT_LE(load.points(), LoadHistory::kMostPoints);
    if (i < 2000 || i % 500 != 0) continue;
    double exact = 0;
    for (size_t at = samples.size(); at-- > 0;) {
      const absl::Time to = at + 1 < samples.size() ? samples[at + 1].first : now;
      const absl::Time from = std::max(samples[at].first, now - absl::Seconds(60));
      if (to < from) break;
      exact += samples[at].second * absl::ToDoubleSeconds(to - from) / 60;
    }
    EXPECT_NEAR(load.Average(now, absl::Seconds(60)), exact, 0.2);
  }
}

TEST(RecentPeakTest, APeakStandsForTheSpanAfterItWasLastSo) {
  const absl::Time begin = CurveBegin();
  RecentPeak peak(absl::Seconds(10), 3, begin);
  peak.Note(begin + absl::Seconds(1), 5);
  peak.Note(begin + absl::Seconds(2), 1);
  EXPECT_EQ(peak.Highest(), 5);
  peak.Note(begin + absl::Seconds(11), 1);
  EXPECT_EQ(peak.Highest(), 5);
  peak.Note(begin + absl::Seconds(12), 1);
  EXPECT_EQ(peak.Highest(), 1);
}

TEST(RecentPeakTest, MoreNumbersThanItKeepsStayTooLongRatherThanTooShort) {
  const absl::Time begin = CurveBegin();
  RecentPeak peak(absl::Hours(1), 5000, begin);
  for (int i = 1; i <= 3000; ++i) peak.Note(begin + absl::Seconds(i), 5000 - i);
  EXPECT_EQ(peak.Highest(), 5000);
  peak.Note(begin + absl::Hours(3), 1);
  peak.Note(begin + absl::Hours(6), 1);
  EXPECT_EQ(peak.Highest(), 1);
}

TEST(SettingsTest, TheDefaultsAreValidAndEachFieldIsHeldToItsBounds) {
  EXPECT_THAT(ValidateAutoscaling(DefaultAutoscaling()), IsOk());
  const auto refused = [](const auto& change, const std::string& says) {
    v1::Autoscaling settings = DefaultAutoscaling();
    change(settings);
    EXPECT_THAT(ValidateAutoscaling(settings),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(says)));
  };
  using Settings = v1::Autoscaling;
  refused([](Settings& s) { s.set_min_replica(-1); }, "min_replica is -1; it must be from 0");
  refused([](Settings& s) { s.set_max_replica(0); }, "max_replica is 0; it must be from 1");
  refused([](Settings& s) { s.set_min_replica(2); }, "min_replica is 2, above max_replica");
  refused([](Settings& s) { s.set_autoscaling_window_sec(9.5); },
          "autoscaling_window is 9.5 s; it must be from 10 to 3600 s");
  refused([](Settings& s) { s.set_autoscaling_window_sec(NAN); }, "autoscaling_window is nan");
  refused([](Settings& s) { s.set_scale_down_delay_sec(-1); }, "scale_down_delay is -1 s");
  refused([](Settings& s) { s.set_scale_down_delay_sec(3601); }, "scale_down_delay is 3601 s");
  refused([](Settings& s) { s.set_max_scale_down_rate(51); },
          "max_scale_down_rate is 51 %; it must be from 1 to 50 %");
  refused([](Settings& s) { s.set_concurrency_target(0); }, "concurrency_target is 0");
  refused([](Settings& s) { s.set_target_utilization_percentage(101); },
          "target_utilization_percentage is 101 %");
}

TEST(SettingsTest, AChangeSetsItsFieldsAndLeavesTheOthers) {
  v1::ScalingChange change;
  change.set_max_replica(7);
  change.set_scale_down_delay_sec(0);
  change.set_cpus(3);
  const v1::Autoscaling changed = WithChange(DefaultAutoscaling(), change);
  v1::Autoscaling expected = DefaultAutoscaling();
  expected.set_max_replica(7);
  expected.set_scale_down_delay_sec(0);
  EXPECT_EQ(changed.SerializeAsString(), expected.SerializeAsString());
}

class RandomTest : public ::testing::TestWithParam<int> {
 protected:
  int Number(int least, int most) {
    return std::uniform_int_distribution<int>(least, most)(random_);
  }
  v1::Autoscaling Settings() {
    v1::Autoscaling settings;
    settings.set_max_replica(Number(1, 40));
    settings.set_min_replica(Number(0, 3) == 0 ? Number(0, settings.max_replica()) : 0);
    settings.set_autoscaling_window_sec(Number(10, 100));
    settings.set_scale_down_delay_sec(Number(0, 200));
    settings.set_max_scale_down_rate(Number(1, 50));
    settings.set_concurrency_target(Number(1, 5));
    settings.set_target_utilization_percentage(Number(1, 100));
    EXPECT_THAT(ValidateAutoscaling(settings), IsOk());
    return settings;
  }
  // Mostly small steps; sometimes none, back, or hours.
  absl::Duration Step() {
    const int kind = Number(0, 99);
    if (kind == 0) return absl::Hours(Number(1, 20));
    if (kind < 5) return -absl::Seconds(Number(0, 100));
    return absl::Milliseconds(kind < 10 ? 0 : Number(1, 3000));
  }

  std::mt19937 random_{static_cast<unsigned>(GetParam())};
};

TEST_P(RandomTest, BoundsDelayAndRateHoldForAnyLoadAtAnyTimes) {
  v1::Autoscaling settings = Settings();
  absl::Time told = CurveBegin();
  absl::Time now = told;  // never goes back
  Autoscaler scaler(settings, Number(0, 50), now);
  scaler.Decide(now);
  absl::Time came = now, used = now;
  double in_flight = 0;
  for (int i = 0; i < 3000; ++i) {
    told += Step();
    now = std::max(now, told);
    if (in_flight > 0) used = now;
    if (Number(0, 2) == 0) {
      in_flight = Number(0, 3) == 0 ? Number(0, 30) : 0;
      scaler.Observe(told, in_flight);
      if (in_flight > 0) used = now;
    }
    if (Number(0, 500) == 0) {
      settings = Settings();
      scaler.SetSettings(settings);
      scaler.Decide(told);  // goes to its new bounds at once, and after long idleness down
      came = absl::InfinitePast();
    }
    const int before = scaler.wanted();
    const Autoscaler::Decision decision = scaler.Decide(told);
    ASSERT_EQ(decision.wanted, scaler.wanted());
    ASSERT_EQ(decision.changed, decision.wanted != before);
    ASSERT_FALSE(decision.why.empty());
    ASSERT_GE(decision.wanted, settings.min_replica());
    ASSERT_LE(decision.wanted, settings.max_replica());
    if (in_flight > 0) {
      ASSERT_GT(decision.wanted, 0);
    }
    if (decision.wanted > before) came = now;
    if (decision.wanted >= before) continue;
    ASSERT_GE(now - came, absl::Seconds(settings.scale_down_delay_sec())) << decision.why;
    ASSERT_LE(before - decision.wanted, std::max(1, before * settings.max_scale_down_rate() / 100));
    if (decision.wanted == 0) {
      ASSERT_GE(now - used, absl::Seconds(settings.scale_down_delay_sec())) << decision.why;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(, RandomTest, ::testing::Range(1, 41));

}  // namespace
}  // namespace chains::deploy
