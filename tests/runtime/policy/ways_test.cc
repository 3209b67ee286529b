// Which way a call takes, and which ways are left out, as BalancedChannel chooses.
#include <deque>
#include <memory>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "chains/contract/status_path.h"
#include "chains/core/all.h"
#include "chains/core/wait.h"
#include "chains/policy/balanced.h"
#include "chains/policy/elastic_channel.h"
#include "chains/testing/running.h"
#include "scripted_channel.h"

namespace chains {
namespace {

using testing::kEach;
using testing::kIdempotent;
using testing::Running;
using testing::Script;
using testing::ScriptedChannel;
using Count = EdgeCounters::Count;

class WaysTest : public ::testing::Test {
 protected:
  void Make(size_t count, Balancing settings = {}) {
    std::vector<std::unique_ptr<Channel>> channels;
    for (size_t i = 0; i < count; ++i) {
      channels.push_back(std::make_unique<ScriptedChannel>(ways_.emplace_back()));
    }
    channel_ = std::make_unique<BalancedChannel>(std::move(channels), settings, &counters_);
  }
  Task<Bytes> Call() { return channel_->Unary(kIdempotent, Bytes()); }
  static Task<int> OneByOne(WaysTest* test, int count) {
    int failed = 0;
    for (int i = 0; i < count; ++i) {
      const auto outcome = co_await Outcome(test->Call());
      failed += outcome.ok() ? 0 : 1;
    }
    co_return failed;
  }
  // How many of `count` calls failed, one after the other.
  int Calls(int count) { return Wait(OneByOne(this, count), clock_).value(); }
  void AtOnce(int count) {
    std::vector<Task<Bytes>> calls;
    for (int i = 0; i < count; ++i) calls.push_back(Call());
    ASSERT_TRUE(Wait(AllSettled(std::move(calls)), clock_).ok());
  }
  void Forget() {
    for (Script& way : ways_) way.calls = way.most_in_flight = way.dropped = 0;
  }
  uint64_t Counted(Count which) const { return counters_.of(which); }

