#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "chains/contract/status_path.h"
#include "chains/policy/callee_edge.h"
#include "chains/policy/caller_edge.h"

namespace chains {
namespace {

constexpr Method kIdempotent = {.chainlet = "t.T",
                                .name = "Run",
                                .path = "/t.T/Run",
                                .kind = MethodKind::kUnary,
                                .idempotent = true};
constexpr Method kOther = {.chainlet = "t.T", .name = "Once", .path = "/t.T/Once"};

TEST(CallerEdgeTest, ShortensTheDeadlineToItsTimeoutButNeverLengthensIt) {
  CallerEdge edge({.callee = "t.T", .timeout = absl::Seconds(10)});
  const absl::Time now = absl::FromUnixSeconds(1000);
  EXPECT_EQ(edge.PassageOf(kOther)->Enter(Context(), now)->deadline(), now + absl::Seconds(10));
  const Context hurried(now + absl::Seconds(3), "", {});
  EXPECT_EQ(edge.PassageOf(kOther)->Enter(hurried, now)->deadline(), now + absl::Seconds(3));
}

// What was seen of the last deadline holds for that one alone, and at that time alone.
TEST(CallerEdgeTest, EachDeadlineIsJudgedByItself) {
  CallerEdge edge({.callee = "t.T", .timeout = absl::Seconds(10)});
  const auto passage = edge.PassageOf(kOther);
  const absl::Time now = absl::FromUnixSeconds(1000);
  const auto may_enter = [&](absl::Time deadline, absl::Time at) {
    const bool entered = passage->TryEnter(Context(deadline, "", {}), at);
    if (entered) passage->Leave(absl::StatusCode::kOk);
    return entered;
  };
  const absl::Time soon = now + absl::Seconds(3);
  EXPECT_TRUE(may_enter(soon, now));
  EXPECT_TRUE(may_enter(soon, now));
  EXPECT_FALSE(may_enter(now + absl::Seconds(11), now));
  EXPECT_FALSE(may_enter(absl::InfiniteFuture(), now));
  EXPECT_FALSE(may_enter(now - absl::Seconds(1), now));
  EXPECT_FALSE(may_enter(absl::InfinitePast(), now));
  EXPECT_TRUE(may_enter(soon, now));
  EXPECT_FALSE(may_enter(soon, now + absl::Seconds(3)));
  EXPECT_TRUE(may_enter(now + absl::Seconds(11), now + absl::Seconds(3)));
}

TEST(CallerEdgeTest, RetriesUnavailableOfIdempotentMethods) {
  CallerEdge edge(
      {.callee = "t.T", .attempts = 3, .first_backoff = absl::Milliseconds(10), .random = [] {
         return 1.0;
       }});
  const absl::Status unavailable = absl::UnavailableError("");
  EXPECT_EQ(edge.PassageOf(kIdempotent)->RetryAfter(unavailable, 1), absl::Milliseconds(10));
  EXPECT_EQ(edge.PassageOf(kIdempotent)->RetryAfter(unavailable, 2), absl::Milliseconds(20));
  EXPECT_EQ(edge.PassageOf(kIdempotent)->RetryAfter(unavailable, 3), std::nullopt);
  EXPECT_EQ(edge.PassageOf(kIdempotent)->RetryAfter(absl::AbortedError(""), 1), std::nullopt);
  EXPECT_EQ(edge.PassageOf(kOther)->RetryAfter(unavailable, 1), std::nullopt);
}

TEST(CallerEdgeTest, AllItsMethodsSpendOneBudgetWhichAnswersOfAllEarn) {
  CallerEdge edge({.callee = "t.T", .attempts = 9, .budget = {.ratio = 0.5, .burst = 1}});
  const absl::Time now = absl::FromUnixSeconds(1000);
  const Context context(now + absl::Seconds(1), "", {});
  const absl::Status unavailable = absl::UnavailableError("");
  const auto one = edge.PassageOf(kIdempotent);
  const auto other = edge.PassageOf(kOther);
  EXPECT_NE(one->RetryAfter(unavailable, 1), std::nullopt);
  EXPECT_EQ(one->RetryAfter(unavailable, 1), std::nullopt);
  ASSERT_TRUE(other->TryEnter(context, now));
  other->Leave(absl::StatusCode::kOk);
  EXPECT_EQ(one->RetryAfter(unavailable, 1), std::nullopt);
  one->Started();
  one->Ended(absl::StatusCode::kOk);
  EXPECT_NE(one->RetryAfter(unavailable, 1), std::nullopt);
  EXPECT_EQ(edge.budget().counts().taken, 2u);
  EXPECT_EQ(edge.budget().counts().refused, 2u);
}

TEST(CallerEdgeTest, CountsNothingWhereNobodyMakesFurtherAttempts) {
  CallerEdge alone({.callee = "t.T"});
  CallerEdge hedged({.callee = "t.T", .budget_is_shared = true});
  const absl::Time now = absl::FromUnixSeconds(1000);
  for (CallerEdge* edge : {&alone, &hedged}) {
    const auto passage = edge->PassageOf(kOther);
    ASSERT_TRUE(passage->TryEnter(Context(now + absl::Seconds(1), "", {}), now));
    passage->Leave(absl::StatusCode::kOk);
  }
  EXPECT_EQ(alone.attempts().calls(), 0u);
  EXPECT_EQ(hedged.attempts().calls(), 1u);
}

TEST(CallerEdgeTest, NamesTheCalleeThatDidNotNameItself) {
  CallerEdge edge({.callee = "t.T"});
  const std::vector<Hop> path =
      PathOf(edge.PassageOf(kOther)->Describe(absl::UnavailableError("gone"), 1));
  ASSERT_EQ(path.size(), 1u);
  EXPECT_EQ(path[0], (Hop{.chainlet = "t.T", .method = "Once", .replica = "", .attempt = 0}));
}

TEST(CallerEdgeTest, AddsTheAttemptToTheCalleesOwnHop) {
  CallerEdge edge({.callee = "t.T", .attempts = 3});
  const absl::Status answered =
      WithHop(absl::UnavailableError("gone"), {.chainlet = "t.T", .method = "Run", .replica = "r"});
  const std::vector<Hop> path = PathOf(edge.PassageOf(kIdempotent)->Describe(answered, 3));
  ASSERT_EQ(path.size(), 1u);
  EXPECT_EQ(path[0], (Hop{.chainlet = "t.T", .method = "Run", .replica = "r", .attempt = 3}));
}

TEST(CalleeEdgeTest, RefusesWorkWhoseCallerHasGivenUp) {
  Counters counters;
  CalleeEdge edge({.chainlet = "t.T", .replica = "r"}, counters);
  const absl::Time now = absl::FromUnixSeconds(1000);
  const Context late(now - absl::Seconds(1), "", {});
  EXPECT_EQ(edge.PassageOf(kOther)->Enter(late, now).status().code(),
            absl::StatusCode::kDeadlineExceeded);
  EXPECT_TRUE(edge.PassageOf(kOther)->Enter(Context(), now).ok());
}

TEST(CalleeEdgeTest, CountsAttemptsByMethod) {
  Counters counters;
  CalleeEdge edge({.chainlet = "t.T", .replica = "r"}, counters);
  const auto passage = edge.PassageOf(kOther);
  passage->Started();
  passage->Started();
  passage->Ended(absl::StatusCode::kOk);
  passage->Started();
  passage->Ended(absl::StatusCode::kAborted);
  const std::vector<Counters::Row> rows = counters.Snapshot();
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0].calls, 2u);
  EXPECT_EQ(rows[0].failures, 1u);
  EXPECT_EQ(rows[0].in_flight, 1u);
  EXPECT_EQ(rows[0].max_in_flight, 2u);
}

