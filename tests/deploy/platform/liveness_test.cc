#include "deploy/platform/liveness.h"

#include <gtest/gtest.h>

namespace chains::deploy {
namespace {

class LivenessTest : public ::testing::Test {
 protected:
  LivenessTest() {
    replica_.state = Replica::State::kReady;
    replica_.reported = now_;
    liveness_.Look(now_);
  }
  // As time passes for a platform that runs.
  void Pass(absl::Duration duration) {
    for (const absl::Time end = now_ + duration; now_ < end; now_ += absl::Milliseconds(500)) {
      liveness_.Look(now_);
    }
  }
  bool IsSilent() const { return liveness_.IsSilent(replica_, now_); }

  absl::Time now_ = absl::FromUnixSeconds(1'900'000'000);
  Liveness liveness_{absl::Seconds(30)};
  Replica replica_;
};

TEST_F(LivenessTest, WhoSaysNothingForTheWholeTimeIsSilent) {
  Pass(absl::Seconds(29));
  EXPECT_FALSE(IsSilent());
  Pass(absl::Seconds(1));
  EXPECT_TRUE(IsSilent());
  replica_.reported = now_;
  EXPECT_FALSE(IsSilent());
}

TEST_F(LivenessTest, WhoIsIllIsExpectedToSaySo) {
  replica_.state = Replica::State::kUnhealthy;
  Pass(absl::Seconds(30));
  EXPECT_TRUE(IsSilent());
}

TEST_F(LivenessTest, WhoStartsOrLeavesIsNotWaitedFor) {
  Pass(absl::Seconds(60));
  replica_.state = Replica::State::kStarting;
  EXPECT_FALSE(IsSilent());
  replica_.state = Replica::State::kReady;
  replica_.draining = true;
  EXPECT_FALSE(IsSilent());
}

TEST_F(LivenessTest, APlatformThatSleptBlamesNobody) {
  Pass(absl::Seconds(5));
  now_ += absl::Hours(8);
  liveness_.Look(now_);
  EXPECT_FALSE(IsSilent());
  Pass(absl::Seconds(29));
  EXPECT_FALSE(IsSilent());
  Pass(absl::Seconds(1));
  EXPECT_TRUE(IsSilent());
}

TEST_F(LivenessTest, AClockThatIsSetBackBlamesNobodyEither) {
  Pass(absl::Seconds(5));
  now_ -= absl::Hours(1);
  liveness_.Look(now_);
  EXPECT_FALSE(IsSilent());
}

}  // namespace
}  // namespace chains::deploy
