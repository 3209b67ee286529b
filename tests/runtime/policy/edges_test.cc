#include "chains/policy/edges.h"

#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "chains/contract/status_path.h"

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
  EXPECT_EQ(edge.Enter(kOther, Context(), now)->deadline(), now + absl::Seconds(10));
  const Context hurried(now + absl::Seconds(3), "", {});
  EXPECT_EQ(edge.Enter(kOther, hurried, now)->deadline(), now + absl::Seconds(3));
}

TEST(CallerEdgeTest, RetriesUnavailableOfIdempotentMethodsWithDoublingPauses) {
  CallerEdge edge({.callee = "t.T",
                   .attempts = 4,
                   .first_backoff = absl::Milliseconds(10),
                   .max_backoff = absl::Milliseconds(25)});
  const absl::Status unavailable = absl::UnavailableError("");
  EXPECT_EQ(edge.RetryAfter(kIdempotent, unavailable, 1), absl::Milliseconds(10));
  EXPECT_EQ(edge.RetryAfter(kIdempotent, unavailable, 2), absl::Milliseconds(20));
  EXPECT_EQ(edge.RetryAfter(kIdempotent, unavailable, 3), absl::Milliseconds(25));
  EXPECT_EQ(edge.RetryAfter(kIdempotent, unavailable, 4), std::nullopt);
  EXPECT_EQ(edge.RetryAfter(kIdempotent, absl::AbortedError(""), 1), std::nullopt);
  EXPECT_EQ(edge.RetryAfter(kOther, unavailable, 1), std::nullopt);
}

TEST(CallerEdgeTest, NamesTheCalleeThatDidNotNameItself) {
  CallerEdge edge({.callee = "t.T"});
  const std::vector<Hop> path = PathOf(edge.Describe(kOther, absl::UnavailableError("gone"), 1));
  ASSERT_EQ(path.size(), 1u);
  EXPECT_EQ(path[0], (Hop{.chainlet = "t.T", .method = "Once", .replica = "", .attempt = 0}));
}

TEST(CallerEdgeTest, AddsTheAttemptToTheCalleesOwnHop) {
  CallerEdge edge({.callee = "t.T", .attempts = 3});
  const absl::Status answered =
      WithHop(absl::UnavailableError("gone"), {.chainlet = "t.T", .method = "Run", .replica = "r"});
  const std::vector<Hop> path = PathOf(edge.Describe(kIdempotent, answered, 3));
  ASSERT_EQ(path.size(), 1u);
  EXPECT_EQ(path[0], (Hop{.chainlet = "t.T", .method = "Run", .replica = "r", .attempt = 3}));
}

TEST(CalleeEdgeTest, RefusesWorkWhoseCallerHasGivenUp) {
  Counters counters;
  CalleeEdge edge({.chainlet = "t.T", .replica = "r"}, counters);
  const absl::Time now = absl::FromUnixSeconds(1000);
  const Context late(now - absl::Seconds(1), "", {});
  EXPECT_EQ(edge.Enter(kOther, late, now).status().code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_TRUE(edge.Enter(kOther, Context(), now).ok());
}

TEST(CalleeEdgeTest, CountsAttemptsByMethod) {
  Counters counters;
  CalleeEdge edge({.chainlet = "t.T", .replica = "r"}, counters);
  edge.Started(kOther);
  edge.Started(kOther);
  edge.Ended(kOther, absl::StatusCode::kOk);
  edge.Started(kOther);
  edge.Ended(kOther, absl::StatusCode::kAborted);
  const std::vector<Counters::Row> rows = counters.Snapshot();
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0].calls, 2u);
  EXPECT_EQ(rows[0].failures, 1u);
  EXPECT_EQ(rows[0].in_flight, 1u);
  EXPECT_EQ(rows[0].max_in_flight, 2u);
}

}  // namespace
}  // namespace chains