TEST(CalleeEdgeTest, AddsUpWhatSeveralLoopsCounted) {
  Counters counters;
  CalleeEdge one({.chainlet = "t.T", .replica = "r"}, counters);
  CalleeEdge other({.chainlet = "t.T", .replica = "r"}, counters);
  const auto first = one.PassageOf(kOther);
  const auto second = other.PassageOf(kOther);
  first->Started();
  first->Ended(absl::StatusCode::kOk);
  second->Started();
  const std::vector<Counters::Row> rows = counters.Snapshot();
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0].calls, 1u);
  EXPECT_EQ(rows[0].in_flight, 1u);
  EXPECT_EQ(rows[0].max_in_flight, 2u);
}

// ---- What it learned of how long calls take.

class LateCallsTest : public ::testing::Test {
 protected:
  // A call with so much time left, by the way that is offered first, then the long one.
  bool LetsIn(internal::Passage& passage, absl::Duration left) {
    now_ += absl::Milliseconds(1);
    const Context context(now_ + left, "", {});
    if (passage.TryEnter(context, now_)) {
      passage.Leave(absl::StatusCode::kOk);
      return true;
    }
    last_ = passage.Enter(context, now_).status();
    return last_.ok();
  }
  int LetInOf(int calls, internal::Passage& passage, absl::Duration left) {
    int let_in = 0;
    for (int i = 0; i < calls; ++i) let_in += LetsIn(passage, left) ? 1 : 0;
    return let_in;
  }
  void Learn(internal::Passage& passage) {
    ASSERT_TRUE(passage.timed());
    for (int i = 0; i < 60; ++i) passage.Took(absl::Milliseconds(100), absl::StatusCode::kOk);
  }
  absl::Time now_ = absl::FromUnixSeconds(1000);
  absl::Status last_;
  Counters counters_;
};

