// Which requests are traced, by lots that the test draws.
#include "gateway/app/sampling.h"

#include <limits>

#include <gtest/gtest.h>

namespace chains::gateway {
namespace {

class SamplingTest : public ::testing::Test {
 protected:
  static v1::Tracing Tracing(double drawn, double recorded, uint32_t asked = 0) {
    v1::Tracing tracing;
    tracing.set_drawn(drawn);
    tracing.set_recorded(recorded);
    tracing.set_max_asked_per_second(asked);
    return tracing;
  }
  Sampling::Verdict Judge(double lot, bool asked = false, std::string_view deployment = "d1") {
    lot_ = lot;
    lots_ = 0;
    return sampling_.Judge(deployment, asked, now_);
  }

  double lot_ = 0;
  int lots_ = 0;
  Sampling sampling_{[this] {
    ++lots_;
    return lot_;
  }};
  absl::Time now_ = absl::FromUnixSeconds(1800000000);
};

TEST_F(SamplingTest, TracesNothingUntilItIsTold) {
  EXPECT_TRUE(sampling_.off());
  EXPECT_FALSE(Judge(0).traced);
  EXPECT_FALSE(Judge(0, /*asked=*/true).traced);
  EXPECT_EQ(lots_, 0);
}

TEST_F(SamplingTest, OneLotSaysWhetherItIsKeptOrOnlyWrittenDown) {
  sampling_.Update(Tracing(0.01, 0.05));
  EXPECT_FALSE(sampling_.off());
  EXPECT_TRUE(Judge(0.009).drawn);
  EXPECT_TRUE(Judge(0.009).traced);
  EXPECT_FALSE(Judge(0.01).drawn);
  EXPECT_TRUE(Judge(0.049).traced);
  EXPECT_FALSE(Judge(0.05).traced);
  EXPECT_EQ(lots_, 1);
}

TEST_F(SamplingTest, WhatIsDrawnIsRecordedAndSharesAreNumbersUpToOne) {
  sampling_.Update(Tracing(0.5, 0.1));
  EXPECT_TRUE(Judge(0.4).traced);
  sampling_.Update(Tracing(7, -1));
  EXPECT_TRUE(Judge(0.999).drawn);
  sampling_.Update(Tracing(std::numeric_limits<double>::quiet_NaN(), -3));
  EXPECT_TRUE(sampling_.off());
  EXPECT_FALSE(Judge(0).traced);
}

TEST_F(SamplingTest, CallersMayAskSoOftenAndNewsOfThePlatformGiveThemNoMore) {
  sampling_.Update(Tracing(0, 0, 2));
  EXPECT_TRUE(Judge(0.9, true).asked);
  EXPECT_TRUE(Judge(0.9, true).traced);
  sampling_.Update(Tracing(0, 0, 2));
  EXPECT_FALSE(Judge(0.9, true).traced);
  now_ += absl::Seconds(1);
  EXPECT_TRUE(Judge(0.9, true).asked);
  EXPECT_FALSE(Judge(0.9, false).traced);
}

TEST_F(SamplingTest, ADeploymentThatIsRecordedHasItsShareOfRequestsTracedWithMessages) {
  v1::Tracing tracing = Tracing(0, 0);
  v1::RecordingOrder& order = *tracing.add_recordings();
  order.set_deployment("d1");
  order.set_share(0.25);
  order.set_id("r7");
  tracing.add_recordings()->set_deployment("d1");  // without an id or a share it is none
  sampling_.Update(tracing);
  EXPECT_EQ(Judge(0.2).recording, "r7");
  EXPECT_TRUE(Judge(0.2).traced);
  EXPECT_FALSE(Judge(0.2).asked || Judge(0.2).drawn);
  EXPECT_FALSE(Judge(0.25).traced);
  EXPECT_FALSE(Judge(0.2, false, "d2").traced);
  sampling_.Update(Tracing(0, 0));
  EXPECT_FALSE(Judge(0).traced);
}

TEST_F(SamplingTest, TellsOfFiftyFailuresASecond) {
  int told = 0;
  for (int i = 0; i < 200; ++i) told += sampling_.MayTellOfFailure(now_) ? 1 : 0;
  EXPECT_EQ(told, 50);
  now_ += absl::Milliseconds(100);
  EXPECT_TRUE(sampling_.MayTellOfFailure(now_));
}

TEST(Sampling, ItsOwnLotsAreAboutAsManyAsItSays) {
  Sampling sampling;
  v1::Tracing tracing;
  tracing.set_drawn(0.5);
  sampling.Update(tracing);
  int traced = 0;
  for (int i = 0; i < 10'000; ++i) traced += sampling.Judge("", false, absl::UnixEpoch()).traced;
  EXPECT_GT(traced, 4'500);
  EXPECT_LT(traced, 5'500);
}

}  // namespace
}  // namespace chains::gateway
