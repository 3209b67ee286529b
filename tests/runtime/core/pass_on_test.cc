// PassOn: items of another stream, its end and failures, and who is dropped with whom.
#include "chains/core/pass_on.h"

#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "chains/core/timing.h"
#include "chains/testing/collect.h"
#include "chains/testing/status_matchers.h"
#include "support.h"

namespace chains {
namespace {

using internal::Here;
using internal::InPlace;
using internal::NextWithin;
using internal::PassOn;
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

// As an edge does: what ends PassOn is found by Next(). Counts its own turns.
Stream<int> Guarded(Stream<int> items, int& turns) {
  Here::Place here = co_await Here();
  const Context context = here.context();
  while (true) {
    co_await PassOn(items, context);
    ++turns;
    std::optional<int> next = co_await items.Next();
    if (!next) break;
    co_yield *next;
  }
}
Stream<int> Guarded(Stream<int> items) {
  int turns = 0;
  Stream<int> guarded = Guarded(std::move(items), turns);
  while (std::optional<int> item = co_await guarded.Next()) co_yield *item;
}

TEST(PassOnTest, YieldsAllItemsWithoutBeingResumed) {
  int turns = 0;
  EXPECT_THAT(Await(Collect(Guarded(Count(3, absl::Seconds(1)), turns))),
              IsOkAndHolds(ElementsAre(1, 2, 3)));
  EXPECT_EQ(turns, 1);
  EXPECT_THAT(Await(Collect(Guarded(Count(0)))), IsOkAndHolds(IsEmpty()));
}

TEST(PassOnTest, GoesThroughSeveral) {
  int outer = 0;
  int inner = 0;
  EXPECT_THAT(Await(Collect(Guarded(Guarded(Count(4, absl::Seconds(1)), inner), outer))),
              IsOkAndHolds(ElementsAre(1, 2, 3, 4)));
  EXPECT_EQ(outer, 1);
  EXPECT_EQ(inner, 1);
}

TEST(PassOnTest, EndsWithAFailureThatNextSays) {
  int turns = 0;
  EXPECT_THAT(Await(Collect(Guarded(FailsAfterItems(2, absl::DataLossError("torn")), turns))),
              StatusIs(absl::StatusCode::kDataLoss, "torn"));
  EXPECT_EQ(turns, 1);
}

TEST(PassOnTest, MovesAnItemOnceHoweverManyPassItOn) {
  struct Moved {
    Moved() {}
    Moved(Moved&& other) noexcept : moves(other.moves + 1) {}
    int moves = 0;
  };
  auto gives = []() -> Stream<Moved> { co_yield Moved(); };
  auto passes = [](Stream<Moved> items) -> Stream<Moved> {
    Here::Place here = co_await Here();
    co_await PassOn(items, here.context());
  };
  auto takes = [](Stream<Moved> stream) -> Task<int> {
    std::optional<Moved> item = co_await stream.Next();
    co_return item->moves;
  };
  EXPECT_THAT(Await(takes(passes(passes(gives())))), IsOkAndHolds(1));
  auto looks = [](Stream<Moved> stream) -> Task<int> {
    const Moved* item = co_await InPlace(stream.Next());
    co_return item->moves;
  };
  EXPECT_THAT(Await(looks(passes(passes(gives())))), IsOkAndHolds(0));
}

TEST(PassOnTest, LooksInPlaceAtEachItemAndTheEnd) {
  auto sums = [](Stream<int> stream) -> Task<int> {
    int sum = 0;
    while (const int* item = co_await InPlace(stream.Next())) sum += *item;
    const int* more = co_await InPlace(stream.Next());
    co_return more == nullptr ? sum : -1;
  };
  EXPECT_THAT(Await(sums(Count(4))), IsOkAndHolds(10));
  EXPECT_THAT(Await(sums(FailsAfterItems(1, absl::DataLossError("torn")))),
              StatusIs(absl::StatusCode::kDataLoss));
}

// A deadline of its own is not PassOn's to enforce.
TEST(PassOnTest, LeavesADeadlineOfItsOwnToNext) {
  auto within = [](Stream<int> items, absl::Duration time, int& turns) -> Stream<int> {
    Here::Place here = co_await Here();
    const Context context = here.context().WithDeadline(here.loop().Now() + time);
    while (true) {
      co_await PassOn(items, context);
      ++turns;
      absl::StatusOr<std::optional<int>> next = co_await NextWithin<int>(items.Next(), context);
      co_await next.status();
      if (!next->has_value()) break;
      co_yield **next;
    }
  };
  int turns = 0;
  EXPECT_THAT(Await(Collect(within(Count(3, absl::Seconds(1)), absl::Seconds(10), turns))),
              IsOkAndHolds(ElementsAre(1, 2, 3)));
  EXPECT_EQ(turns, 4);
  EXPECT_THAT(Await(Collect(within(Count(3, absl::Seconds(1)), absl::Milliseconds(1500), turns))),
              StatusIs(absl::StatusCode::kDeadlineExceeded));
}

// Tells when it is destroyed.
Stream<int> Holds(std::shared_ptr<int> held, absl::Duration each) {
  for (int i = 1;; ++i) {
    co_await Sleep(each);
    co_yield i** held;
  }
}

TEST(PassOnTest, DroppedBetweenItemsDropsWhatItPassesOn) {
  auto held = std::make_shared<int>(1);
  auto takes = [](Stream<int> stream) -> Task<int> {
    std::optional<int> item = co_await stream.Next();
    co_return *item;
  };
  EXPECT_THAT(Await(takes(Guarded(Guarded(Holds(held, absl::Seconds(1)))))), IsOkAndHolds(1));
  EXPECT_EQ(held.use_count(), 1);
}

TEST(PassOnTest, DroppedWhileItsConsumerWaitsDropsWhatItPassesOn) {
  auto held = std::make_shared<int>(1);
  auto takes = [](Stream<int> stream) -> Task<int> {
    std::optional<int> item = co_await stream.Next();
    item = co_await stream.Next();
    co_return *item;
  };
  EXPECT_THAT(Await(WithTimeout(takes(Guarded(Guarded(Holds(held, absl::Seconds(1))))),
                                absl::Milliseconds(1500))),
              StatusIs(absl::StatusCode::kDeadlineExceeded));
  EXPECT_EQ(held.use_count(), 1);
}

// The consumers of a stream may be several, one after the other.
TEST(PassOnTest, IsReadByOneCoroutineAfterAnother) {
  auto next = [](Stream<int>& stream) -> Task<int> {
    std::optional<int> item = co_await stream.Next();
    co_return *item;
  };
  auto takes = [](Stream<int> stream, auto ask) -> Task<int> {
    const int first = co_await ask(stream);
    Stream<int> moved = std::move(stream);
    const int second = co_await ask(moved);
    co_return first * 10 + second;
  };
  EXPECT_THAT(Await(takes(Guarded(Count(2, absl::Seconds(1))), next)), IsOkAndHolds(12));
}

}  // namespace
}  // namespace chains