TEST_F(LateCallsTest, ACallWithLessTimeThanSuchCallsTakeIsRefusedAtOnce) {
  CalleeEdge edge({.chainlet = "t.T", .replica = "r"}, counters_);
  const auto passage = edge.PassageOf(kOther);
  EXPECT_EQ(LetInOf(100, *passage, absl::Milliseconds(50)), 100);  // nothing is known yet
  Learn(*passage);
  EXPECT_EQ(LetInOf(100, *passage, absl::Milliseconds(150)), 100);
  EXPECT_LT(LetInOf(100, *passage, absl::Milliseconds(50)), 10);
  while (LetsIn(*passage, absl::Milliseconds(50))) {
  }
  EXPECT_EQ(last_.code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(last_.message(), "t.T.Once was not begun: it has 50ms left and usually takes 100ms");
}

TEST_F(LateCallsTest, SomeAreLetInAllTheSameSoThatItNoticesWhenItBecomesFaster) {
  CalleeEdge edge({.chainlet = "t.T", .replica = "r"}, counters_);
  const auto passage = edge.PassageOf(kOther);
  Learn(*passage);
  EXPECT_GE(LetInOf(160, *passage, absl::Milliseconds(50)), 10);
  passage->Took(absl::Milliseconds(1), absl::StatusCode::kOk);
  EXPECT_EQ(LetInOf(100, *passage, absl::Milliseconds(50)), 100);
}

TEST_F(LateCallsTest, EachMethodHasItsOwnTime) {
  CalleeEdge edge({.chainlet = "t.T", .replica = "r"}, counters_);
  const auto slow = edge.PassageOf(kOther);
  const auto fast = edge.PassageOf(kIdempotent);
  Learn(*slow);
  EXPECT_EQ(LetInOf(100, *fast, absl::Milliseconds(50)), 100);
}

TEST_F(LateCallsTest, OnTrialTheyAreCountedAndLetIn) {
  CalleeEdge edge({.chainlet = "t.T", .replica = "r", .late_calls = LateCalls::kCount}, counters_);
  const auto passage = edge.PassageOf(kOther);
  Learn(*passage);
  EXPECT_EQ(LetInOf(100, *passage, absl::Milliseconds(50)), 100);
  EXPECT_GT(edge.late_calls(), 90u);
}

TEST_F(LateCallsTest, NothingIsLearnedWhereTheyAreAllowedNorOfStreams) {
  CalleeEdge allows({.chainlet = "t.T", .replica = "r", .late_calls = LateCalls::kAllow},
                    counters_);
  EXPECT_FALSE(allows.PassageOf(kOther)->timed());
  constexpr Method kStream = {.chainlet = "t.T",
                              .name = "Count",
                              .path = "/t.T/Count",
                              .kind = MethodKind::kServerStreaming};
  CalleeEdge edge({.chainlet = "t.T", .replica = "r"}, counters_);
  EXPECT_FALSE(edge.PassageOf(kStream)->timed());
}

TEST_F(LateCallsTest, TheFirstCallsAndThenAFewTakeTheLongWayToBeTimed) {
  CalleeEdge edge({.chainlet = "t.T", .replica = "r"}, counters_);
  const auto passage = edge.PassageOf(kOther);
  const auto at_once = [&](int calls) {
    int count = 0;
    for (int i = 0; i < calls; ++i) {
      now_ += absl::Milliseconds(1);
      if (!passage->TryEnter(Context(), now_)) continue;
      passage->Leave(absl::StatusCode::kOk);
      ++count;
    }
    return count;
  };
  EXPECT_EQ(at_once(8), 0);
  for (int i = 0; i < 8; ++i) passage->Took(absl::Microseconds(5), absl::StatusCode::kOk);
  EXPECT_EQ(at_once(641), 630);
}

// ---- The short way, for calls that nothing is in the way of.

TEST(CallerEdgeTest, LetsInWhoseDeadlineIsNotLaterThanItsTimeoutAndABit) {
  CallerEdge edge({.callee = "t.T", .timeout = absl::Seconds(64)});
  const absl::Time now = absl::FromUnixSeconds(1000);
  const auto passage = edge.PassageOf(kOther);
  EXPECT_TRUE(passage->TryEnter(Context(now + absl::Seconds(65), "", {}), now));
  EXPECT_FALSE(passage->TryEnter(Context(now + absl::Seconds(66), "", {}), now));
  EXPECT_TRUE(passage->TryEnter(Context(now + absl::Seconds(66), "", {}), now + absl::Seconds(1)));
  EXPECT_FALSE(passage->TryEnter(Context(), now));
}

TEST(CallerEdgeTest, LetsInAtMostItsLimit) {
  CallerEdge edge({.callee = "t.T", .max_in_flight = 2});
  const absl::Time now = absl::FromUnixSeconds(1000);
  const Context context(now + absl::Seconds(1), "", {});
  const auto passage = edge.PassageOf(kOther);
  const auto of_another_method = edge.PassageOf(kIdempotent);
  EXPECT_TRUE(passage->TryEnter(context, now));
  EXPECT_TRUE(of_another_method->TryEnter(context, now));
  EXPECT_FALSE(passage->TryEnter(context, now));
  of_another_method->Leave(absl::StatusCode::kOk);
  EXPECT_TRUE(passage->TryEnter(context, now));
}

TEST(CalleeEdgeTest, LetsInAndCountsUntilItIsFullOrTooLate) {
  Counters counters;
  CalleeEdge edge({.chainlet = "t.T", .replica = "r", .concurrency_limit = 1}, counters);
  const absl::Time now = absl::FromUnixSeconds(1000);
  const auto passage = edge.PassageOf(kOther);
  EXPECT_FALSE(passage->TryEnter(Context(), now));  // the first one is timed, on the long way
  EXPECT_FALSE(passage->TryEnter(Context(now, "", {}), now));
  EXPECT_TRUE(passage->TryEnter(Context(), now));
  EXPECT_FALSE(passage->TryEnter(Context(), now));
  EXPECT_EQ(counters.Snapshot()[0].in_flight, 1u);
  passage->Leave(absl::StatusCode::kAborted);
  EXPECT_EQ(counters.Snapshot()[0].in_flight, 0u);
  EXPECT_EQ(counters.Snapshot()[0].failures, 1u);
  EXPECT_TRUE(passage->TryEnter(Context(), now));
}

}  // namespace
}  // namespace chains
