#include "chains/policy/hedging_channel.h"

#include <deque>
#include <memory>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "chains/core/all.h"
#include "chains/core/recording.h"
#include "chains/core/wait.h"
#include "chains/policy/balanced.h"
#include "chains/testing/running.h"
#include "scripted_channel.h"

namespace chains {
namespace {

using testing::kIdempotent;
using testing::kOnce;
using testing::Running;
using testing::Script;
using testing::ScriptedChannel;
using Count = EdgeCounters::Count;

// Balancing that learns nothing, so that a test decides what is slow.
constexpr Balancing kNaive = {.failures_to_eject = 0, .failure_ratio = 2, .latency_factor = 0};

class HedgingChannelTest : public ::testing::Test {
 protected:
  void Make(size_t count, Hedging settings = {.on = true}, AttemptBudget* budget = nullptr,
            Balancing balancing = kNaive) {
    std::vector<std::unique_ptr<Channel>> channels;
    for (size_t i = 0; i < count; ++i) {
      channels.push_back(std::make_unique<ScriptedChannel>(ways_.emplace_back()));
    }
    auto balanced = std::make_unique<BalancedChannel>(std::move(channels), balancing, &counters_);
    channel_ = std::make_unique<HedgingChannel>(std::move(balanced), settings, budget, counters_);
  }
  static Task<void> OneByOne(Channel& channel, int count) {
    for (int i = 0; i < count; ++i) {
      const auto outcome = co_await Outcome(channel.Unary(kIdempotent, Bytes()));
    }
  }
  // So many that it knows how long calls take, all of which end well.
  void Learn(int count = 200) {
    ASSERT_TRUE(Wait(OneByOne(*channel_, count), clock_).ok());
    ASSERT_LT(channel_->Alone(kIdempotent), absl::Milliseconds(3));
    Forget();
  }
  void Forget() {
    for (Script& way : ways_) way.calls = way.dropped = way.further_attempts = 0;
  }
  // How long one call took, and how it ended.
  absl::Duration Call(const Method& method = kIdempotent, Context context = {}) {
    const absl::Time began = clock_.Now();
    reply_ = Wait(channel_->Unary(method, Bytes("hello")), clock_, std::move(context));
    return clock_.Now() - began;
  }
  void AllTake(absl::Duration hold) {
    for (Script& way : ways_) way.hold = hold;
  }
  int AllCalls() const {
    int calls = 0;
    for (const Script& way : ways_) calls += way.calls;
    return calls;
  }
  uint64_t Counted(Count which) const { return counters_.of(which); }

