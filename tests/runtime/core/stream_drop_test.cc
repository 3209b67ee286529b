// What ends when a Stream, its producer or its consumer is dropped, in any order.
#include <optional>
#include <string>

#include <gtest/gtest.h>

#include "chains/core/all.h"
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
using testing::Running;
using testing::SharedProbe;
using testing::StatusIs;

// Yields 1, 2, … one a second.
Stream<int> Ticks(int& destroyed) {
  Witness witness(destroyed);
  for (int i = 1;; ++i) {
    co_await Sleep(absl::Seconds(1));
    co_yield i;
  }
}
// Yields what a worker made; the worker waits for `release`.
Stream<int> Made(SharedProbe& started, SharedProbe& release, int& destroyed) {
  Witness witness(destroyed);
  for (int i = 1;; ++i) {
    co_await Blocking([&] {
      started.Arrive();
      release.BlockUntil(1);
    });
    co_yield i;
  }
}
Task<int> NextOf(Stream<int>& stream) {
  std::optional<int> item = co_await stream.Next();
  co_return item.value_or(-1);
}

TEST(StreamDropTest, AnUnstartedProducerGoesWithItsArguments) {
  auto holds = [](std::shared_ptr<Witness> witness) -> Stream<int> { co_yield witness ? 1 : 0; };
  int destroyed = 0;
  { Stream<int> stream = holds(std::make_shared<Witness>(destroyed)); }
  EXPECT_EQ(destroyed, 1);
}

TEST(StreamDropTest, BetweenItemsDestroysTheProducer) {
  auto takes_one = [](Stream<int> stream) -> Task<int> { co_return co_await NextOf(stream); };
  int destroyed = 0;
  EXPECT_THAT(Await(takes_one(Ticks(destroyed))), IsOkAndHolds(1));
  EXPECT_EQ(destroyed, 1);
}

TEST(StreamDropTest, WhileItsConsumerWaitsDestroysTheProducer) {
  int destroyed = 0;
  auto takes_all = [](Stream<int> stream) -> Task<int> {
    int sum = 0;
    while (std::optional<int> item = co_await stream.Next()) sum += *item;
    co_return sum;
  };
  EXPECT_THAT(Await(WithTimeout(takes_all(Ticks(destroyed)), absl::Milliseconds(2500))),
              StatusIs(absl::StatusCode::kDeadlineExceeded));
  EXPECT_EQ(destroyed, 1);
}

TEST(StreamDropTest, AConsumerDroppedInNextStopsTheProducerOfAStreamThatLivesOn) {
  auto tries = [](Stream<int> stream, int& destroyed) -> Task<std::string> {
    absl::StatusOr<int> late =
        co_await Outcome(WithTimeout(NextOf(stream), absl::Milliseconds(500)));
    const std::string stopped = std::to_string(destroyed);
    co_await Sleep(absl::Seconds(5));  // the producer would go on here
    absl::StatusOr<int> again = co_await Outcome(NextOf(stream));
    co_return stopped + absl::StatusCodeToString(late.status().code()) +
        absl::StatusCodeToString(again.status().code());
  };
  int destroyed = 0;
  EXPECT_THAT(Await(tries(Ticks(destroyed), destroyed)),
              IsOkAndHolds("1DEADLINE_EXCEEDEDCANCELLED"));
}

TEST(StreamDropTest, AFailedSiblingOfTheConsumerStopsTheProducer) {
  auto tries = [](Stream<int> stream) -> Task<std::string> {
    auto both = co_await Outcome(
        All(NextOf(stream), FailsAfter(absl::Milliseconds(1), absl::AbortedError("sibling"))));
    co_await Sleep(absl::Seconds(5));
    absl::StatusOr<std::optional<int>> again = co_await Outcome(stream.Next());
    co_return std::string(both.status().message()) +
        absl::StatusCodeToString(again.status().code());
  };
  int destroyed = 0;
  EXPECT_THAT(Await(tries(Ticks(destroyed))), IsOkAndHolds("siblingCANCELLED"));
  EXPECT_EQ(destroyed, 1);
}

TEST(StreamDropTest, ASecondCoroutineInNextIsRefused) {
  auto tries = [](Stream<int> stream) -> Task<int> {
    std::vector<Task<int>> both;
    both.push_back(NextOf(stream));
    both.push_back(NextOf(stream));
    std::vector<absl::StatusOr<int>> items = co_await AllSettled(std::move(both));
    co_return absl::IsCancelled(items[1].status()) ? *items[0] : -1;
  };
  int destroyed = 0;
  EXPECT_THAT(Await(tries(Ticks(destroyed))), IsOkAndHolds(1));
}

TEST(StreamDropTest, NextWithinIsLateAndDropsTheProducer) {
  auto tries = [](Stream<int> stream, int& destroyed) -> Task<std::string> {
    internal::Here::Place here = co_await internal::Here();
    const Context context =
        here.context().WithDeadline(here.loop().Now() + absl::Milliseconds(1500));
    absl::StatusOr<std::optional<int>> first =
        co_await internal::NextWithin<int>(stream.Next(), context);
    absl::StatusOr<std::optional<int>> late =
        co_await internal::NextWithin<int>(stream.Next(), context);
    const std::string stopped = std::to_string(destroyed);
    absl::StatusOr<std::optional<int>> again =
        co_await internal::NextWithin<int>(stream.Next(), context);
    co_return std::to_string(**first) + absl::StatusCodeToString(late.status().code()) + stopped +
        absl::StatusCodeToString(again.status().code());
  };
  int destroyed = 0;
  EXPECT_THAT(Await(tries(Ticks(destroyed), destroyed)),
              IsOkAndHolds("1DEADLINE_EXCEEDED1CANCELLED"));
}

