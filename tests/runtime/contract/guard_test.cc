// Adapters: what an Edge sees of a call, and what it makes of it, for all four kinds.
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "chains/core/all.h"
#include "chains/testing/status_matchers.h"
#include "chains/testing/testing.h"
#include "counter.h"
#include "fake_edge.h"

namespace chains {
namespace {

using testing::Collect;
using ::testing::ElementsAre;
using testing::FakeClock;
using ::testing::IsEmpty;
using testing::IsOk;
using testing::IsOkAndHolds;
using testing::Probe;
using ::testing::ResultOf;
using testing::Running;
using testing::StatusIs;
using testing::StreamOf;

// Fails so often before it answers; keeps what it was asked.
class FlakyCounter final : public CountingCounter {
 public:
  Task<Number> One(Number request) override {
    asked.push_back(request.value());
    const Context context = co_await CurrentContext();
    further.push_back(context.further_attempt());
    if (failures-- > 0) co_return absl::UnavailableError("flaky");
    co_return Of(request.value() + 1);
  }
  int failures = 0;
  std::vector<int> asked;
  std::vector<bool> further;
};

// Stays in its call until it is released.
class SlowCounter final : public CountingCounter {
 public:
  Task<Number> One(Number request) override {
    began.Arrive();
    co_await release.AtLeast(1);
    co_return request;
  }
  Probe began;
  Probe release;
};

template <typename Target>
class GuardTestOf : public ::testing::Test {
 protected:
  absl::Time start() const { return start_; }
  FakeClock clock_;
  const absl::Time start_ = clock_.Now();
  Target target_;
  FakeEdge edge_;
  CounterGuard guard_{target_, edge_};
};
using GuardTest = GuardTestOf<CountingCounter>;
using FlakyTest = GuardTestOf<FlakyCounter>;
using SlowTest = GuardTestOf<SlowCounter>;

TEST_F(GuardTest, LetsAllKindsPassAndTellsTheEdge) {
  EXPECT_THAT(Wait(guard_.One(Of(1)), clock_), IsOk());
  EXPECT_THAT(Wait(Collect(guard_.Up(Of(2))), clock_),
              IsOkAndHolds(ResultOf(ValuesOf, ElementsAre(1, 2))));
  EXPECT_THAT(Wait(guard_.Sum(StreamOf<Number>({Of(1), Of(2)})), clock_), IsOk());
  EXPECT_THAT(Wait(Collect(guard_.Echo(StreamOf<Number>({Of(7)}))), clock_),
              IsOkAndHolds(ResultOf(ValuesOf, ElementsAre(7))));
  EXPECT_THAT(edge_.log, ElementsAre("One", "OK", "Up", "OK", "Sum", "OK", "Echo", "OK"));
}

TEST_F(GuardTest, DescribesFailuresOfAllKinds) {
  const auto failed = [](std::string message) {
    return StatusIs(absl::StatusCode::kOutOfRange, message);
  };
  EXPECT_THAT(Wait(guard_.One(Of(-1)), clock_), failed("One, attempt 1: negative"));
  EXPECT_THAT(Wait(Collect(guard_.Up(Of(-1))), clock_), failed("Up, attempt 1: negative"));
  EXPECT_THAT(Wait(guard_.Sum(StreamOf<Number>({Of(-1)})), clock_),
              failed("Sum, attempt 1: negative"));
  EXPECT_THAT(Wait(Collect(guard_.Echo(StreamOf<Number>({Of(-1)}))), clock_),
              failed("Echo, attempt 1: negative"));
  EXPECT_THAT(edge_.log, ElementsAre("One", "OUT_OF_RANGE", "Up", "OUT_OF_RANGE", "Sum",
                                     "OUT_OF_RANGE", "Echo", "OUT_OF_RANGE"));
}

TEST_F(GuardTest, RefusesAtTheDoor) {
  edge_.refusal = absl::ResourceExhaustedError("full");
  const auto full = absl::StatusCode::kResourceExhausted;
  EXPECT_THAT(Wait(guard_.One(Of(1)), clock_), StatusIs(full, "One, attempt 0: full"));
  EXPECT_THAT(Wait(Collect(guard_.Up(Of(1))), clock_), StatusIs(full));
  EXPECT_THAT(Wait(guard_.Sum(StreamOf<Number>({})), clock_), StatusIs(full));
  EXPECT_THAT(Wait(Collect(guard_.Echo(StreamOf<Number>({}))), clock_), StatusIs(full));
  EXPECT_THAT(edge_.log, IsEmpty());
}

TEST_F(SlowTest, EnforcesTheDeadlineOfAUnaryCall) {
  edge_.timeout = absl::Seconds(60);
  EXPECT_THAT(Wait(guard_.One(Of(1)), clock_),
              StatusIs(absl::StatusCode::kDeadlineExceeded, "One, attempt 1: deadline exceeded"));
  EXPECT_EQ(clock_.Now() - start(), absl::Seconds(60));
  EXPECT_THAT(edge_.log, ElementsAre("One", "DEADLINE_EXCEEDED"));
}

TEST_F(GuardTest, EnforcesTheDeadlineOfAStreamBetweenItems) {
  edge_.timeout = absl::Milliseconds(2500);
  auto counts = [](Stream<Number> numbers, int& count) -> Task<void> {
    while (std::optional<Number> number = co_await numbers.Next()) ++count;
  };
  int count = 0;
  EXPECT_THAT(Wait(counts(guard_.Up(Of(100)), count), clock_),
              StatusIs(absl::StatusCode::kDeadlineExceeded, "Up, attempt 1: deadline exceeded"));
  EXPECT_EQ(count, 2);
  EXPECT_THAT(edge_.log, ElementsAre("Up", "DEADLINE_EXCEEDED"));
}

TEST_F(GuardTest, EnforcesTheDeadlineOfRequestsThatDoNotCome) {
  auto never = []() -> Stream<Number> {
    co_await Sleep(absl::InfiniteDuration());
    co_yield Of(1);
  };
  const auto late = StatusIs(absl::StatusCode::kDeadlineExceeded);
  EXPECT_THAT(Wait(guard_.Sum(never()), clock_), late);
  EXPECT_THAT(Wait(Collect(guard_.Echo(never())), clock_), late);
}

TEST_F(FlakyTest, RetriesAsTheEdgeSays) {
  edge_.attempts = 3;
  target_.failures = 2;
  EXPECT_THAT(Wait(guard_.One(Of(41)), clock_),
              IsOkAndHolds(ResultOf([](const Number& n) { return n.value(); }, 42)));
  EXPECT_THAT(target_.asked, ElementsAre(41, 41, 41));  // the request is kept for each
  EXPECT_EQ(clock_.Now() - start(), absl::Seconds(2));
  EXPECT_THAT(edge_.log, ElementsAre("One", "UNAVAILABLE", "One", "UNAVAILABLE", "One", "OK"));
}

TEST_F(FlakyTest, GivesUpWithTheLastFailure) {
  edge_.attempts = 2;
  target_.failures = 9;
  EXPECT_THAT(Wait(guard_.One(Of(1)), clock_),
              StatusIs(absl::StatusCode::kUnavailable, "One, attempt 2: flaky"));
}

TEST_F(FlakyTest, AnAttemptThatCouldNotBeginInTimeIsNotWaitedFor) {
  edge_.attempts = 100;
  edge_.timeout = absl::Milliseconds(3500);
  target_.failures = 100;
  EXPECT_THAT(Wait(guard_.One(Of(1)), clock_),
              StatusIs(absl::StatusCode::kUnavailable, "One, attempt 4: flaky"));
  EXPECT_EQ(clock_.Now() - start(), absl::Seconds(3));
}

TEST_F(FlakyTest, WhatIsWorkedForAFurtherTimeIsAttemptedOnce) {
  edge_.attempts = 3;
  target_.failures = 1;
  EXPECT_THAT(Wait(guard_.One(Of(1)), clock_, Context().AsFurtherAttempt()),
              StatusIs(absl::StatusCode::kUnavailable, "One, attempt 1: flaky"));
  EXPECT_THAT(target_.asked, ElementsAre(1));
}

TEST_F(FlakyTest, AttemptsAfterTheFirstSayThatTheyAreFurtherOnes) {
  edge_.attempts = 3;
  target_.failures = 2;
  EXPECT_THAT(Wait(guard_.One(Of(1)), clock_), IsOk());
  EXPECT_THAT(target_.further, ElementsAre(false, true, true));
}

TEST_F(SlowTest, WaitsAtTheGateAndCountsOnlyWhoIsInside) {
  edge_.limit.emplace(Gate::Options{.what = "limit", .limit = 1});
  Running<Number> first(clock_, guard_.One(Of(1)));
  Running<Number> second(clock_, guard_.One(Of(2)));
  clock_.Settle();
  EXPECT_EQ(target_.began.arrived(), 1u);
  EXPECT_THAT(edge_.log, ElementsAre("One"));
  target_.release.Arrive();
  clock_.Settle();
  EXPECT_TRUE(first.done() && second.done());
  EXPECT_THAT(edge_.log, ElementsAre("One", "OK", "One", "OK"));
}

TEST_F(SlowTest, ARefusalOfTheGateIsNoAttemptButMayBeRetried) {
  edge_.limit.emplace(Gate::Options{.what = "limit", .limit = 1, .max_waiting = 0});
  edge_.attempts = 2;
  Running<Number> first(clock_, guard_.One(Of(1)));
  Running<Number> second(clock_, guard_.One(Of(2)));
  clock_.Settle();
  EXPECT_FALSE(second.done());  // it pauses before its second attempt
  target_.release.Arrive();
  clock_.Advance(absl::Seconds(1));
  clock_.Settle();
  ASSERT_TRUE(second.done());
  EXPECT_THAT(second.outcome(), IsOk());
  EXPECT_THAT(edge_.log, ElementsAre("One", "OK", "One", "OK"));
}

TEST_F(SlowTest, TheDeadlineCoversTheWaitAtTheGate) {
  edge_.limit.emplace(Gate::Options{.what = "limit", .limit = 1});
  Running<Number> inside(clock_, guard_.One(Of(1)));
  edge_.timeout = absl::Seconds(5);
  const auto late = StatusIs(absl::StatusCode::kDeadlineExceeded);
  EXPECT_THAT(Wait(guard_.One(Of(2)), clock_), late);
  EXPECT_THAT(Wait(Collect(guard_.Up(Of(2))), clock_), late);
  EXPECT_THAT(Wait(guard_.Sum(StreamOf<Number>({})), clock_), late);
  EXPECT_EQ(edge_.limit->waiting(), 0u);
  EXPECT_THAT(edge_.log, ElementsAre("One"));
}

TEST_F(SlowTest, ADroppedCallEndsCancelledAndLeavesTheGate) {
  edge_.limit.emplace(Gate::Options{.what = "limit", .limit = 1});
  {
    Running<Number> running(clock_, guard_.One(Of(1)));
    clock_.Settle();
    EXPECT_EQ(edge_.limit->inside(), 1u);
  }
  EXPECT_EQ(edge_.limit->inside(), 0u);
  EXPECT_THAT(edge_.log, ElementsAre("One", "CANCELLED"));
}

TEST_F(GuardTest, ADroppedStreamEndsCancelled) {
  auto takes_one = [](Stream<Number> numbers) -> Task<void> {
    std::optional<Number> number = co_await numbers.Next();
  };
  EXPECT_THAT(Wait(takes_one(guard_.Up(Of(100))), clock_), IsOk());
  EXPECT_THAT(edge_.log, ElementsAre("Up", "CANCELLED"));
}

// ---- Where the caller's deadline holds for the call and there is a place, a call passes at once.

TEST_F(GuardTest, LetsACallPassAtOnceWhoseDeadlineIsItsCallers) {
  EXPECT_THAT(Wait(guard_.One(Of(1)), clock_, Soon(clock_)), IsOk());
  EXPECT_EQ(edge_.entered_at_once, 1);
  EXPECT_THAT(edge_.log, ElementsAre("One", "OK"));
}

TEST_F(GuardTest, DescribesTheFailureOfACallThatPassedAtOnce) {
  EXPECT_THAT(Wait(guard_.One(Of(-1)), clock_, Soon(clock_)),
              StatusIs(absl::StatusCode::kOutOfRange, "One, attempt 1: negative"));
  EXPECT_EQ(edge_.entered_at_once, 1);
}

TEST_F(SlowTest, ACallThatPassedAtOnceKeepsItsPlaceUntilItEnds) {
  edge_.limit.emplace(Gate::Options{.what = "limit", .limit = 1});
  Running<Number> first(clock_, guard_.One(Of(1)), Soon(clock_));
  Running<Number> second(clock_, guard_.One(Of(2)), Soon(clock_));
  clock_.Settle();
  EXPECT_EQ(edge_.entered_at_once, 1);
  EXPECT_EQ(edge_.limit->waiting(), 1u);
  target_.release.Arrive();
  clock_.Settle();
  EXPECT_TRUE(first.done() && second.done());
  EXPECT_EQ(edge_.limit->inside(), 0u);
  EXPECT_THAT(edge_.log, ElementsAre("One", "OK", "One", "OK"));
}

TEST_F(SlowTest, ADroppedCallThatPassedAtOnceEndsCancelledAndLeavesTheGate) {
  edge_.limit.emplace(Gate::Options{.what = "limit", .limit = 1});
  {
    Running<Number> running(clock_, guard_.One(Of(1)), Soon(clock_));
    clock_.Settle();
    EXPECT_EQ(edge_.limit->inside(), 1u);
  }
  EXPECT_EQ(edge_.limit->inside(), 0u);
  EXPECT_THAT(edge_.log, ElementsAre("One", "CANCELLED"));
}

// A function that is no coroutine, and throws.
TEST_F(GuardTest, WhatThrowsInsteadOfMakingATaskFailsWhoAwaitsIt) {
  class Thrower final : public CountingCounter {
   public:
    Task<Number> One(Number) override { throw std::runtime_error("no task"); }
  };
  Thrower thrower;
  CounterGuard guard(thrower, edge_);
  EXPECT_THAT(Wait(guard.One(Of(1)), clock_),
              StatusIs(absl::StatusCode::kInternal, "One, attempt 1: exception: no task"));
}

TEST_F(GuardTest, TheCalleeSeesTheShorterDeadline) {
  class Sees final : public CountingCounter {
   public:
    Task<Number> One(Number request) override {
      const Context context = co_await CurrentContext();
      deadline = context.deadline();
      co_return request;
    }
    absl::Time deadline;
  };
  Sees sees;
  CounterGuard guard(sees, edge_);
  edge_.timeout = absl::Seconds(7);
  EXPECT_THAT(Wait(guard.One(Of(1)), clock_), IsOk());
  EXPECT_EQ(sees.deadline, start() + absl::Seconds(7));
}

}  // namespace
}  // namespace chains
