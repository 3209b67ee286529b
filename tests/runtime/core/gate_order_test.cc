// Gate: who waits goes in by priority, by the time that is left, by arrival; who cannot finish does
// not go in at all.
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "chains/core/gate.h"
#include "chains/testing/probe.h"
#include "chains/testing/running.h"
#include "chains/testing/status_matchers.h"
#include "support.h"

namespace chains {
namespace {

using ::testing::AllOf;
using testing::FakeClock;
using ::testing::HasSubstr;
using testing::Probe;
using testing::Running;
using testing::StatusIs;

Task<void> VisitInTurn(Gate& gate, std::string& log, char name, Probe& release) {
  Permit permit = co_await gate.Enter();
  log += name;
  co_await release.AtLeast(1);
}
// Leaves at once.
Task<void> Look(Gate& gate, std::string& log, char name) {
  Permit permit = co_await gate.Enter();
  log += name;
}

class GateOrderTest : public ::testing::Test {
 protected:
  using Visitor = std::unique_ptr<Running<void>>;

  void Open(Gate::Options options) {
    options.counters = &counters_;
    gate_.emplace(std::move(options));
    occupant_ = std::make_unique<Running<void>>(clock_, VisitInTurn(*gate_, log_, '|', release_));
    clock_.Settle();
  }
  Context Before(absl::Duration left) const { return Context().WithDeadline(clock_.Now() + left); }
  Running<void>& Come(char name, Context context = {}) {
    visitors_.push_back(
        std::make_unique<Running<void>>(clock_, Look(*gate_, log_, name), std::move(context)));
    clock_.Settle();
    return *visitors_.back();
  }
  void Leave() {
    release_.Arrive();
    clock_.Settle();
  }
  uint64_t Count(GateEvent event) const { return counters_.Of(event); }