  testing::FakeClock clock_;
  EdgeCounters counters_;
  std::deque<Script> ways_;
  std::unique_ptr<HedgingChannel> channel_;
  absl::StatusOr<Bytes> reply_ = Bytes();
};

TEST_F(HedgingChannelTest, MakesNoSecondAttemptBeforeItKnowsHowLongCallsTake) {
  Make(2);
  AllTake(absl::Seconds(1));
  Call();
  EXPECT_EQ(AllCalls(), 1);
}

TEST_F(HedgingChannelTest, MakesNoneForCallsThatTakeAsLongAsUsual) {
  Make(2);
  Learn();
  for (int i = 0; i < 100; ++i) Call();
  EXPECT_EQ(AllCalls(), 100);
}

TEST_F(HedgingChannelTest, ASecondAttemptOnTheOtherWayAnswersForASlowFirst) {
  Make(2, {.on = true, .max_extra = 1});
  Learn();
  // Whichever way is first is slow, the other is not.
  Running<Bytes> call(clock_, channel_->Unary(kIdempotent, Bytes("hello")));
  AllTake(absl::Milliseconds(1));
  Script& first = ways_[0].in_flight == 1 ? ways_[0] : ways_[1];
  EXPECT_EQ(first.in_flight, 1);
  clock_.RunUntil([&] { return call.done(); });
  first.hold = absl::Seconds(1);
  absl::Duration slowest;
  for (int i = 0; i < 10; ++i) slowest = std::max(slowest, Call());
  EXPECT_TRUE(reply_.ok());
  EXPECT_EQ(reply_->ToString(), "hello");
  EXPECT_LE(slowest, absl::Milliseconds(4));  // 2 alone, 1 for the other
  EXPECT_GE(Counted(EdgeCounters::kHedgesWon), 1u);
  EXPECT_EQ(Counted(EdgeCounters::kHedgesWon), Counted(EdgeCounters::kHedges));
  EXPECT_EQ(first.dropped, static_cast<int>(Counted(EdgeCounters::kHedgesWon)));
  EXPECT_EQ(first.in_flight, 0);
}

TEST_F(HedgingChannelTest, TheSecondIsAFurtherAttemptAndTheFirstIsNot) {
  Make(2);
  Learn();
  AllTake(absl::Milliseconds(100));
  Call();
  EXPECT_EQ(AllCalls(), 2);
  EXPECT_EQ(ways_[0].further_attempts + ways_[1].further_attempts, 1);
  EXPECT_EQ(ways_[0].calls, 1);
}

TEST_F(HedgingChannelTest, TheFirstMayStillWinAndTheSecondIsDropped) {
  Make(2);
  Learn();
  AllTake(absl::Milliseconds(100));
  EXPECT_EQ(Call(), absl::Milliseconds(100));
  EXPECT_EQ(Counted(EdgeCounters::kHedgesWon), 0u);
  EXPECT_EQ(ways_[0].dropped + ways_[1].dropped, 1);
}

TEST_F(HedgingChannelTest, AFurtherAttemptIsNotHedged) {
  Make(2);
  Learn();
  AllTake(absl::Milliseconds(100));
  Call(kIdempotent, Context().AsFurtherAttempt());
  EXPECT_EQ(AllCalls(), 1);
}

TEST_F(HedgingChannelTest, WhatMustNotBeRepeatedIsNot) {
  Make(2);
  for (int i = 0; i < 200; ++i) Call(kOnce);
  Forget();
  AllTake(absl::Milliseconds(100));
  Call(kOnce);
  EXPECT_EQ(AllCalls(), 1);
}

TEST_F(HedgingChannelTest, AnOnlyReplicaIsNotAskedTwice) {
  Make(1);
  Learn();
  AllTake(absl::Milliseconds(100));
  Call();
  EXPECT_EQ(AllCalls(), 1);
}

TEST_F(HedgingChannelTest, AFirstThatFailsAtItsReplicaLeavesTheAnswerToTheSecond) {
  Make(2);
  Learn();
  AllTake(absl::Milliseconds(10));
  Running<Bytes> call(clock_, channel_->Unary(kIdempotent, Bytes("hello")));
  clock_.Settle();
  (ways_[0].in_flight == 1 ? ways_[0] : ways_[1]).status = absl::UnavailableError("gone");
  clock_.RunUntil([&] { return call.done(); });
  EXPECT_TRUE(call.outcome().ok()) << call.outcome().status();
  EXPECT_EQ(AllCalls(), 2);
}

TEST_F(HedgingChannelTest, WhenBothFailTheCallFails) {
  Make(2);
  Learn();
  AllTake(absl::Milliseconds(10));
  for (Script& way : ways_) way.status = absl::UnavailableError("gone");
  Call();
  EXPECT_TRUE(absl::IsUnavailable(reply_.status()));
  EXPECT_EQ(AllCalls(), 2);
}

TEST_F(HedgingChannelTest, AnAnswerThatIsTheCallersFaultEndsBoth) {
  Make(2);
  Learn();
  AllTake(absl::Milliseconds(10));
  for (Script& way : ways_) way.status = absl::InvalidArgumentError("no");
  EXPECT_EQ(Call(), absl::Milliseconds(10));
  EXPECT_TRUE(absl::IsInvalidArgument(reply_.status()));
}

TEST_F(HedgingChannelTest, SecondAttemptsStayBelowTheirShareHoweverSlowAllIs) {
  Make(2, {.on = true, .percentile = 50, .max_extra = 0.05});
  Learn();
  for (int i = 0; i < 1000; ++i) {
    AllTake(absl::Milliseconds(i % 3 == 0 ? 10 : 1));
    Call();
  }
  EXPECT_LE(AllCalls(), 1000 + 50);
  EXPECT_GT(AllCalls(), 1000 + 40);
  EXPECT_GT(Counted(EdgeCounters::kHedgesRefused), 0u);
}

TEST_F(HedgingChannelTest, ACallThatIsStuckAsksAgainAndGetsWhatOneThatIsOnlyLateDoesNot) {
  Make(2);
  Learn();
  AllTake(absl::Milliseconds(10));
  // What it saved: two for calls that are late, and one that is kept.
  EXPECT_EQ(Call(), absl::Milliseconds(10));
  EXPECT_EQ(Call(), absl::Milliseconds(10));
  EXPECT_EQ(Counted(EdgeCounters::kHedges), 2u);
  Running<Bytes> stuck(clock_, channel_->Unary(kIdempotent, Bytes("hello")));
  clock_.Settle();
  const absl::Duration alone = channel_->Alone(kIdempotent);
  clock_.Advance(alone);
  clock_.Settle();
  EXPECT_EQ(AllCalls(), 2 + 2 + 1);
  EXPECT_EQ(Counted(EdgeCounters::kHedgesRefused), 1u);
  AllTake(absl::Milliseconds(1));
  clock_.Advance(alone);
  clock_.Settle();
  EXPECT_EQ(AllCalls(), 2 + 2 + 2);
  clock_.Advance(absl::Milliseconds(1));
  clock_.Settle();
  EXPECT_TRUE(stuck.done());
  EXPECT_EQ(Counted(EdgeCounters::kHedgesWon), 1u);
  EXPECT_EQ(Counted(EdgeCounters::kHedgesRefused), 1u);
}

TEST_F(HedgingChannelTest, ACallThatNobodyPaysForIsRefusedOnceAndEndsAsItWould) {
  Make(2, {.on = true, .max_extra = 1e-6});
  Learn();
  AllTake(absl::Seconds(60));
  EXPECT_EQ(Call(), absl::Seconds(60));
  EXPECT_TRUE(reply_.ok());
  EXPECT_EQ(AllCalls(), 1);
  EXPECT_EQ(Counted(EdgeCounters::kHedgesRefused), 1u);
}

TEST_F(HedgingChannelTest, WhatSomebodyAboveSendsTwiceCountsBeforeItsOwn) {
  Make(2);
  Learn();
  for (int i = 0; i < 3; ++i) Call(kIdempotent, Context().AsFurtherAttempt());
  AllTake(absl::Milliseconds(100));
  Call();
  EXPECT_EQ(Counted(EdgeCounters::kHedges), 0u);
}

// A chainlet that calls on through an edge of its own; every so many calls take it longer.
class Between final : public Channel {
 public:
  Between(Channel& next, int slow_every) : next_(next), slow_every_(slow_every) {}
  Task<Bytes> Unary(const Method& method, Bytes request) override {
    const bool slow = ++calls_ % slow_every_ == 0;
    co_await Sleep(absl::Milliseconds(slow ? 40 : 1));
    co_return co_await next_.Unary(method, std::move(request));
  }
  Stream<Bytes> Streaming(const Method& method, Stream<Bytes> requests) override {
    return next_.Streaming(method, std::move(requests));
  }

