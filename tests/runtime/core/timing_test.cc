// Sleep, WithTimeout, Within: virtual time.
#include "chains/core/timing.h"

#include <string>

#include <gtest/gtest.h>

#include "chains/core/all.h"
#include "chains/testing/running.h"
#include "chains/testing/status_matchers.h"
#include "support.h"

namespace chains {
namespace {

using testing::FakeClock;
using testing::IsOk;
using testing::IsOkAndHolds;
using testing::Running;
using testing::StatusIs;

Task<absl::Duration> Sleeps(absl::Duration duration) {
  internal::Here::Place here = co_await internal::Here();
  const absl::Time before = here.loop().Now();
  co_await Sleep(duration);
  co_return here.loop().Now() - before;
}

TEST(SleepTest, TakesItsTime) {
  EXPECT_THAT(Await(Sleeps(absl::Hours(100))), IsOkAndHolds(absl::Hours(100)));
}

TEST(SleepTest, OfNothingOrLessGoesOnAtOnce) {
  EXPECT_THAT(Await(Sleeps(absl::ZeroDuration())), IsOkAndHolds(absl::ZeroDuration()));
  EXPECT_THAT(Await(Sleeps(-absl::Seconds(1))), IsOkAndHolds(absl::ZeroDuration()));
  EXPECT_THAT(Await(Sleeps(-absl::InfiniteDuration())), IsOkAndHolds(absl::ZeroDuration()));
}

TEST(SleepTest, SleepersWakeInTheOrderOfTheirTimesThenOfTheirStart) {
  auto sleeper = [](std::string& log, char name, absl::Duration duration) -> Task<void> {
    co_await Sleep(duration);
    log += name;
  };
  for (int i = 0; i < 10; ++i) {
    std::string log;
    std::vector<Task<void>> tasks;
    tasks.push_back(sleeper(log, 'd', absl::Seconds(2)));
    for (char name : {'a', 'b', 'c'}) tasks.push_back(sleeper(log, name, absl::Seconds(1)));
    EXPECT_THAT(Await(All(std::move(tasks))), IsOk());
    EXPECT_EQ(log, "abcd");
  }
}

TEST(SleepTest, RunsOnTheRealClockToo) { EXPECT_THAT(Wait(Sleeps(absl::Microseconds(1))), IsOk()); }

TEST(WithTimeoutTest, YieldsWhatIsInTime) {
  EXPECT_THAT(Await(WithTimeout(After(absl::Seconds(1), 5), absl::Seconds(2))), IsOkAndHolds(5));
  EXPECT_THAT(Await(WithTimeout(Fails(absl::AbortedError("own")), absl::Seconds(2))),
              StatusIs(absl::StatusCode::kAborted, "own"));
}

TEST(WithTimeoutTest, DropsWhatIsLateAtItsTime) {
  FakeClock clock;
  const absl::Time start = clock.Now();
  int destroyed = 0;
  int resumed = 0;
  EXPECT_THAT(Wait(WithTimeout(Never(destroyed, resumed), absl::Seconds(600)), clock),
              StatusIs(absl::StatusCode::kDeadlineExceeded, "deadline exceeded"));
  EXPECT_EQ(clock.Now() - start, absl::Seconds(600));
  EXPECT_EQ(destroyed, 1);
  EXPECT_EQ(resumed, 0);
}

TEST(WithTimeoutTest, OfNothingRunsNothing) {
  bool ran = false;
  auto runs = [](bool& flag) -> Task<int> {
    flag = true;
    co_return 1;
  };
  EXPECT_THAT(Await(WithTimeout(runs(ran), absl::ZeroDuration())),
              StatusIs(absl::StatusCode::kDeadlineExceeded));
  EXPECT_FALSE(ran);
}

TEST(WithTimeoutTest, OfVoidAndForEver) {
  auto fine = []() -> Task<void> { co_await Sleep(absl::Hours(1)); };
  EXPECT_THAT(Await(WithTimeout(fine(), absl::InfiniteDuration())), IsOk());
  EXPECT_THAT(Await(WithTimeout(fine(), absl::Seconds(1))),
              StatusIs(absl::StatusCode::kDeadlineExceeded));
}

TEST(WithTimeoutTest, TheInnerOneActsWhenItIsShorter) {
  auto inner = [](int& destroyed, int& resumed) -> Task<std::string> {
    absl::StatusOr<int> late =
        co_await Outcome(WithTimeout(Never(destroyed, resumed), absl::Seconds(1)));
    co_return late.ok() ? "wrong" : "inner was late";
  };
  int destroyed = 0;
  int resumed = 0;
  EXPECT_THAT(Await(WithTimeout(inner(destroyed, resumed), absl::Seconds(2))),
              IsOkAndHolds("inner was late"));
  EXPECT_EQ(destroyed, 1);
}

TEST(WithTimeoutTest, TheOuterOneActsWhenItIsShorter) {
  int destroyed = 0;
  int resumed = 0;
  bool swallowed = false;
  auto inner = [](Task<int> task, bool& reached) -> Task<int> {
    absl::StatusOr<int> outcome = co_await Outcome(WithTimeout(std::move(task), absl::Seconds(9)));
    reached = true;
    co_return 1;
  };
  EXPECT_THAT(Await(WithTimeout(inner(Never(destroyed, resumed), swallowed), absl::Seconds(1))),
              StatusIs(absl::StatusCode::kDeadlineExceeded));
  EXPECT_EQ(destroyed, 1);
  EXPECT_FALSE(swallowed);
}

TEST(WithTimeoutTest, AResultAtTheSameTimeAsTheTimeoutThatWasArmedFirstIsLate) {
  EXPECT_THAT(Await(WithTimeout(After(absl::Seconds(1), 5), absl::Seconds(1))),
              StatusIs(absl::StatusCode::kDeadlineExceeded));
}

TEST(WaitTest, EnforcesTheDeadlineOfItsContext) {
  FakeClock clock;
  int destroyed = 0;
  int resumed = 0;
  const Context context = Context().WithDeadline(clock.Now() + absl::Seconds(3));
  EXPECT_THAT(Wait(Never(destroyed, resumed), clock, context),
              StatusIs(absl::StatusCode::kDeadlineExceeded));
  EXPECT_EQ(destroyed, 1);
}

TEST(FakeClockTest, SettleLetsNoTimePass) {
  FakeClock clock;
  const absl::Time start = clock.Now();
  Running<int> running(clock, After(absl::Seconds(5), 1));
  clock.Settle();
  EXPECT_FALSE(running.done());
  EXPECT_EQ(clock.Now(), start);
  clock.Advance(absl::Seconds(4));
  clock.Settle();
  EXPECT_FALSE(running.done());
  clock.Advance(absl::Seconds(1));
  clock.Settle();
  ASSERT_TRUE(running.done());
  EXPECT_THAT(running.outcome(), IsOkAndHolds(1));
}

}  // namespace
}  // namespace chains
