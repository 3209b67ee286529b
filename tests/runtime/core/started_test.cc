// Start: what runs beside its starter, and what becomes of it when that is gone.
#include "chains/core/started.h"

#include <memory>
#include <optional>
#include <string>

#include <gtest/gtest.h>

#include "chains/core/blocking.h"
#include "chains/core/stream.h"
#include "chains/testing/probe.h"
#include "chains/testing/running.h"
#include "chains/testing/status_matchers.h"
#include "support.h"

namespace chains {
namespace {

using testing::FakeClock;
using testing::IsOk;
using testing::IsOkAndHolds;
using testing::StatusIs;

Task<int> StartTwoAndAdd(FakeClock& clock, absl::Time& when) {
  Task<int> a = After(absl::Seconds(3), 1);
  Task<int> b = After(absl::Seconds(2), 2);
  Started<int> first = co_await Start(std::move(a));
  Started<int> second = co_await Start(std::move(b));
  co_await Sleep(absl::Seconds(2));
  const int sum = co_await first.Result() + co_await second.Result();
  when = clock.Now();
  co_return sum;
}

TEST(StartTest, RunsBesideItsStarter) {
  FakeClock clock;
  const absl::Time start = clock.Now();
  absl::Time when;
  EXPECT_THAT(Wait(StartTwoAndAdd(clock, when), clock), IsOkAndHolds(3));
  EXPECT_EQ(when - start, absl::Seconds(3));
}

TEST(StartTest, RunsNothingInsideItsStarter) {
  auto note = [](std::string& log) -> Task<void> {
    log += "started ";
    co_return;
  };
  auto starter = [](Task<void> task, std::string& log) -> Task<void> {
    Started<void> started = co_await Start(std::move(task));
    log += "starter ";
    EXPECT_FALSE(started.done());
    co_await started.Result();
    EXPECT_TRUE(started.done());
    log += "result";
  };
  std::string log;
  EXPECT_THAT(Await(starter(note(log), log)), IsOk());
  EXPECT_EQ(log, "starter started result");
}

TEST(StartTest, AFailureIsSeenWhereTheResultIsAwaited) {
  auto starter = [](bool& went_on) -> Task<int> {
    Task<int> failing = Done<int>(absl::NotFoundError("gone"));
    Started<int> started = co_await Start(std::move(failing));
    co_await Sleep(absl::Seconds(1));
    went_on = true;
    co_return co_await started.Result();
  };
  FakeClock clock;
  bool went_on = false;
  EXPECT_THAT(Wait(starter(went_on), clock), StatusIs(absl::StatusCode::kNotFound, "gone"));
  EXPECT_TRUE(went_on);
}

// Says when its frame is destroyed, and whether it was to the end.
Task<void> Linger(std::shared_ptr<int> alive, bool& ended) {
  co_await Sleep(absl::Seconds(5));
  ended = alive != nullptr;
}

TEST(StartTest, IsDroppedWithItsStarter) {
  auto starter = [](Task<void> task) -> Task<void> {
    const Started<void> started = co_await Start(std::move(task));
    co_await Sleep(absl::Seconds(1));
  };
  FakeClock clock;
  auto alive = std::make_shared<int>();
  bool ended = false;
  EXPECT_THAT(Wait(starter(Linger(alive, ended)), clock), IsOk());
  EXPECT_EQ(alive.use_count(), 1);
  EXPECT_FALSE(ended);
}

TEST(StartTest, IsDroppedBeforeItRan) {
  auto starter = [](Task<void> task) -> Task<void> {
    const Started<void> started = co_await Start(std::move(task));
  };
  auto alive = std::make_shared<int>();
  bool ended = false;
  EXPECT_THAT(Await(starter(Linger(alive, ended))), IsOk());
  EXPECT_EQ(alive.use_count(), 1);
}

TEST(StartTest, GoesOnBetweenTheItemsOfAStream) {
  auto produce = [](FakeClock&) -> Stream<int> {
    Task<int> later = After(absl::Seconds(3), 7);
    Started<int> started = co_await Start(std::move(later));
    co_yield 1;
    co_yield co_await started.Result();
  };
  auto consume = [](Stream<int> stream) -> Task<int> {
    const std::optional<int> first = co_await stream.Next();
    co_await Sleep(absl::Seconds(3));  // the producer waits; what it started does not
    const std::optional<int> second = co_await stream.Next();
    co_return 10 * *first + *second;
  };
  FakeClock clock;
  const absl::Time start = clock.Now();
  EXPECT_THAT(Wait(consume(produce(clock)), clock), IsOkAndHolds(17));
  EXPECT_EQ(clock.Now() - start, absl::Seconds(3));
}

Task<void> Compute(std::shared_ptr<int> alive) {
  co_await Blocking([&] { ++*alive; });
}

// The work may use its own frame until it returns, though its starter is gone.
TEST(StartTest, BlockingWorkOutlivesItsStarter) {
  auto starter = [](Task<void> task) -> Task<void> {
    const Started<void> started = co_await Start(std::move(task));
    co_await Sleep(absl::Milliseconds(1));
  };
  for (int round = 0; round < 100; ++round) {
    auto alive = std::make_shared<int>();
    EXPECT_THAT(Await(starter(Compute(alive))), IsOk());
    EXPECT_EQ(alive.use_count(), 1);
  }
}

}  // namespace
}  // namespace chains
