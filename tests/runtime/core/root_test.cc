// Root: a task without a coroutine that awaits it.
#include "chains/core/root.h"

#include <memory>
#include <optional>

#include <gtest/gtest.h>

#include "chains/testing/running.h"
#include "chains/testing/status_matchers.h"
#include "support.h"

namespace chains {
namespace {

using internal::Root;
using testing::FakeClock;
using testing::IsOkAndHolds;
using testing::StatusIs;

TEST(RootTest, HandsTheOutcomeOverFromAJob) {
  FakeClock clock;
  std::optional<absl::StatusOr<int>> outcome;
  Root<int> root(clock, Context(), Value(3), [&](absl::StatusOr<int> got) { outcome = got; });
  root.Start();
  EXPECT_FALSE(outcome.has_value());  // the task is done, but nobody is called from inside Start()
  clock.Settle();
  ASSERT_TRUE(outcome.has_value());
  EXPECT_THAT(*outcome, IsOkAndHolds(3));
}

TEST(RootTest, HandsAFailureOver) {
  FakeClock clock;
  std::optional<absl::StatusOr<int>> outcome;
  Root<int> root(clock, Context(), FailsAfter(absl::Seconds(1), absl::AbortedError("no")),
                 [&](absl::StatusOr<int> got) { outcome = got; });
  root.Start();
  clock.Advance(absl::Seconds(1));
  clock.Settle();
  ASSERT_TRUE(outcome.has_value());
  EXPECT_THAT(*outcome, StatusIs(absl::StatusCode::kAborted));
}

TEST(RootTest, DestroyedWhileItWaitsDropsTheTaskAndCallsNobody) {
  FakeClock clock;
  int destroyed = 0;
  int resumed = 0;
  bool called = false;
  {
    Root<int> root(clock, Context(), Never(destroyed, resumed),
                   [&](absl::StatusOr<int>) { called = true; });
    root.Start();
    clock.Settle();
  }
  EXPECT_EQ(destroyed, 1);
  clock.Settle();
  EXPECT_FALSE(called);
}

TEST(RootTest, DestroyedUnstartedCallsNobody) {
  FakeClock clock;
  bool called = false;
  {
    Root<int> root(clock, Context(), Value(1), [&](absl::StatusOr<int>) { called = true; });
  }
  clock.Settle();
  EXPECT_FALSE(called);
}

TEST(RootTest, DestroyedBetweenTheEndAndItsJobCallsNobody) {
  FakeClock clock;
  bool called = false;
  {
    Root<int> root(clock, Context(), Value(1), [&](absl::StatusOr<int>) { called = true; });
    root.Start();
  }
  clock.Settle();
  EXPECT_FALSE(called);
}

TEST(RootTest, MayBeDestroyedByWhatItCalls) {
  FakeClock clock;
  int ends = 0;
  std::unique_ptr<Root<int>> root;
  root = std::make_unique<Root<int>>(clock, Context(), After(absl::Seconds(1), 1),
                                     [&](absl::StatusOr<int>) {
                                       ++ends;
                                       root = nullptr;
                                     });
  root->Start();
  clock.Advance(absl::Seconds(1));
  clock.Settle();
  EXPECT_EQ(ends, 1);
  EXPECT_EQ(root, nullptr);
}

TEST(RootTest, TheFrameIsGoneWhenTheOutcomeArrives) {
  FakeClock clock;
  int destroyed = 0;
  int seen = 0;
  auto holds = [](int& ends, std::shared_ptr<Witness> argument) -> Task<int> {
    Witness witness(ends);
    co_return argument ? 1 : 0;
  };
  Root<int> root(clock, Context(), holds(destroyed, std::make_shared<Witness>(destroyed)),
                 [&](absl::StatusOr<int>) { seen = destroyed; });
  root.Start();
  clock.Settle();
  EXPECT_EQ(seen, 2);
}

TEST(RootTest, ManyOnOneLoopDoNotDisturbEachOther) {
  FakeClock clock;
  std::vector<std::unique_ptr<testing::Running<int>>> calls;
  for (int i = 0; i < 100; ++i) {
    calls.push_back(
        std::make_unique<testing::Running<int>>(clock, After(absl::Seconds(i % 7 + 1), i)));
  }
  for (int i = 0; i < 100; i += 3) calls[i] = nullptr;
  clock.Advance(absl::Seconds(7));
  clock.Settle();
  for (int i = 0; i < 100; ++i) {
    if (i % 3 != 0) {
      EXPECT_THAT(calls[i]->outcome(), IsOkAndHolds(i));
    }
  }
}

}  // namespace
}  // namespace chains
