// Stream: items, end, failure, and who runs when.
#include "chains/core/stream.h"

#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "chains/testing/collect.h"
#include "chains/testing/status_matchers.h"
#include "support.h"

namespace chains {
namespace {

using testing::Collect;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::IsOkAndHolds;
using testing::StatusIs;

Stream<int> Count(int items, absl::Duration each = absl::ZeroDuration()) {
  for (int i = 1; i <= items; ++i) {
    co_await Sleep(each);
    co_yield i;
  }
}
Stream<int> FailsAfterItems(int items, absl::Status status) {
  for (int i = 1; i <= items; ++i) co_yield i;
  co_await status;
}

TEST(StreamTest, YieldsItsItemsThenEnds) {
  EXPECT_THAT(Await(Collect(Count(3))), IsOkAndHolds(ElementsAre(1, 2, 3)));
  EXPECT_THAT(Await(Collect(Count(0))), IsOkAndHolds(IsEmpty()));
}

TEST(StreamTest, MayTakeItsTime) {
  EXPECT_THAT(Await(Collect(Count(3, absl::Hours(1)))), IsOkAndHolds(ElementsAre(1, 2, 3)));
}

TEST(StreamTest, CarriesWhatCanOnlyBeMoved) {
  auto owned = []() -> Stream<std::unique_ptr<int>> { co_yield std::make_unique<int>(5); };
  auto first = [](Stream<std::unique_ptr<int>> stream) -> Task<int> {
    std::optional<std::unique_ptr<int>> item = co_await stream.Next();
    co_return **item;
  };
  EXPECT_THAT(Await(first(owned())), IsOkAndHolds(5));
}

// Counts how often it was moved since it was made or copied.
struct Moved {
  Moved() {}
  Moved(const Moved& other) : copies(other.copies + 1) {}
  Moved(Moved&& other) noexcept : copies(other.copies), moves(other.moves + 1) {}
  int copies = 0;
  int moves = 0;
};

TEST(StreamTest, MovesAnItemOnceAndCopiesOnlyWhatTheProducerKeeps) {
  auto gives = []() -> Stream<Moved> {
    Moved mine;
    co_yield Moved();
    co_yield std::move(mine);
    co_yield mine;
  };
  auto takes = [](Stream<Moved> stream) -> Task<std::string> {
    std::string seen;
    while (std::optional<Moved> item = co_await stream.Next()) {
      seen += std::to_string(item->copies) + std::to_string(item->moves) + " ";
    }
    co_return seen;
  };
  EXPECT_THAT(Await(takes(gives())), IsOkAndHolds("01 01 11 "));
  auto asks = [](Stream<Moved> stream) -> Task<std::string> {
    absl::StatusOr<std::optional<Moved>> item = co_await Outcome(stream.Next());
    co_return std::to_string((*item)->copies) + std::to_string((*item)->moves);
  };
  EXPECT_THAT(Await(asks(gives())), IsOkAndHolds("01"));
}

TEST(StreamTest, ProducerRunsOnlyWhileSomebodyWaits) {
  auto produces = [](int& produced) -> Stream<int> {
    while (true) co_yield ++produced;
  };
  auto takes = [](Stream<int> stream, int& produced) -> Task<std::string> {
    std::string seen = std::to_string(produced);
    for (int i = 0; i < 3; ++i) {
      std::optional<int> item = co_await stream.Next();
      seen += std::to_string(*item) + std::to_string(produced);
    }
    co_return seen;
  };
  int produced = 0;
  EXPECT_THAT(Await(takes(produces(produced), produced)), IsOkAndHolds("0112233"));
}

TEST(StreamTest, FailsItsConsumerAfterTheItems) {
  int taken = 0;
  auto takes = [](Stream<int> stream, int& count) -> Task<int> {
    while (std::optional<int> item = co_await stream.Next()) ++count;
    co_return count;
  };
  EXPECT_THAT(Await(takes(FailsAfterItems(2, absl::DataLossError("torn")), taken)),
              StatusIs(absl::StatusCode::kDataLoss, "torn"));
  EXPECT_EQ(taken, 2);
}

TEST(StreamTest, OutcomeOfNextYieldsTheFailure) {
  auto takes = [](Stream<int> stream) -> Task<std::string> {
    absl::StatusOr<std::optional<int>> first = co_await Outcome(stream.Next());
    absl::StatusOr<std::optional<int>> second = co_await Outcome(stream.Next());
    co_return std::to_string(**first) + std::string(second.status().message());
  };
  EXPECT_THAT(Await(takes(FailsAfterItems(1, absl::DataLossError("torn")))), IsOkAndHolds("1torn"));
}

TEST(StreamTest, SaysTheSameAgainAfterItsEnd) {
  auto takes = [](Stream<int> stream) -> Task<int> {
    int ends = 0;
    for (int i = 0; i < 3; ++i) {
      std::optional<int> item = co_await stream.Next();
      if (!item) ++ends;
    }
    co_return ends;
  };
  EXPECT_THAT(Await(takes(Count(0))), IsOkAndHolds(3));
}

TEST(StreamTest, SaysTheSameAgainAfterItsFailure) {
  auto takes = [](Stream<int> stream, int& failures) -> Task<void> {
    for (int i = 0; i < 2; ++i) {
      absl::StatusOr<std::optional<int>> item = co_await Outcome(stream.Next());
      if (absl::IsDataLoss(item.status())) ++failures;
    }
    std::optional<int> more = co_await stream.Next();
    failures = more ? -1 : -2;
  };
  int failures = 0;
  EXPECT_THAT(Await(takes(FailsAfterItems(0, absl::DataLossError("torn")), failures)),
              StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_EQ(failures, 2);
}

TEST(StreamTest, AnExceptionOfTheProducerIsAFailure) {
  auto throws = []() -> Stream<int> {
    co_yield 1;
    co_yield Throws();
  };
  EXPECT_THAT(Await(Collect(throws())), StatusIs(absl::StatusCode::kInternal));
}

TEST(StreamTest, AFailedTaskInsideFailsTheProducer) {
  auto produces = []() -> Stream<int> {
    co_yield 1;
    const int value = co_await FailsAfter(absl::Seconds(1), absl::AbortedError("inner"));
    co_yield value;
  };
  EXPECT_THAT(Await(Collect(produces())), StatusIs(absl::StatusCode::kAborted, "inner"));
}

TEST(StreamTest, MayBeMadeOfAnotherStream) {
  auto doubled = [](Stream<int> inner) -> Stream<int> {
    while (std::optional<int> item = co_await inner.Next()) co_yield *item * 2;
  };
  EXPECT_THAT(Await(Collect(doubled(doubled(Count(3, absl::Seconds(1)))))),
              IsOkAndHolds(ElementsAre(4, 8, 12)));
}

TEST(StreamTest, MayBeMovedBetweenItems) {
  auto takes = [](Stream<int> stream) -> Task<int> {
    std::optional<int> first = co_await stream.Next();
    Stream<int> moved = std::move(stream);
    std::optional<int> second = co_await moved.Next();
    Stream<int> assigned = Count(1);
    assigned = std::move(moved);
    std::optional<int> third = co_await assigned.Next();
    co_return *first * 100 + *second * 10 + *third;
  };
  EXPECT_THAT(Await(takes(Count(5))), IsOkAndHolds(123));
}

TEST(StreamTest, IsReadByOneCoroutineAfterAnother) {
  auto next = [](Stream<int>& stream) -> Task<int> {
    std::optional<int> item = co_await stream.Next();
    co_return *item;
  };
  auto takes = [](Stream<int> stream, auto ask) -> Task<int> {
    const int first = co_await ask(stream);
    const int second = co_await ask(stream);
    co_return first * 10 + second;
  };
  EXPECT_THAT(Await(takes(Count(2, absl::Seconds(1)), next)), IsOkAndHolds(12));
}

}  // namespace
}  // namespace chains