  testing::FakeClock clock_;
  EdgeCounters counters_;
  std::deque<Script> ways_;
  std::unique_ptr<BalancedChannel> channel_;
};

TEST_F(WaysTest, ASlowWayIsLeftOutAndProbedByFewCalls) {
  Make(3);
  ways_[0].hold = absl::Milliseconds(100);
  Calls(200);
  EXPECT_EQ(Counted(EdgeCounters::kWaysLeftOut), 1u);
  Forget();
  Calls(500);  // half a second: it is not even probed
  EXPECT_EQ(ways_[0].calls, 0);
  clock_.Advance(absl::Seconds(1));
  Calls(2000);
  EXPECT_GE(ways_[0].calls, 1);  // a probe, for each of its times out
  EXPECT_LE(ways_[0].calls, 3);
}

TEST_F(WaysTest, AWayThatIsWellAgainComesBackAfterProbesAndWarmsUp) {
  Make(2, {.ejected_for = absl::Seconds(1), .warm_up = absl::Seconds(10)});
  ways_[0].hold = absl::Milliseconds(100);
  Calls(200);
  ASSERT_EQ(Counted(EdgeCounters::kWaysLeftOut), 1u);
  ways_[0].hold = absl::Milliseconds(1);
  clock_.Advance(absl::Seconds(1));
  Calls(20);
  EXPECT_EQ(Counted(EdgeCounters::kWaysBack), 1u);
  Forget();
  Calls(1000);  // the first second of ten
  EXPECT_GT(ways_[0].calls, 20);
  EXPECT_LT(ways_[0].calls, 250);
  clock_.Advance(absl::Seconds(10));
  Forget();
  Calls(1000);
  EXPECT_GT(ways_[0].calls, 300);
}

TEST_F(WaysTest, AllThatAreEquallySlowStayIn) {
  Make(3);
  for (Script& way : ways_) way.hold = absl::Milliseconds(100);
  Calls(300);
  EXPECT_EQ(Counted(EdgeCounters::kWaysLeftOut), 0u);
}

TEST_F(WaysTest, AFewSlowCallsOfManyLeaveNoWayOut) {
  Make(2);
  for (int round = 0; round < 20; ++round) {
    Calls(19);
    ways_[0].hold = absl::Milliseconds(500);
    Calls(1);
    ways_[0].hold = absl::Milliseconds(1);
  }
  EXPECT_EQ(Counted(EdgeCounters::kWaysLeftOut), 0u);
}

TEST_F(WaysTest, AWayThatFailsMoreThanTheOthersIsLeftOut) {
  Make(3);
  ways_[0].status = absl::InternalError("broken");
  Calls(600);
  EXPECT_EQ(Counted(EdgeCounters::kWaysLeftOut), 1u);
  Forget();
  Calls(300);
  EXPECT_EQ(ways_[0].calls, 0);
}

TEST_F(WaysTest, WhatFailsEverywhereIsNoWaysFault) {
  Make(3);
  for (Script& way : ways_) way.status = absl::InternalError("a bug");
  Calls(500);
  EXPECT_EQ(Counted(EdgeCounters::kWaysLeftOut), 0u);
}

TEST_F(WaysTest, AChainletThatAnswersUnavailableWasReached) {
  Make(2);
  const absl::Status answered = WithHop(absl::UnavailableError("my own callee is gone"),
                                        {.chainlet = "t.T", .method = "Run", .replica = "t-0"});
  for (Script& way : ways_) way.status = answered;
  Calls(100);
  EXPECT_EQ(Counted(EdgeCounters::kWaysLeftOut), 0u);
}

TEST_F(WaysTest, ACallThatIsRepeatedAtOnceDoesNotMeetTheSameDeadReplica) {
  Make(3);
  ways_[0].status = absl::UnavailableError("nothing listens");
  for (int round = 0; round < 50; ++round) {
    if (Calls(1) == 0) continue;
    EXPECT_EQ(Calls(20), 0);  // within the doubt
    clock_.Advance(absl::Seconds(40));
  }
  EXPECT_GE(ways_[0].calls, 3);
}

TEST_F(WaysTest, ARequestThatNeverLeftGoesToAnotherReplicaWhateverItsMethod) {
  Make(3);
  ways_[0].unreachable = true;
  for (int i = 0; i < 100; ++i) {
    const absl::StatusOr<Bytes> reply =
        Wait(channel_->Unary(testing::kOnce, Bytes("hello")), clock_);
    ASSERT_TRUE(reply.ok()) << reply.status();
    EXPECT_EQ(reply->ToString(), "hello");
  }
  EXPECT_GE(ways_[0].calls, 1);
  EXPECT_EQ(ways_[1].calls + ways_[2].calls, 100);
}

TEST_F(WaysTest, ARequestThatCannotLeaveAnywhereFails) {
  Make(2);
  for (Script& way : ways_) way.unreachable = true;
  EXPECT_EQ(Calls(10), 10);
  EXPECT_LE(ways_[0].calls + ways_[1].calls, 20);
}

TEST_F(WaysTest, AProbeThatFailsLeavesTheWayOutForTwiceAsLong) {
  Make(2);
  ways_[0].status = absl::UnavailableError("nothing listens");
  Calls(300);
  EXPECT_EQ(ways_[0].calls, 3);
  for (const int seconds : {1, 2, 4}) {
    Forget();
    clock_.Advance(absl::Seconds(seconds) - absl::Milliseconds(400));
    Calls(100);
    EXPECT_EQ(ways_[0].calls, 0) << seconds;
    clock_.Advance(absl::Milliseconds(400));
    Calls(100);
    EXPECT_EQ(ways_[0].calls, 1) << seconds;
  }
}

TEST_F(WaysTest, InAPanicAllThatCanBeReachedTakeCalls) {
  Make(4, {.min_calls = 10});
  ways_[0].status = absl::InternalError("broken");
  Calls(600);
  ways_[1].status = absl::InternalError("broken");
  Calls(2000);
  ASSERT_EQ(Counted(EdgeCounters::kWaysLeftOut), 2u);
  EXPECT_FALSE(channel_->set().panic());
  ways_[2].status = absl::UnavailableError("nothing listens");
  Calls(300);
  EXPECT_TRUE(channel_->set().panic());
  Forget();
  Calls(400);
  EXPECT_GT(ways_[0].calls, 50);
  EXPECT_GT(ways_[1].calls, 50);
  EXPECT_EQ(ways_[2].calls, 0);
}

TEST_F(WaysTest, WhenNoneCanBeReachedAllAreTried) {
  Make(2);
  for (Script& way : ways_) way.status = absl::UnavailableError("nothing listens");
  EXPECT_EQ(Calls(40), 40);
  EXPECT_GT(ways_[0].calls, 5);
  EXPECT_GT(ways_[1].calls, 5);
}

TEST_F(WaysTest, WhatTheReplicaSaysOfOtherCallersCounts) {
  Make(2);
  for (Script& way : ways_) way.hold = absl::Milliseconds(10);
  Calls(10);
  ways_[0].load = {.in_flight = 40, .reports = 1};  // others' calls, but for one
  Calls(20);
  Forget();
  AtOnce(30);
  EXPECT_EQ(ways_[0].calls, 0);
  clock_.Advance(absl::Seconds(2));  // a report that old says nothing
  Forget();
  AtOnce(30);
  EXPECT_EQ(ways_[0].calls, 15);
}

TEST_F(WaysTest, CallsThatWereGivenUpAtTheirDeadlineSpeakAgainstAWay) {
  Make(2, {.latency_factor = 0});
  ways_[0].hold = absl::InfiniteDuration();
  for (int i = 0; i < 100; ++i) {
    Running<Bytes> call(clock_, WithTimeout(Call(), absl::Milliseconds(50)));
    clock_.RunUntil([&] { return call.done(); });
  }
  EXPECT_EQ(Counted(EdgeCounters::kWaysLeftOut), 1u);
}

TEST_F(WaysTest, CallersThatLeaveSayNothingOfAWay) {
  Make(2);
  for (int i = 0; i < 100; ++i) {
    Running<Bytes> call(clock_, Call());
    clock_.Settle();
  }
  EXPECT_EQ(ways_[0].dropped + ways_[1].dropped, 100);
  EXPECT_EQ(Counted(EdgeCounters::kWaysLeftOut), 0u);
}

TEST_F(WaysTest, EverythingCanBeTurnedOff) {
  Make(2, {.failures_to_eject = 0,
           .failure_ratio = 2,
           .latency_factor = 0,
           .warm_up = absl::ZeroDuration()});
  ways_[0].status = absl::UnavailableError("nothing listens");
  ways_[0].hold = absl::Seconds(1);
  Calls(400);
  EXPECT_EQ(Counted(EdgeCounters::kWaysLeftOut), 0u);
  EXPECT_GT(ways_[0].calls, 100);
}

TEST_F(WaysTest, HowLongAStreamTakesSaysNothingOfAWay) {
  Make(2);
  const auto read = [](Channel& channel) -> Task<void> {
    const auto requests = []() -> Stream<Bytes> {
      co_await Sleep(absl::Seconds(5));
      co_yield Bytes();
    };
    Stream<Bytes> replies = channel.Streaming(kEach, requests());
    while (co_await replies.Next()) {
    }
  };
  Calls(30);
  for (int i = 0; i < 30; ++i) {
    ASSERT_TRUE(Wait(read(*channel_), clock_).ok());
    const Running<void> leaves(clock_, read(*channel_));
    clock_.Settle();
    clock_.Advance(absl::Seconds(4));
  }
  Calls(300);
  EXPECT_EQ(Counted(EdgeCounters::kWaysLeftOut), 0u);
}

class ZoneTest : public ::testing::Test {
 protected:
  void Make(Balancing settings = {}) {
    channel_ = std::make_unique<ElasticChannel>(
        [this](const ElasticChannel::Way& way) {
          return std::make_unique<ScriptedChannel>(way.address == "near" ? near_ : far_);
        },
        ElasticChannel::Options{
            .name = "t.T", .balancing = settings, .zone = "east", .counters = &counters_});
    channel_->SetWays({{.address = "far", .zone = "west"}, {.address = "near", .zone = "east"}});
  }
  void AtOnce(int count) {
    std::vector<Task<Bytes>> calls;
    for (int i = 0; i < count; ++i) calls.push_back(channel_->Unary(kIdempotent, Bytes()));
    ASSERT_TRUE(Wait(AllSettled(std::move(calls)), clock_).ok());
  }

