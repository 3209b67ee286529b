// Depth and length: coroutines that await each other, or go round a loop, need no stack for it.
#include <gtest/gtest.h>

#include "chains/core/all.h"
#include "chains/core/gate.h"
#include "chains/core/stream.h"
#include "chains/testing/status_matchers.h"
#include "support.h"

namespace chains {
namespace {

using testing::IsOk;
using testing::IsOkAndHolds;
using testing::StatusIs;

constexpr int kLong = 100'000;
// What unwinds a tree without finishing it (a failure on its way up, a drop) recurses, frame by
// frame, as the destructors of nested objects do.
constexpr int kDeep = 2'000;

Task<int> Nested(int depth, absl::Duration pause) {
  if (depth == 0) {
    co_await Sleep(pause);
    co_return 0;
  }
  const int below = co_await Nested(depth - 1, pause);
  co_return below + 1;
}
Task<int> FailsBelow(int depth, absl::Duration pause) {
  if (depth == 0) {
    co_await Sleep(pause);
    co_return absl::AbortedError("bottom");
  }
  co_return co_await FailsBelow(depth - 1, pause);
}

TEST(DepthTest, NestedAwaitsNeedNoStack) {
  EXPECT_THAT(Await(Nested(kLong, absl::ZeroDuration())), IsOkAndHolds(kLong));
  EXPECT_THAT(Await(Nested(kLong, absl::Seconds(1))), IsOkAndHolds(kLong));
}

TEST(DepthTest, ALoopOfTasksThatAreDoneAtOnceNeedsNoStack) {
  auto loops = []() -> Task<int> {
    int sum = 0;
    for (int i = 0; i < kLong; ++i) sum += co_await Value(1);
    co_return sum;
  };
  EXPECT_THAT(Await(loops()), IsOkAndHolds(kLong));
}

TEST(DepthTest, ALoopOfOutcomesNeedsNoStack) {
  auto loops = []() -> Task<int> {
    int failures = 0;
    for (int i = 0; i < kLong; ++i) {
      absl::StatusOr<int> outcome = co_await Outcome(Fails(absl::AbortedError("no")));
      if (!outcome.ok()) ++failures;
    }
    co_return failures;
  };
  EXPECT_THAT(Await(loops()), IsOkAndHolds(kLong));
}

TEST(DepthTest, ALoopOfAllsNeedsNoStack) {
  auto loops = []() -> Task<int> {
    int sum = 0;
    for (int i = 0; i < kLong / 10; ++i) {
      auto [a, b] = co_await All(Value(1), Value(2));
      sum += a + b;
    }
    co_return sum;
  };
  EXPECT_THAT(Await(loops()), IsOkAndHolds(3 * kLong / 10));
}

TEST(DepthTest, AStreamOfManyItemsNeedsNoStack) {
  auto counts = []() -> Stream<int> {
    for (int i = 0; i < kLong; ++i) co_yield 1;
  };
  auto sums = [](Stream<int> stream) -> Task<int> {
    int sum = 0;
    while (std::optional<int> item = co_await stream.Next()) sum += *item;
    co_return sum;
  };
  EXPECT_THAT(Await(sums(counts())), IsOkAndHolds(kLong));
}

TEST(DepthTest, ALoopThroughAFreeGateNeedsNoStack) {
  auto loops = [](Gate& gate) -> Task<void> {
    for (int i = 0; i < kLong; ++i) {
      Permit permit = co_await gate.Enter();
    }
  };
  Gate gate({.what = ""});
  EXPECT_THAT(Await(loops(gate)), IsOk());
}

TEST(DepthTest, AFailureRisesThroughThousandsOfAwaits) {
  EXPECT_THAT(Await(FailsBelow(kDeep, absl::ZeroDuration())),
              StatusIs(absl::StatusCode::kAborted, "bottom"));
  EXPECT_THAT(Await(FailsBelow(kDeep, absl::Seconds(1))), StatusIs(absl::StatusCode::kAborted));
}

TEST(DepthTest, ADropReachesThousandsOfAwaits) {
  EXPECT_THAT(Await(WithTimeout(Nested(kDeep, absl::InfiniteDuration()), absl::Seconds(1))),
              StatusIs(absl::StatusCode::kDeadlineExceeded));
}

}  // namespace
}  // namespace chains
