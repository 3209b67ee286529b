// The search for a limit: what it makes of stays, as a function.
#include "chains/policy/limit_finder.h"

#include <algorithm>

#include <gtest/gtest.h>

namespace chains {
namespace {

// A chainlet under more load than it can take: `stay_of(limit)` is how long a stay takes with so
// many at a time.
template <typename StayOf>
class Loaded {
 public:
  Loaded(LimitFinder::Options options, StayOf stay_of) : finder_(options), stay_of_(stay_of) {}
  // Turns for so long; the lowest and the highest limit meanwhile.
  std::pair<size_t, size_t> Run(absl::Duration duration) {
    std::pair<size_t, size_t> limits(finder_.limit(), finder_.limit());
    for (const absl::Time end = now_ + duration; now_ < end;) {
      const size_t inside = finder_.limit();
      const absl::Duration stay = stay_of_(inside);
      now_ += stay;
      const size_t limit = finder_.Next({.stay = stay, .left = inside, .ended = now_});
      limits = {std::min(limits.first, limit), std::max(limits.second, limit)};
    }
    return limits;
  }
  LimitFinder& finder() { return finder_; }

 private:
  LimitFinder finder_;
  StayOf stay_of_;
  absl::Time now_ = absl::FromUnixSeconds(1'900'000'000);
};

// One processor: whoever is inside shares it.
absl::Duration Computes(size_t inside) {
  return absl::Milliseconds(10) * static_cast<double>(inside);
}

TEST(LimitFinderTest, BeginsWithTheLeast) {
  EXPECT_EQ(LimitFinder({.min = 3, .max = 100}).limit(), 3u);
  EXPECT_EQ(LimitFinder({.min = 3, .max = 100}).unloaded(), absl::ZeroDuration());
}

TEST(LimitFinderTest, WhereAStayTakesNoLongerTheLimitDoublesToTheMost) {
  Loaded load({.min = 4, .max = 256}, [](size_t) { return absl::Milliseconds(100); });
  load.Run(absl::Seconds(3));
  EXPECT_EQ(load.finder().limit(), 256u);
  EXPECT_EQ(load.finder().unloaded(), absl::Milliseconds(100));
}

TEST(LimitFinderTest, WhereAllShareAProcessorAFewRun) {
  Loaded load({.min = 2, .max = 1000}, Computes);
  load.Run(absl::Seconds(30));
  const auto [least, most] = load.Run(absl::Minutes(10));
  EXPECT_GE(least, 2u);
  EXPECT_LE(most, 20u);
}

// A backend that does 40 at a time, in 50 ms.
TEST(LimitFinderTest, FindsWhatABackendCanTake) {
  Loaded load({.min = 4, .max = 1000}, [](size_t inside) {
    return absl::Milliseconds(50) * std::max(1.0, static_cast<double>(inside) / 40);
  });
  load.Run(absl::Seconds(20));
  const auto [least, most] = load.Run(absl::Minutes(10));
  EXPECT_GE(least, 30u);  // while it measures
  EXPECT_LE(most, 80u);
  EXPECT_GE(load.finder().limit(), 40u);
}

TEST(LimitFinderTest, AfterAChangeItMeasuresAnew) {
  absl::Duration work = absl::Milliseconds(20);
  Loaded load({.min = 4, .max = 200}, [&](size_t) { return work; });
  load.Run(absl::Seconds(10));
  EXPECT_EQ(load.finder().limit(), 200u);
  work = absl::Milliseconds(200);  // requests are ten times as large now
  const auto [least, most] = load.Run(absl::Seconds(60));
  EXPECT_LT(least, 50u);  // it looked like a queue
  EXPECT_EQ(load.finder().unloaded(), work);
  EXPECT_EQ(load.finder().limit(), 200u);
  EXPECT_EQ(most, 200u);
}

TEST(LimitFinderTest, OnTrialItDoesNotLowerTheLimitToMeasure) {
  Loaded load({.min = 4, .max = 64, .probes = false},
              [](size_t) { return absl::Milliseconds(100); });
  load.Run(absl::Seconds(10));
  const auto [least, most] = load.Run(absl::Minutes(5));
  EXPECT_EQ(least, 64u);
  EXPECT_EQ(most, 64u);
}

TEST(LimitFinderTest, StaysBetweenItsBounds) {
  absl::Duration stay = absl::Milliseconds(1);
  Loaded load({.min = 8, .max = 9}, [&](size_t) { return stay; });
  for (int i = 0; i < 1000; ++i) {
    const auto [least, most] = load.Run(absl::Milliseconds(60));
    EXPECT_GE(least, 8u);
    EXPECT_LE(most, 9u);
    stay = absl::Milliseconds(1 + (i * 7919) % 100);
  }
}

// No time passed, or a clock went backwards.
TEST(LimitFinderTest, SurvivesStaysThatTookNoTime) {
  LimitFinder finder({.min = 1, .max = 10});
  for (int i = 0; i < 100; ++i) {
    const absl::Duration stay = absl::Milliseconds(i % 3 == 0 ? 20 : -1);
    const size_t limit = finder.Next({.stay = stay, .left = 5, .ended = absl::UnixEpoch()});
    EXPECT_GE(limit, 1u);
    EXPECT_LE(limit, 10u);
  }
}

}  // namespace
}  // namespace chains