  testing::FakeClock clock_;
  EdgeCounters counters_;
  Script near_;
  Script far_;
  std::unique_ptr<ElasticChannel> channel_;
};

TEST_F(ZoneTest, CallsStayInTheirZoneWhileItIsNotBusy) {
  Make();
  for (int i = 0; i < 100; ++i) AtOnce(3);
  EXPECT_EQ(near_.calls, 300);
  EXPECT_EQ(far_.calls, 0);
}

TEST_F(ZoneTest, WhatABusyZoneCannotTakeGoesToAnother) {
  Make();
  AtOnce(60);
  EXPECT_GE(far_.calls, 15);
  EXPECT_GT(near_.calls, far_.calls);
  EXPECT_EQ(counters_.of(EdgeCounters::kSpilled), static_cast<uint64_t>(far_.calls));
}

TEST_F(ZoneTest, AZoneWhoseReplicasAreLeftOutIsLeft) {
  Make();
  near_.status = absl::UnavailableError("nothing listens");
  for (int i = 0; i < 20; ++i) AtOnce(1);
  EXPECT_EQ(near_.calls, 1);
  EXPECT_EQ(far_.calls, 19);
}

TEST_F(ZoneTest, ZonesDoNotMatterWhereTheyAreTurnedOff) {
  Make({.prefer_zone = false});
  AtOnce(60);
  EXPECT_EQ(near_.calls, 30);
  EXPECT_EQ(far_.calls, 30);
}

}  // namespace
}  // namespace chains
