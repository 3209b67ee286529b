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

TEST(CallerEdgeTest, RetriesUnavailableOfIdempotentMethodsWithDoublingPauses) {
  CallerEdge edge({.callee = "t.T",
                   .attempts = 4,
                   .first_backoff = absl::Milliseconds(10),
                   .max_backoff = absl::Milliseconds(25)});
  const absl::Status unavailable = absl::UnavailableError("");
  EXPECT_EQ(edge.PassageOf(kIdempotent)->RetryAfter(unavailable, 1), absl::Milliseconds(10));
  EXPECT_EQ(edge.PassageOf(kIdempotent)->RetryAfter(unavailable, 2), absl::Milliseconds(20));
  EXPECT_EQ(edge.PassageOf(kIdempotent)->RetryAfter(unavailable, 3), absl::Milliseconds(25));
  EXPECT_EQ(edge.PassageOf(kIdempotent)->RetryAfter(unavailable, 4), std::nullopt);
  EXPECT_EQ(edge.PassageOf(kIdempotent)->RetryAfter(absl::AbortedError(""), 1), std::nullopt);
  EXPECT_EQ(edge.PassageOf(kOther)->RetryAfter(unavailable, 1), std::nullopt);
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
