#include "chains/policy/retry_rule.h"

#include <algorithm>
#include <optional>

#include <gtest/gtest.h>

#include "chains/contract/push_back.h"
#include "chains/contract/status_path.h"

namespace chains {
namespace {

const Hop kCallee = {.chainlet = "t.T", .method = "Run", .replica = "r"};
const Hop kBelow = {.chainlet = "t.Leaf", .method = "Run", .replica = "s"};

absl::Status Unavailable() { return absl::UnavailableError("gone"); }
RetryRule::Options Longest(int attempts) {
  return {.attempts = attempts,
          .first_backoff = absl::Milliseconds(10),
          .max_backoff = absl::Milliseconds(25),
          .random = [] { return 1.0; }};
}

class RetryRuleTest : public ::testing::Test {
 protected:
  AttemptBudget budget_{RetryBudget{.ratio = 0, .burst = 100}};
};

TEST_F(RetryRuleTest, TheCapOfAPauseDoublesUpToTheLongest) {
  RetryRule rule(Longest(4), budget_);
  EXPECT_EQ(rule.After(Unavailable(), 1), absl::Milliseconds(10));
  EXPECT_EQ(rule.After(Unavailable(), 2), absl::Milliseconds(20));
  EXPECT_EQ(rule.After(Unavailable(), 3), absl::Milliseconds(25));
  EXPECT_EQ(rule.After(Unavailable(), 4), std::nullopt);
}

TEST_F(RetryRuleTest, APauseIsAnyTimeUpToItsCap) {
  RetryRule::Options options = Longest(2);
  options.random = nullptr;
  RetryRule rule(options, budget_);
  absl::Duration least = absl::Hours(1);
  absl::Duration most;
  for (int i = 0; i < 100; ++i) {
    const absl::Duration pause = *rule.After(Unavailable(), 1);
    least = std::min(least, pause);
    most = std::max(most, pause);
  }
  EXPECT_GE(least, absl::ZeroDuration());
  EXPECT_LT(least, absl::Milliseconds(5));  // 1 in 2^100 that it is not
  EXPECT_GT(most, absl::Milliseconds(5));
  EXPECT_LE(most, absl::Milliseconds(10));
}

TEST_F(RetryRuleTest, ManyAttemptsDoNotOverflowThePause) {
  RetryRule rule(Longest(1000), budget_);
  EXPECT_EQ(rule.After(Unavailable(), 999), absl::Milliseconds(25));
}

TEST_F(RetryRuleTest, NothingButUnavailableMayHeal) {
  RetryRule rule(Longest(3), budget_);
  EXPECT_EQ(rule.After(absl::AbortedError(""), 1), std::nullopt);
  EXPECT_EQ(rule.After(absl::DeadlineExceededError(""), 1), std::nullopt);
  EXPECT_EQ(rule.After(absl::ResourceExhaustedError(""), 1), std::nullopt);
  EXPECT_EQ(rule.After(absl::OkStatus(), 1), std::nullopt);
  EXPECT_EQ(budget_.counts().taken, 0u);
}

TEST_F(RetryRuleTest, OnlyWhoIsNextToTheFailureRepeatsIt) {
  RetryRule rule(Longest(3), budget_);
  const absl::Status of_callee = WithHop(Unavailable(), kCallee);
  EXPECT_NE(rule.After(of_callee, 1), std::nullopt);
  const absl::Status of_below = WithHop(WithHop(Unavailable(), kBelow), kCallee);
  EXPECT_EQ(rule.After(of_below, 1), std::nullopt);
}

TEST_F(RetryRuleTest, AGatewayRepeatsOnlyWhatDidNotReachAChainlet) {
  RetryRule::Options options = Longest(3);
  options.answers_too = false;
  RetryRule rule(options, budget_);
  EXPECT_NE(rule.After(Unavailable(), 1), std::nullopt);
  const absl::Status answered = WithHop(Unavailable(), kCallee);
  EXPECT_EQ(rule.After(answered, 1), std::nullopt);
  EXPECT_NE(rule.After(WithRetryAfter(answered, absl::Milliseconds(1)), 1), std::nullopt);
}

TEST_F(RetryRuleTest, WaitsAtLeastAsLongAsTheCalleeAsksFor) {
  RetryRule::Options options = Longest(3);
  RetryRule rule(options, budget_);
  const absl::Status later = WithRetryAfter(Unavailable(), absl::Seconds(2));
  EXPECT_EQ(rule.After(later, 1), absl::Seconds(2) + absl::Milliseconds(10));
  options.random = [] { return 0.0; };
  RetryRule hasty(options, budget_);
  EXPECT_EQ(hasty.After(later, 1), absl::Seconds(2));
}

TEST_F(RetryRuleTest, DoesNotComeAgainWhereItIsToldNotTo) {
  RetryRule rule(Longest(3), budget_);
  EXPECT_EQ(rule.After(WithRetryAfter(Unavailable(), -absl::Seconds(1)), 1), std::nullopt);
  EXPECT_EQ(budget_.counts().taken, 0u);
}

TEST_F(RetryRuleTest, RepeatsNothingOnceTheBudgetIsSpent) {
  AttemptBudget small(RetryBudget{.ratio = 0.5, .burst = 2});
  RetryRule rule(Longest(9), small);
  EXPECT_NE(rule.After(Unavailable(), 1), std::nullopt);
  EXPECT_NE(rule.After(Unavailable(), 1), std::nullopt);
  EXPECT_EQ(rule.After(Unavailable(), 1), std::nullopt);
  small.Answered(2);
  EXPECT_NE(rule.After(Unavailable(), 1), std::nullopt);
}

}  // namespace
}  // namespace chains