 private:
  Channel& next_;
  const int slow_every_;
  int calls_ = 0;
};

std::unique_ptr<Channel> HedgedTwoWays(Channel& next, EdgeCounters& counters) {
  std::vector<std::unique_ptr<Channel>> ways;
  for (const int slow_every : {5, 7}) ways.push_back(std::make_unique<Between>(next, slow_every));
  return std::make_unique<HedgingChannel>(
      std::make_unique<BalancedChannel>(std::move(ways), kNaive, nullptr), Hedging{.on = true},
      nullptr, counters);
}

TEST_F(HedgingChannelTest, DownAChainTheLeafHasNoMoreThanTheShareOfOneEdge) {
  Make(2);
  EdgeCounters upper_counters;
  EdgeCounters top_counters;
  const std::unique_ptr<Channel> upper = HedgedTwoWays(*channel_, upper_counters);
  const std::unique_ptr<Channel> top = HedgedTwoWays(*upper, top_counters);
  ASSERT_TRUE(Wait(OneByOne(*top, 200), clock_).ok());
  Forget();
  constexpr int kCalls = 2000;
  for (int i = 0; i < kCalls; ++i) {
    AllTake(absl::Milliseconds(i % 6 == 0 ? 40 : 1));
    ASSERT_TRUE(Wait(OneByOne(*top, 1), clock_).ok());
  }
  EXPECT_GT(top_counters.of(EdgeCounters::kHedges), 0u);
  EXPECT_GT(AllCalls(), kCalls);
  EXPECT_LE(AllCalls(), kCalls * 1.05);
}

TEST_F(HedgingChannelTest, SpendsTheBudgetThatTheEdgesRetriesSpend) {
  AttemptBudget budget(RetryBudget{.ratio = 0, .burst = 1});
  Make(2, {.on = true}, &budget);
  Learn();
  AllTake(absl::Milliseconds(100));
  Call();
  EXPECT_EQ(AllCalls(), 2);
  EXPECT_FALSE(budget.TryTake());
  Call();
  EXPECT_EQ(AllCalls(), 3);
}

TEST_F(HedgingChannelTest, ACallThatIsDroppedDropsBothOfItsAttempts) {
  Make(2);
  Learn();
  AllTake(absl::InfiniteDuration());
  Call(kIdempotent, Context().WithDeadline(clock_.Now() + absl::Seconds(1)));
  EXPECT_TRUE(absl::IsDeadlineExceeded(reply_.status()));
  EXPECT_EQ(AllCalls(), 2);
  EXPECT_EQ(ways_[0].dropped + ways_[1].dropped, 2);
}

TEST_F(HedgingChannelTest, InATraceBothAttemptsAreThere) {
  Make(2);
  Learn();
  AllTake(absl::Milliseconds(100));
  const auto receipt = internal::Receipt::Begin(
      clock_, {.receipt = false, .traced = true, .trace = {.high = 1, .low = 2}});
  internal::Recording caller(receipt->Under(Context()), clock_, [] {
    return internal::CallPlace{.where = internal::CallPlace::Where::kCaller,
                               .chainlet = kIdempotent.chainlet,
                               .method = kIdempotent.name};
  });
  Call(kIdempotent, caller.Under(Context()));
  ASSERT_EQ(AllCalls(), 2);
  const auto& records = receipt->records();
  ASSERT_EQ(records.size(), 2u);
  ASSERT_EQ(records[0].events().size(), 1u);
  EXPECT_EQ(records[0].events()[0].name, "hedge");
  EXPECT_EQ(records[1].figures.attempt, 2);
  EXPECT_EQ(records[1].parent_span(), records[0].parent_span());
}

// What the soak table asks for, in small: one of three replicas a hundred times slower.
TEST_F(HedgingChannelTest, OneSlowReplicaOfThreeDoesNotShowInTheTail) {
  Make(3, {.on = true, .max_extra = 0.05}, nullptr, Balancing());
  Learn();
  ways_[0].hold = absl::Milliseconds(100);
  LivePercentile p99(99, 100'000);
  constexpr int kCalls = 5000;
  for (int i = 0; i < kCalls; ++i) p99.Add(Call());
  EXPECT_LE(p99.value(), absl::Milliseconds(2));
  EXPECT_LE(AllCalls(), kCalls * 1.05);
}

}  // namespace
}  // namespace chains