TEST(StreamDropTest, NextWithinThatIsTooLateFromTheStartDoesNotRunTheProducer) {
  auto tries = [](Stream<int> stream) -> Task<void> {
    internal::Here::Place here = co_await internal::Here();
    const Context context = here.context().WithDeadline(here.loop().Now());
    absl::StatusOr<std::optional<int>> late =
        co_await internal::NextWithin<int>(stream.Next(), context);
    co_await late.status();
  };
  auto produces = [](bool& ran) -> Stream<int> {
    ran = true;
    co_yield 1;
  };
  bool ran = false;
  EXPECT_THAT(Await(tries(produces(ran))), StatusIs(absl::StatusCode::kDeadlineExceeded));
  EXPECT_FALSE(ran);
}

TEST(StreamDropTest, NextWithinYieldsItemsEndAndFailure) {
  auto produces = []() -> Stream<int> {
    co_yield 1;
    co_await Sleep(absl::Seconds(1));
    co_await absl::DataLossError("torn");
  };
  auto tries = [](Stream<int> stream) -> Task<std::string> {
    internal::Here::Place here = co_await internal::Here();
    const Context context = here.context().WithDeadline(here.loop().Now() + absl::Seconds(9));
    absl::StatusOr<std::optional<int>> first =
        co_await internal::NextWithin<int>(stream.Next(), context);
    absl::StatusOr<std::optional<int>> torn =
        co_await internal::NextWithin<int>(stream.Next(), context);
    absl::StatusOr<std::optional<int>> again =
        co_await internal::NextWithin<int>(stream.Next(), context);
    co_return std::to_string(**first) + std::string(torn.status().message()) +
        std::string(again.status().message());
  };
  EXPECT_THAT(Await(tries(produces())), IsOkAndHolds("1torntorn"));
}

TEST(StreamDropTest, AWorkerOfTheProducerKeepsItsFrameUntilItReturns) {
  FakeClock clock;
  SharedProbe started;
  SharedProbe release;
  int destroyed = 0;
  auto takes = [](Stream<int> stream) -> Task<int> { co_return co_await NextOf(stream); };
  {
    Running<int> taking(clock, takes(Made(started, release, destroyed)));
    started.BlockUntil(1);
  }
  EXPECT_EQ(destroyed, 0);
  release.Arrive();
  clock.Settle();
  EXPECT_EQ(destroyed, 1);
}

// The consumer is dropped, and with it the wait; the stream's owner goes on and looks again.
Task<std::string> LooksAgain(Stream<int> stream, SharedProbe& started, SharedProbe& release) {
  std::vector<Task<int>> tasks;
  tasks.push_back(NextOf(stream));
  tasks.push_back(FailsOnce(started, absl::AbortedError("sibling")));
  absl::StatusOr<std::vector<int>> both = co_await Outcome(All(std::move(tasks)));
  absl::StatusOr<std::optional<int>> again = co_await Outcome(stream.Next());
  { Stream<int> dropped = std::move(stream); }
  release.Arrive();
  co_return std::string(both.status().message()) + absl::StatusCodeToString(again.status().code());
}

TEST(StreamDropTest, AStreamWhoseReaderIsKeptByAWorkerCanBeDropped) {
  FakeClock clock;
  SharedProbe started;
  SharedProbe release;
  int destroyed = 0;
  EXPECT_THAT(Wait(LooksAgain(Made(started, release, destroyed), started, release), clock),
              IsOkAndHolds("siblingCANCELLED"));
  EXPECT_EQ(destroyed, 1);
  EXPECT_EQ(clock.blocking(), 0u);
}

// The same where the stream's owner keeps it until the worker is back.
TEST(StreamDropTest, AStreamWhoseReaderIsKeptByAWorkerCanOutliveIt) {
  auto keeps = [](Stream<int> stream, SharedProbe& release) -> Task<std::string> {
    std::vector<Task<int>> tasks;
    tasks.push_back(NextOf(stream));
    tasks.push_back(FailsAfter(absl::Seconds(1), absl::AbortedError("sibling")));
    tasks.push_back([](SharedProbe& probe) -> Task<int> {
      probe.Arrive();
      co_return 0;
    }(release));
    absl::StatusOr<std::vector<int>> all = co_await Outcome(All(std::move(tasks)));
    absl::StatusOr<std::optional<int>> again = co_await Outcome(stream.Next());
    co_return std::string(all.status().message()) + (again.ok() ? "" : "stopped");
  };
  FakeClock clock;
  SharedProbe started;
  SharedProbe release;
  int destroyed = 0;
  EXPECT_THAT(Wait(keeps(Made(started, release, destroyed), release), clock),
              IsOkAndHolds("sibling"));
  EXPECT_EQ(destroyed, 1);
}

}  // namespace
}  // namespace chains