  FakeClock clock_;
  GateCounters counters_;
  std::string log_;
  Probe release_;
  std::optional<Gate> gate_;
  Visitor occupant_;
  std::deque<Visitor> visitors_;
};

TEST_F(GateOrderTest, WhoMattersMoreGoesFirst) {
  Open({.what = "limit", .limit = 1});
  Come('a', Context().WithPriority(3));
  Come('b', Context().WithPriority(7));
  Come('c');
  Come('d', Context().WithPriority(0));
  Come('e', Context().WithPriority(7));
  Leave();
  EXPECT_EQ(log_, "|becad");
  EXPECT_EQ(Count(GateEvent::kWaited), 5u);
}

TEST_F(GateOrderTest, AmongEqualsWhoHasTheLeastTimeLeftGoesFirst) {
  Open({.what = "limit", .limit = 1});
  Come('a');
  Come('b', Before(absl::Seconds(3)));
  Come('c', Before(absl::Seconds(1)));
  Come('d', Before(absl::Seconds(2)));
  Come('e', Before(absl::Seconds(9)).WithPriority(5));
  Come('f', Before(absl::Seconds(2)));
  Leave();
  EXPECT_EQ(log_, "|ecdfba");
}

TEST_F(GateOrderTest, AFullQueueRefusesWhoDoesNotMatterMoreThanItsLast) {
  Open({.what = "limit", .limit = 1, .max_waiting = 2});
  Come('a', Context().WithPriority(2));
  Come('b', Context().WithPriority(2));
  Running<void>& c = Come('c', Before(absl::Seconds(1)).WithPriority(2));
  ASSERT_TRUE(c.done());
  EXPECT_THAT(c.outcome(),
              StatusIs(absl::StatusCode::kResourceExhausted, "limit: 1 running and 2 waiting"));
  EXPECT_EQ(Count(GateEvent::kFull), 1u);
  EXPECT_EQ(Count(GateEvent::kDisplaced), 0u);
}

TEST_F(GateOrderTest, WhoMattersMoreTakesThePlaceOfTheLast) {
  Open({.what = "limit", .limit = 1, .max_waiting = 2});
  Come('a', Context().WithPriority(2));
  Running<void>& b = Come('b', Context().WithPriority(1));
  Come('c', Context().WithPriority(6));
  ASSERT_TRUE(b.done());
  EXPECT_THAT(b.outcome(),
              StatusIs(absl::StatusCode::kResourceExhausted,
                       AllOf(HasSubstr("a call of priority 6 took its place in the queue"),
                             HasSubstr("its own is 1"))));
  EXPECT_EQ(gate_->waiting(), 2u);
  Leave();
  EXPECT_EQ(log_, "|ca");
  EXPECT_EQ(Count(GateEvent::kDisplaced), 1u);
}

TEST_F(GateOrderTest, WhoIsDisplacedAndDroppedAtOnceIsGone) {
  Open({.what = "limit", .limit = 1, .max_waiting = 1});
  visitors_.push_back(std::make_unique<Running<void>>(clock_, Look(*gate_, log_, 'a')));
  visitors_.push_back(
      std::make_unique<Running<void>>(clock_, Look(*gate_, log_, 'b'), Context().WithPriority(5)));
  clock_.Settle();
  visitors_.pop_front();
  Leave();
  EXPECT_EQ(log_, "|b");
  EXPECT_EQ(gate_->inside(), 0u);
}

TEST_F(GateOrderTest, WithoutAQueueNobodyIsDisplaced) {
  Open({.what = "limit", .limit = 1, .max_waiting = 0});
  Running<void>& a = Come('a', Context().WithPriority(7));
  ASSERT_TRUE(a.done());
  EXPECT_THAT(a.outcome(), StatusIs(absl::StatusCode::kResourceExhausted));
}

TEST_F(GateOrderTest, WhoseTimeBecameTooShortIsPassedOver) {
  Open({.what = "limit", .limit = 1});
  Running<void>& a = Come('a', Before(absl::Milliseconds(100)));
  Come('b', Before(absl::Milliseconds(400)));
  gate_->SetTypicalStay(absl::Milliseconds(100));
  clock_.Advance(absl::Milliseconds(50));
  Leave();
  ASSERT_TRUE(a.done());
  EXPECT_THAT(a.outcome(),
              StatusIs(absl::StatusCode::kDeadlineExceeded,
                       AllOf(HasSubstr("it has 50ms left"), HasSubstr("calls take 100ms"))));
  EXPECT_EQ(log_, "|b");
  EXPECT_EQ(Count(GateEvent::kTooLate), 1u);
}

TEST_F(GateOrderTest, WhereAllWhoWaitAreTooLateThePlaceIsFree) {
  Open({.what = "limit", .limit = 1});
  Come('a', Before(absl::Milliseconds(100)));
  Come('b', Before(absl::Milliseconds(100)));
  gate_->SetTypicalStay(absl::Seconds(1));
  Leave();
  EXPECT_EQ(log_, "|");
  EXPECT_EQ(gate_->inside(), 0u);
  EXPECT_EQ(gate_->waiting(), 0u);
  Come('c');
  EXPECT_EQ(log_, "|c");
}

TEST_F(GateOrderTest, WhoCannotFinishDoesNotBeginToWait) {
  Open({.what = "limit", .limit = 1});
  gate_->SetTypicalStay(absl::Milliseconds(100));
  Running<void>& a = Come('a', Before(absl::Milliseconds(99)));
  ASSERT_TRUE(a.done());
  EXPECT_THAT(a.outcome(), StatusIs(absl::StatusCode::kDeadlineExceeded));
  EXPECT_EQ(gate_->waiting(), 0u);
}

TEST_F(GateOrderTest, WhoWouldBeTooFarBackDoesNotBeginToWait) {
  Open({.what = "limit", .limit = 1});
  gate_->SetTypicalStay(absl::Milliseconds(100));
  for (int i = 0; i < 4; ++i) Come('w');
  const Context half_a_second = Before(absl::Milliseconds(500));
  Running<void>& low = Come('l', half_a_second.WithPriority(3));
  ASSERT_TRUE(low.done());
  EXPECT_THAT(low.outcome(), StatusIs(absl::StatusCode::kResourceExhausted,
                                      HasSubstr("its turn would come in 400ms")));
  EXPECT_FALSE(Come('h', half_a_second).done());
  Leave();
  EXPECT_EQ(log_, "|hwwww");
}

TEST_F(GateOrderTest, ALowerLimitSendsNobodyOutAndLetsFewerIn) {
  Open({.what = "limit", .limit = 3});
  std::deque<Probe> release(3);
  std::vector<Visitor> inside;
  for (Probe& each : release) {
    inside.push_back(std::make_unique<Running<void>>(clock_, VisitInTurn(*gate_, log_, 'i', each)));
  }
  clock_.Settle();
  EXPECT_EQ(log_, "|ii");
  gate_->SetLimit(2);
  release[0].Arrive();  // to the new limit
  clock_.Settle();
  EXPECT_EQ(log_, "|ii");
  EXPECT_EQ(gate_->inside(), 2u);
  release[1].Arrive();
  clock_.Settle();
  EXPECT_EQ(log_, "|iii");
  EXPECT_EQ(counters_.limit(), 2u);
}

TEST_F(GateOrderTest, AHigherLimitLetsInAtOnceWhoWaits) {
  Open({.what = "limit", .limit = 1});
  Come('a');
  Come('b');
  gate_->SetLimit(2);
  clock_.Settle();
  EXPECT_EQ(log_, "|ab");
  EXPECT_EQ(gate_->inside(), 1u);
  gate_->SetLimit(0);
  EXPECT_EQ(gate_->limit(), 1u);
}

TEST_F(GateOrderTest, OnTrialEverybodyGetsInAndIsCounted) {
  Open({.what = "limit", .limit = 1, .max_waiting = 2, .let_in_anyway = 1000});
  Probe stay;
  std::vector<Visitor> visitors;
  for (int i = 0; i < 5; ++i) {
    visitors.push_back(
        std::make_unique<Running<void>>(clock_, VisitInTurn(*gate_, log_, 'v', stay)));
  }
  clock_.Settle();
  EXPECT_EQ(log_, "|vvvvv");
  EXPECT_EQ(gate_->inside(), 6u);
  EXPECT_EQ(Count(GateEvent::kWouldWait), 2u);
  EXPECT_EQ(Count(GateEvent::kWouldRefuse), 3u);
  EXPECT_EQ(Count(GateEvent::kWaited) + Count(GateEvent::kFull), 0u);
  stay.Arrive();
  Leave();
  EXPECT_EQ(gate_->inside(), 0u);
}

TEST_F(GateOrderTest, ATrialHasABoundToo) {
  Open({.what = "limit", .limit = 1, .let_in_anyway = 2});
  Come('a');
  Probe stay;
  Running<void> b(clock_, VisitInTurn(*gate_, log_, 'b', stay));
  clock_.Settle();
  Come('c');
  EXPECT_EQ(log_, "|ab");
  EXPECT_EQ(gate_->waiting(), 1u);
  Leave();
  EXPECT_EQ(log_, "|abc");
}

// One after the other, `stay` each, as long as somebody waits.
TEST_F(GateOrderTest, LearnsHowLongStaysTakeWhileSomebodyWaits) {
  Open({.what = "limit", .limit = 2, .learns = true});
  auto stays = [](Gate& gate, absl::Duration stay) -> Task<void> {
    Permit permit = co_await gate.Enter();
    co_await Sleep(stay);
  };
  std::deque<Running<void>> visitors;
  for (int i = 0; i < 20; ++i) visitors.emplace_back(clock_, stays(*gate_, absl::Seconds(3)));
  EXPECT_EQ(gate_->TypicalStay(clock_.Now()), absl::ZeroDuration());
  Leave();
  clock_.RunUntil([&] { return gate_->waiting() == 2; });
  EXPECT_GE(gate_->TypicalStay(clock_.Now()), absl::Seconds(2));
  EXPECT_LE(gate_->TypicalStay(clock_.Now()), absl::Seconds(4));
  clock_.RunUntil([&] { return visitors.back().done(); });
  clock_.Advance(absl::Seconds(30));
  EXPECT_EQ(gate_->TypicalStay(clock_.Now()), absl::ZeroDuration());
}

TEST_F(GateOrderTest, DoesAsItIsToldAfterATurn) {
  std::vector<absl::Duration> stays;
  Gate::Options options{.what = "limit", .limit = 1, .learns = true};
  options.adapt = [&](const Turn& turn) {
    stays.push_back(turn.stay);
    return size_t{3};
  };
  Open(options);
  Probe release;
  std::deque<Running<void>> visitors;
  for (int i = 0; i < 5; ++i)
    visitors.emplace_back(clock_, VisitInTurn(*gate_, log_, 'v', release));
  clock_.Settle();
  clock_.Advance(absl::Seconds(2));
  Leave();
  EXPECT_THAT(stays, ::testing::ElementsAre(absl::Seconds(2)));
  EXPECT_EQ(gate_->limit(), 3u);
  EXPECT_EQ(log_, "|vvv");
}

TEST_F(GateOrderTest, ARefusalSaysWhenTheQueueWillHaveHadItsTurn) {
  static absl::Duration said;
  Gate::Options options{.what = "limit", .limit = 1, .max_waiting = 4};
  options.push_back = [](absl::Status refusal, absl::Duration wait) {
    said = wait;
    return refusal;
  };
  Open(options);
  for (int i = 0; i < 5; ++i) Come('w');
  EXPECT_EQ(said, absl::Seconds(1));  // nothing is known
  gate_->SetTypicalStay(absl::Milliseconds(100));
  Come('w');
  EXPECT_EQ(said, absl::Milliseconds(500));
}

// Whoever comes with less time than all before is searched for, not walked to.
TEST_F(GateOrderTest, AHundredThousandInTheWorstOrderGoThrough) {
  Open({.what = "limit", .limit = 1});
  constexpr int kMany = 100'000;
  std::deque<Running<void>> visitors;
  for (int i = 0; i < kMany; ++i) {
    visitors.emplace_back(clock_, Look(*gate_, log_, 'v'), Before(absl::Seconds(3600 + kMany - i)));
  }
  clock_.Settle();
  EXPECT_EQ(gate_->waiting(), static_cast<size_t>(kMany));
  Leave();
  EXPECT_EQ(log_.size(), 1u + kMany);
}

}  // namespace
}  // namespace chains
