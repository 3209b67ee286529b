#include "chains/policy/hedge_budget.h"

#include <algorithm>
#include <deque>

#include <gtest/gtest.h>

namespace chains {
namespace {

using Need = HedgeBudget::Need;

int TakeAll(HedgeBudget& budget, Need need) {
  int taken = 0;
  while (budget.TryTake(need)) ++taken;
  return taken;
}

void Answer(HedgeBudget& budget, int calls) {
  for (int i = 0; i < calls; ++i) budget.Answered();
}

TEST(HedgeBudgetTest, BeginsEmpty) {
  HedgeBudget budget(0.05);
  EXPECT_FALSE(budget.TryTake(Need::kStuck));
}

TEST(HedgeBudgetTest, KeepsAFewAndTheLastForWhoIsStuck) {
  HedgeBudget budget(0.05);
  Answer(budget, 100'000);
  EXPECT_EQ(TakeAll(budget, Need::kLate), 2);
  EXPECT_EQ(TakeAll(budget, Need::kStuck), 1);
}

TEST(HedgeBudgetTest, OverAnyFewHundredCallsItIsTheShare) {
  constexpr size_t kWindow = 600;
  HedgeBudget budget(0.05);
  Answer(budget, 10'000);  // as full as it gets
  std::deque<int> last;
  int extra = 0;
  int most = 0;
  for (int call = 0; call < 10'000; ++call) {
    last.push_back(TakeAll(budget, Need::kStuck));
    extra += last.back();
    if (last.size() > kWindow) {
      extra -= last.front();
      last.pop_front();
    }
    if (last.size() == kWindow) most = std::max(most, extra);
    budget.Answered();
  }
  EXPECT_LE(most, 30);
  EXPECT_GE(most, 27);
}

TEST(HedgeBudgetTest, WhatIsInheritedIsPaidFirst) {
  HedgeBudget budget(0.05);
  Answer(budget, 1000);
  for (int i = 0; i < 3; ++i) budget.Inherited();
  EXPECT_FALSE(budget.TryTake(Need::kStuck));
  Answer(budget, 23);
  EXPECT_TRUE(budget.TryTake(Need::kStuck));
}

TEST(HedgeBudgetTest, InheritedAndOwnTogetherAreTheShare) {
  HedgeBudget budget(0.05);
  int extra = 0;
  for (int call = 0; call < 10'000; ++call) {
    if (call % 50 == 0) {  // two in a hundred
      budget.Inherited();
      ++extra;
    }
    extra += TakeAll(budget, Need::kStuck);
    budget.Answered();
  }
  EXPECT_LE(extra, 500);
  EXPECT_GE(extra, 440);
}

TEST(HedgeBudgetTest, ItsDebtIsSoonPaid) {
  HedgeBudget budget(0.05);
  for (int i = 0; i < 1'000'000; ++i) budget.Inherited();
  Answer(budget, 21 * 23);
  EXPECT_TRUE(budget.TryTake(Need::kStuck));
}

TEST(HedgeBudgetTest, TakesBackWhatWasNotMade) {
  HedgeBudget budget(1);
  Answer(budget, 10);
  ASSERT_EQ(TakeAll(budget, Need::kStuck), 3);
  budget.GiveBack();
  EXPECT_EQ(TakeAll(budget, Need::kStuck), 1);
}

TEST(HedgeBudgetTest, NoShareIsNoSecondAttempt) {
  HedgeBudget nonsense(-1);
  Answer(nonsense, 1000);
  EXPECT_FALSE(nonsense.TryTake(Need::kStuck));
}

}  // namespace
}  // namespace chains
