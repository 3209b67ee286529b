// Gate: so many at a time, first come first served, whoever leaves in the middle.
#include "chains/core/gate.h"

#include <algorithm>
#include <atomic>
#include <optional>
#include <string>

#include <gtest/gtest.h>

#include "chains/core/all.h"
#include "chains/testing/probe.h"
#include "chains/testing/running.h"
#include "chains/testing/status_matchers.h"
#include "support.h"

namespace chains {
namespace {

using testing::FakeClock;
using ::testing::HasSubstr;
using testing::IsOk;
using testing::Probe;
using testing::Running;
using testing::StatusIs;

Gate::Options OneAtATime() { return {.what = "max_in_flight of the edge", .limit = 1}; }

// Notes its name when it is in, and stays there until `release`.
Task<void> Visit(Gate& gate, std::string& log, char name, Probe& release) {
  Permit permit = co_await gate.Enter();
  log += name;
  co_await release.AtLeast(1);
}
Task<void> Pass(Gate& gate) {
  Permit permit = co_await gate.Enter();
  co_await Sleep(absl::Seconds(1));
}
// Notes how many were inside, when that were more than ever.
Task<void> PassAndCount(Gate& gate, size_t& most) {
  Permit permit = co_await gate.Enter();
  most = std::max(most, gate.inside());
  co_await Sleep(absl::Seconds(1));
}

class GateTest : public ::testing::Test {
 protected:
  using Visitor = std::optional<Running<void>>;
  void Start(Visitor& visitor, char name, Probe& release) {
    visitor.emplace(clock_, Visit(gate_, log_, name, release));
    clock_.Settle();
  }
  void Release(Probe& release) {
    release.Arrive();
    clock_.Settle();
  }

