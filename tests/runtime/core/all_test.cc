// All and AllSettled: order, the first failure in time, and what becomes of the others.
#include "chains/core/all.h"

#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "chains/testing/probe.h"
#include "chains/testing/running.h"
#include "chains/testing/status_matchers.h"
#include "support.h"

namespace chains {
namespace {

using ::testing::ElementsAre;
using testing::FakeClock;
using ::testing::IsEmpty;
using testing::IsOk;
using testing::IsOkAndHolds;
using testing::Probe;
using testing::Running;
using testing::StatusIs;

template <typename... T>
std::vector<Task<int>> Tasks(T... tasks) {
  std::vector<Task<int>> all;
  (all.push_back(std::move(tasks)), ...);
  return all;
}

TEST(AllTest, OfNothingIsDone) {
  EXPECT_THAT(Await(All(std::vector<Task<int>>())), IsOkAndHolds(IsEmpty()));
  EXPECT_THAT(Await(All(std::vector<Task<void>>())), IsOk());
}

TEST(AllTest, KeepsTheOrderOfTasksWhateverFinishesFirst) {
  EXPECT_THAT(Await(All(Tasks(After(absl::Seconds(3), 1), Value(2), After(absl::Seconds(1), 3)))),
              IsOkAndHolds(ElementsAre(1, 2, 3)));
}

TEST(AllTest, RunsConcurrently) {
  FakeClock clock;
  const absl::Time start = clock.Now();
  EXPECT_THAT(Wait(All(Tasks(After(absl::Seconds(3), 1), After(absl::Seconds(3), 2))), clock),
              IsOk());
  EXPECT_EQ(clock.Now() - start, absl::Seconds(3));
}

TEST(AllTest, StartsInOrder) {
  auto says = [](std::string& log, char what) -> Task<int> {
    log += what;
    co_return 0;
  };
  std::string log;
  EXPECT_THAT(Await(All(Tasks(says(log, 'a'), says(log, 'b'), says(log, 'c')))), IsOk());
  EXPECT_EQ(log, "abc");
}

TEST(AllTest, FailsWithTheFirstFailureInTime) {
  EXPECT_THAT(Await(All(Tasks(FailsAfter(absl::Seconds(2), absl::AbortedError("second")),
                              FailsAfter(absl::Seconds(1), absl::NotFoundError("first"))))),
              StatusIs(absl::StatusCode::kNotFound, "first"));
}

TEST(AllTest, OfFailuresAtTheSameTimeTakesTheOneThatSleptFirst) {
  for (int i = 0; i < 20; ++i) {
    EXPECT_THAT(Await(All(Tasks(FailsAfter(absl::Seconds(1), absl::AbortedError("a")),
                                FailsAfter(absl::Seconds(1), absl::AbortedError("b"))))),
                StatusIs(absl::StatusCode::kAborted, "a"));
  }
}

TEST(AllTest, DropsTheOthersAtOnce) {
  FakeClock clock;
  const absl::Time start = clock.Now();
  int destroyed = 0;
  int resumed = 0;
  EXPECT_THAT(Wait(All(Tasks(Never(destroyed, resumed),
                             FailsAfter(absl::Seconds(1), absl::AbortedError("stop")),
                             Never(destroyed, resumed))),
                   clock),
              StatusIs(absl::StatusCode::kAborted));
  EXPECT_EQ(clock.Now() - start, absl::Seconds(1));
  EXPECT_EQ(destroyed, 2);
  EXPECT_EQ(resumed, 0);
}

TEST(AllTest, ASiblingThatIsDueAtTheSameTimeDoesNotRunAfterTheFailure) {
  auto notes = [](bool& noted) -> Task<int> {
    co_await Sleep(absl::Seconds(1));
    noted = true;
    co_return 1;
  };
  bool noted = false;
  EXPECT_THAT(
      Await(All(Tasks(FailsAfter(absl::Seconds(1), absl::AbortedError("stop")), notes(noted)))),
      StatusIs(absl::StatusCode::kAborted));
  EXPECT_FALSE(noted);
}

TEST(AllTest, AFailureDuringTheStartLeavesTheRestUnstarted) {
  int destroyed = 0;
  int resumed = 0;
  bool started = false;
  auto starts = [](bool& flag) -> Task<int> {
    flag = true;
    co_return 1;
  };
  EXPECT_THAT(Await(All(Tasks(Value(1), Never(destroyed, resumed),
                              Fails(absl::AbortedError("stop")), starts(started)))),
              StatusIs(absl::StatusCode::kAborted));
  EXPECT_FALSE(started);
  EXPECT_EQ(destroyed, 1);
  EXPECT_EQ(resumed, 0);
}

TEST(AllTest, AnExceptionInATaskIsAFailure) {
  auto throws = []() -> Task<int> { co_return Throws(); };
  EXPECT_THAT(Await(All(Tasks(Value(1), throws()))), StatusIs(absl::StatusCode::kInternal));
}

TEST(AllTest, OfVoidSucceedsAndFails) {
  auto fine = []() -> Task<void> { co_await Sleep(absl::Seconds(1)); };
  auto fails = []() -> Task<void> { co_await absl::AbortedError("stop"); };
  std::vector<Task<void>> good;
  good.push_back(fine());
  good.push_back(fine());
  EXPECT_THAT(Await(All(std::move(good))), IsOk());
  std::vector<Task<void>> bad;
  bad.push_back(fine());
  bad.push_back(fails());
  EXPECT_THAT(Await(All(std::move(bad))), StatusIs(absl::StatusCode::kAborted));
}

TEST(AllTest, OfDifferentTypesIsATuple) {
  auto word = []() -> Task<std::string> {
    co_await Sleep(absl::Seconds(1));
    co_return "word";
  };
  auto owned = []() -> Task<std::unique_ptr<int>> { co_return std::make_unique<int>(3); };
  auto both = [](Task<std::string> a, Task<std::unique_ptr<int>> b) -> Task<std::string> {
    auto [text, number, more] = co_await All(std::move(a), std::move(b), Value(4));
    co_return text + std::to_string(*number) + std::to_string(more);
  };
  EXPECT_THAT(Await(both(word(), owned())), IsOkAndHolds("word34"));
  EXPECT_THAT(Await(All(word(), Fails(absl::AbortedError("stop")))),
              StatusIs(absl::StatusCode::kAborted));
}

TEST(AllTest, InsideAllFailsTheWholeTree) {
  int destroyed = 0;
  int resumed = 0;
  auto inner = [](int& ends, int& runs, absl::Duration when) -> Task<int> {
    std::vector<Task<int>> tasks;
    tasks.push_back(Never(ends, runs));
    tasks.push_back(FailsAfter(when, absl::AbortedError("inner")));
    std::vector<int> values = co_await All(std::move(tasks));
    co_return values[0];
  };
  EXPECT_THAT(
      Await(All(Tasks(inner(destroyed, resumed, absl::Seconds(2)),
                      inner(destroyed, resumed, absl::Seconds(1)), Never(destroyed, resumed)))),
      StatusIs(absl::StatusCode::kAborted, "inner"));
  EXPECT_EQ(destroyed, 3);
  EXPECT_EQ(resumed, 0);
}

TEST(AllTest, DroppedWhileItWaitsDropsAll) {
  int destroyed = 0;
  int resumed = 0;
  EXPECT_THAT(
      Await(WithTimeout(All(Tasks(Never(destroyed, resumed), Value(1), Never(destroyed, resumed))),
                        absl::Seconds(1))),
      StatusIs(absl::StatusCode::kDeadlineExceeded));
  EXPECT_EQ(destroyed, 2);
}

TEST(AllTest, TenThousandTasksWaitTogether) {
  std::vector<Task<int>> tasks;
  for (int i = 0; i < 10'000; ++i) tasks.push_back(After(absl::Milliseconds(10'000 - i), i));
  absl::StatusOr<std::vector<int>> values = Await(All(std::move(tasks)));
  ASSERT_THAT(values, IsOk());
  for (int i = 0; i < 10'000; ++i) ASSERT_EQ((*values)[i], i);
}

TEST(AllSettledTest, YieldsEveryOutcomeInOrder) {
  EXPECT_THAT(
      Await(AllSettled(Tasks(After(absl::Seconds(2), 1), Fails(absl::AbortedError("no")),
                             FailsAfter(absl::Seconds(1), absl::NotFoundError("none")), Value(4)))),
      IsOkAndHolds(ElementsAre(IsOkAndHolds(1), StatusIs(absl::StatusCode::kAborted),
                               StatusIs(absl::StatusCode::kNotFound), IsOkAndHolds(4))));
}

TEST(AllSettledTest, OfNothingIsDone) {
  EXPECT_THAT(Await(AllSettled(std::vector<Task<int>>())), IsOkAndHolds(IsEmpty()));
}

TEST(AllSettledTest, OfVoidSaysWhichFailed) {
  auto fine = []() -> Task<void> { co_return; };
  auto fails = []() -> Task<void> { co_await absl::AbortedError("stop"); };
  std::vector<Task<void>> tasks;
  tasks.push_back(fine());
  tasks.push_back(fails());
  EXPECT_THAT(Await(AllSettled(std::move(tasks))),
              IsOkAndHolds(ElementsAre(IsOk(), StatusIs(absl::StatusCode::kAborted))));
}

TEST(AllSettledTest, WhatAFailedTaskLeftBehindStopsWhileTheOthersGoOn) {
  auto ticks = [](int& count) -> Task<int> {
    while (true) {
      co_await Sleep(absl::Seconds(1));
      ++count;
    }
  };
  auto part = [](Task<int> ticking) -> Task<int> {
    std::vector<Task<int>> tasks;
    tasks.push_back(std::move(ticking));
    tasks.push_back(FailsAfter(absl::Milliseconds(1500), absl::AbortedError("part")));
    std::vector<int> values = co_await All(std::move(tasks));
    co_return values[0];
  };
  int count = 0;
  EXPECT_THAT(Await(AllSettled(Tasks(part(ticks(count)), After(absl::Seconds(100), 1)))),
              IsOkAndHolds(ElementsAre(StatusIs(absl::StatusCode::kAborted), IsOkAndHolds(1))));
  EXPECT_EQ(count, 1);
}

TEST(AllSettledTest, DroppedWhileItWaitsDropsAll) {
  int destroyed = 0;
  int resumed = 0;
  EXPECT_THAT(
      Await(WithTimeout(AllSettled(Tasks(Never(destroyed, resumed), Value(1))), absl::Seconds(1))),
      StatusIs(absl::StatusCode::kDeadlineExceeded));
  EXPECT_EQ(destroyed, 1);
}

TEST(AllTest, AllInFlightIsSeenWithoutSleeping) {
  auto call = [](Probe& started, Probe& release) -> Task<int> {
    started.Arrive();
    co_await release.AtLeast(1);
    co_return 1;
  };
  FakeClock clock;
  Probe started;
  Probe release;
  Running<std::vector<int>> calls(clock,
                                  All(Tasks(call(started, release), call(started, release))));
  clock.Settle();
  EXPECT_EQ(started.arrived(), 2u);
  EXPECT_FALSE(calls.done());
  release.Arrive();
  clock.Settle();
  ASSERT_TRUE(calls.done());
  EXPECT_THAT(calls.outcome(), IsOkAndHolds(ElementsAre(1, 1)));
}

}  // namespace
}  // namespace chains
