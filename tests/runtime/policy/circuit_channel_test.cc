#include "chains/policy/circuit_channel.h"

#include <memory>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "chains/contract/push_back.h"
#include "chains/core/wait.h"
#include "chains/testing/running.h"
#include "scripted_channel.h"

namespace chains {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::kEach;
using testing::kOnce;
using testing::Running;
using testing::Script;
using testing::ScriptedChannel;

class CircuitChannelTest : public ::testing::Test {
 protected:
  void Make(Circuit settings = {.consecutive_failures = 3, .open_for = absl::Seconds(5)}) {
    channel_ = std::make_unique<CircuitChannel>(
        std::make_unique<ScriptedChannel>(callee_), settings,
        CircuitChannel::Edge{.from = "t.Caller", .to = "t.T"}, counters_);
  }
  absl::Status Call() { return Wait(channel_->Unary(kOnce, Bytes()), clock_).status(); }
  void Open() {
    callee_.status = absl::UnavailableError("nothing listens");
    for (int i = 0; i < 3; ++i) EXPECT_FALSE(Call().ok());
    ASSERT_EQ(channel_->state(), Breaker::State::kOpen);
    callee_.calls = 0;
  }
  static Task<void> ReadAll(Channel& channel) {
    const auto requests = []() -> Stream<Bytes> { co_yield Bytes(); };
    Stream<Bytes> replies = channel.Streaming(kEach, requests());
    while (co_await replies.Next()) {
    }
  }

  testing::FakeClock clock_;
  EdgeCounters counters_;
  Script callee_;
  std::unique_ptr<CircuitChannel> channel_;
};

TEST_F(CircuitChannelTest, LetsCallsAndTheirFailuresThroughWhileItIsClosed) {
  Make();
  EXPECT_TRUE(Call().ok());
  callee_.status = absl::InternalError("broken");
  EXPECT_EQ(Call(), callee_.status);
}

TEST_F(CircuitChannelTest, AnOpenOneRefusesAtOnceNamesTheEdgeAndSaysWhenToComeAgain) {
  Make();
  Open();
  clock_.Advance(absl::Seconds(2));
  const absl::Time before = clock_.Now();
  const absl::Status refused = Call();
  EXPECT_EQ(clock_.Now(), before);
  EXPECT_EQ(callee_.calls, 0);
  EXPECT_TRUE(absl::IsUnavailable(refused));
  EXPECT_THAT(
      std::string(refused.message()),
      AllOf(HasSubstr("the circuit from t.Caller to t.T is open, after 3 failures in a row"),
            HasSubstr("UNAVAILABLE: nothing listens"), HasSubstr("tried again in 3s")));
  EXPECT_EQ(RetryAfterOf(refused), absl::Seconds(3));
  EXPECT_EQ(counters_.of(EdgeCounters::kCircuitOpened), 1u);
  EXPECT_EQ(counters_.of(EdgeCounters::kCircuitRefused), 1u);
}

TEST_F(CircuitChannelTest, ClosesWhenItsProbeIsAnswered) {
  Make();
  Open();
  callee_.status = absl::OkStatus();
  clock_.Advance(absl::Seconds(5));
  EXPECT_TRUE(Call().ok());
  EXPECT_TRUE(Call().ok());
  EXPECT_EQ(callee_.calls, 2);
}

TEST_F(CircuitChannelTest, WhatIsTheCallersFaultOrAFullCalleeDoesNotOpenIt) {
  Make();
  for (const absl::Status& status :
       {absl::InvalidArgumentError("x"), absl::ResourceExhaustedError("full"),
        absl::NotFoundError("x"), absl::PermissionDeniedError("x")}) {
    callee_.status = status;
    for (int i = 0; i < 5; ++i) EXPECT_EQ(Call(), status);
  }
  EXPECT_EQ(channel_->state(), Breaker::State::kClosed);
}

TEST_F(CircuitChannelTest, CallsThatWereGivenUpAtTheirDeadlineOpenIt) {
  Make();
  callee_.hold = absl::InfiniteDuration();
  for (int i = 0; i < 3; ++i) {
    Task<Bytes> call = WithTimeout(channel_->Unary(kOnce, Bytes()), absl::Seconds(1));
    EXPECT_TRUE(absl::IsDeadlineExceeded(Wait(std::move(call), clock_).status()));
  }
  EXPECT_EQ(channel_->state(), Breaker::State::kOpen);
}

TEST_F(CircuitChannelTest, CallersThatLeaveDoNot) {
  Make();
  callee_.hold = absl::InfiniteDuration();
  for (int i = 0; i < 10; ++i) {
    Running<Bytes> call(clock_, channel_->Unary(kOnce, Bytes()));
    clock_.Settle();
  }
  EXPECT_EQ(callee_.dropped, 10);
  EXPECT_EQ(channel_->state(), Breaker::State::kClosed);
}

TEST_F(CircuitChannelTest, AProbeWhoseCallerLeavesMakesRoomForAnother) {
  Make();
  Open();
  clock_.Advance(absl::Seconds(5));
  callee_.status = absl::OkStatus();
  {
    Running<Bytes> probe(clock_, channel_->Unary(kOnce, Bytes()));
    clock_.Settle();
    EXPECT_TRUE(absl::IsUnavailable(Call()));
  }
  EXPECT_TRUE(Call().ok());
}

TEST_F(CircuitChannelTest, StreamsCountAndAreRefusedAsCallsAre) {
  Make();
  callee_.status = absl::UnavailableError("cut");
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(absl::IsUnavailable(Wait(ReadAll(*channel_), clock_).status()));
  }
  EXPECT_EQ(channel_->state(), Breaker::State::kOpen);
  callee_.calls = 0;
  EXPECT_TRUE(RetryAfterOf(Wait(ReadAll(*channel_), clock_).status()).has_value());
  EXPECT_EQ(callee_.calls, 0);
  clock_.Advance(absl::Seconds(5));
  callee_.status = absl::OkStatus();
  EXPECT_TRUE(Wait(ReadAll(*channel_), clock_).ok());
  EXPECT_EQ(channel_->state(), Breaker::State::kClosed);
}

TEST_F(CircuitChannelTest, ADryRunOnlyCounts) {
  Make({.consecutive_failures = 3, .open_for = absl::Seconds(5), .dry_run = true});
  Open();
  EXPECT_EQ(Call(), callee_.status);
  EXPECT_EQ(callee_.calls, 1);
  EXPECT_EQ(counters_.of(EdgeCounters::kCircuitWouldRefuse), 1u);
  EXPECT_EQ(counters_.of(EdgeCounters::kCircuitRefused), 0u);
}

}  // namespace
}  // namespace chains