  FakeClock clock_;
  Gate gate_{OneAtATime()};
  std::string log_;
};

TEST_F(GateTest, LetsInAsManyAsItsLimit) {
  Gate gate({.what = "", .limit = 3});
  size_t most = 0;
  std::vector<Task<void>> tasks;
  for (int i = 0; i < 10; ++i) tasks.push_back(PassAndCount(gate, most));
  const absl::Time start = clock_.Now();
  EXPECT_THAT(Wait(All(std::move(tasks)), clock_), IsOk());
  EXPECT_EQ(most, 3u);
  EXPECT_EQ(gate.inside(), 0u);
  EXPECT_EQ(gate.waiting(), 0u);
  EXPECT_EQ(clock_.Now() - start, absl::Seconds(4));
}

TEST_F(GateTest, LetsInInOrder) {
  Probe release[3];
  Visitor visitors[3];
  for (int i = 0; i < 3; ++i) Start(visitors[i], static_cast<char>('a' + i), release[i]);
  EXPECT_EQ(log_, "a");
  EXPECT_EQ(gate_.waiting(), 2u);
  Release(release[0]);
  EXPECT_EQ(log_, "ab");
  Release(release[1]);
  EXPECT_EQ(log_, "abc");
}

TEST_F(GateTest, ShowsOtherThreadsHowManyWait) {
  std::atomic<uint64_t> shown{0};
  Gate gate({.what = "", .limit = 1, .shown_waiting = &shown});
  Probe release;
  std::optional<Running<void>> visitors[4];
  for (auto& visitor : visitors) {
    visitor.emplace(clock_, Visit(gate, log_, 'v', release));
    clock_.Settle();
  }
  EXPECT_EQ(shown, 3u);
  visitors[3].reset();
  EXPECT_EQ(shown, 2u);
  Release(release);
  EXPECT_EQ(log_, "vvv");
  EXPECT_EQ(shown, 0u);
}

TEST_F(GateTest, NobodyOvertakesWhoWasLetInButHasNotRunYet) {
  Probe release;
  Visitor a, b, c;
  Start(a, 'a', release);
  Start(b, 'b', release);
  a.reset();               // the place is b's, who runs in the next turn
  Start(c, 'c', release);  // comes at the same time
  EXPECT_EQ(log_, "ab");
  EXPECT_EQ(gate_.inside(), 1u);
  EXPECT_EQ(gate_.waiting(), 1u);
}

TEST_F(GateTest, ADroppedWaiterLeavesTheQueue) {
  Probe release;
  Visitor a, b, c;
  Start(a, 'a', release);
  Start(b, 'b', release);
  Start(c, 'c', release);
  b.reset();
  EXPECT_EQ(gate_.waiting(), 1u);
  a.reset();
  clock_.Settle();
  EXPECT_EQ(log_, "ac");
}

TEST_F(GateTest, AWaiterThatIsDroppedAfterItWasLetInPassesItsPlaceOn) {
  Probe release;
  Visitor a, b, c;
  Start(a, 'a', release);
  Start(b, 'b', release);
  Start(c, 'c', release);
  a.reset();  // b is let in, but has not run
  b.reset();
  clock_.Settle();
  EXPECT_EQ(log_, "ac");
  EXPECT_EQ(gate_.inside(), 1u);
}

TEST_F(GateTest, ThePlaceOfTheLastDroppedWaiterIsFree) {
  Probe release;
  Visitor a, b, c;
  Start(a, 'a', release);
  Start(b, 'b', release);
  a.reset();
  b.reset();
  EXPECT_EQ(gate_.inside(), 0u);
  Start(c, 'c', release);
  EXPECT_EQ(log_, "ac");
}

TEST_F(GateTest, RefusesWhoDoesNotFitIntoTheQueue) {
  Gate gate({.what = "max_in_flight of the edge", .limit = 1, .max_waiting = 1});
  Probe release;
  Running<void> a(clock_, Visit(gate, log_, 'a', release));
  Running<void> b(clock_, Visit(gate, log_, 'b', release));
  Running<void> c(clock_, Visit(gate, log_, 'c', release));
  clock_.Settle();
  ASSERT_TRUE(c.done());
  EXPECT_THAT(c.outcome(), StatusIs(absl::StatusCode::kResourceExhausted,
                                    "max_in_flight of the edge: 1 running and 1 waiting"));
  Release(release);
  EXPECT_TRUE(a.done() && b.done());
}

TEST_F(GateTest, WithoutAQueueRefusesAtTheLimit) {
  Gate gate({.what = "limit", .limit = 1, .max_waiting = 0});
  Probe release;
  Running<void> a(clock_, Visit(gate, log_, 'a', release));
  EXPECT_THAT(Wait(Pass(gate), clock_), StatusIs(absl::StatusCode::kResourceExhausted));
  Release(release);
  EXPECT_THAT(Wait(Pass(gate), clock_), IsOk());
}

TEST_F(GateTest, AFailingVisitorGivesItsPlaceBack) {
  auto fails = [](Gate& gate) -> Task<void> {
    Permit permit = co_await gate.Enter();
    co_await Sleep(absl::Seconds(1));
    co_await absl::AbortedError("inside");
  };
  EXPECT_THAT(Wait(fails(gate_), clock_), StatusIs(absl::StatusCode::kAborted));
  EXPECT_EQ(gate_.inside(), 0u);
}

TEST_F(GateTest, ATimeoutInTheQueueLeavesIt) {
  Probe release;
  Visitor a;
  Start(a, 'a', release);
  EXPECT_THAT(Wait(WithTimeout(Pass(gate_), absl::Seconds(1)), clock_),
              StatusIs(absl::StatusCode::kDeadlineExceeded));
  EXPECT_EQ(gate_.waiting(), 0u);
}

TEST_F(GateTest, AMovedPermitHoldsOnePlace) {
  auto moves = [](Gate& gate) -> Task<size_t> {
    Permit first = co_await gate.Enter();
    Permit second = std::move(first);
    Permit third;
    third = std::move(second);
    co_return gate.inside();
  };
  EXPECT_THAT(Wait(moves(gate_), clock_), testing::IsOkAndHolds(1u));
  EXPECT_EQ(gate_.inside(), 0u);
}

TEST_F(GateTest, TenThousandPassOneByOne) {
  auto passes = [](Gate& gate, size_t& most) -> Task<void> {
    Permit permit = co_await gate.Enter();
    most = std::max(most, gate.inside());
  };
  size_t most = 0;
  std::vector<Task<void>> tasks;
  for (int i = 0; i < 10'000; ++i) tasks.push_back(passes(gate_, most));
  EXPECT_THAT(Wait(All(std::move(tasks)), clock_), IsOk());
  EXPECT_EQ(most, 1u);
  EXPECT_EQ(gate_.inside(), 0u);
}

}  // namespace
}  // namespace chains
