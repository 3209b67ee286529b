#include "chains/policy/retry_budget.h"

#include <gtest/gtest.h>

namespace chains {
namespace {

int TakeAll(AttemptBudget& budget) {
  int taken = 0;
  while (budget.TryTake()) ++taken;
  return taken;
}

TEST(AttemptBudgetTest, BeginsWithItsBurst) {
  AttemptBudget budget({.ratio = 0.1, .burst = 5});
  EXPECT_EQ(TakeAll(budget), 5);
  EXPECT_EQ(budget.counts().taken, 5u);
  EXPECT_EQ(budget.counts().refused, 1u);
}

TEST(AttemptBudgetTest, ACallThatFailsEarnsNothingSoAnOutageIsRepeatedOnlyBurstTimes) {
  AttemptBudget budget({.ratio = 0.1, .burst = 5});
  int attempts = 0;
  for (int call = 0; call < 10'000; ++call) attempts += budget.TryTake() ? 2 : 1;
  EXPECT_EQ(attempts, 10'005);
}

TEST(AttemptBudgetTest, AnswersEarnTheirRatio) {
  AttemptBudget budget({.ratio = 0.1, .burst = 5});
  TakeAll(budget);
  for (int i = 0; i < 9; ++i) budget.Answered();
  EXPECT_FALSE(budget.TryTake());
  budget.Answered();
  EXPECT_TRUE(budget.TryTake());
  EXPECT_FALSE(budget.TryTake());
}

TEST(AttemptBudgetTest, ToldLateOfManyAnswersItHasEarnedAsMuch) {
  AttemptBudget budget({.ratio = 0.1, .burst = 5});
  TakeAll(budget);
  budget.Answered(30);
  EXPECT_EQ(TakeAll(budget), 3);
}

TEST(AttemptBudgetTest, EarnsWhatItsEdgeCountsAsEndedWell) {
  MethodCounters calls;
  AttemptBudget budget({.ratio = 0.5, .burst = 2}, &calls);
  TakeAll(budget);
  const auto end = [&calls](absl::StatusCode code) {
    calls.Started();
    calls.Ended(code);
  };
  end(absl::StatusCode::kUnavailable);
  end(absl::StatusCode::kUnavailable);
  EXPECT_FALSE(budget.TryTake());
  end(absl::StatusCode::kOk);
  end(absl::StatusCode::kOk);
  EXPECT_TRUE(budget.TryTake());
  EXPECT_FALSE(budget.TryTake());
}

TEST(AttemptBudgetTest, KeepsNoMoreThanItsBurst) {
  AttemptBudget budget({.ratio = 0.1, .burst = 5});
  budget.Answered(1'000'000);
  EXPECT_EQ(TakeAll(budget), 5);
}

TEST(AttemptBudgetTest, TakesBackWhatWasNotMade) {
  AttemptBudget budget({.ratio = 0, .burst = 1});
  ASSERT_TRUE(budget.TryTake());
  budget.GiveBack();
  EXPECT_EQ(budget.counts().taken, 0u);
  EXPECT_TRUE(budget.TryTake());
  EXPECT_FALSE(budget.TryTake());
}

TEST(AttemptBudgetTest, AnEmptyOneAllowsNoFurtherAttempt) {
  AttemptBudget none({.ratio = 0, .burst = 0});
  none.Answered(1000);
  EXPECT_FALSE(none.TryTake());
  AttemptBudget nonsense({.ratio = -1, .burst = -1});
  nonsense.Answered(1000);
  EXPECT_FALSE(nonsense.TryTake());
}

}  // namespace
}  // namespace chains
