// What a receipt says of calls whose times a test decides.
#include "chains/core/receipt.h"

#include <memory>
#include <string>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "chains/core/recording.h"
#include "support.h"

namespace chains::internal {
namespace {

using Where = CallPlace::Where;
using ::testing::SizeIs;

constexpr absl::Duration kMs = absl::Milliseconds(1);

CallPlace At(Where where, std::string_view replica = "") {
  return {.where = where, .chainlet = "a.A", .method = "Run", .replica = replica};
}

class ReceiptTest : public ::testing::Test {
 protected:
  Recording Begin(const Context& context, CallPlace place) {
    return Recording(context, clock_, [&] { return place; });
  }
  const CallFigures& First() const { return receipt_->root().calls().front()->figures; }

  testing::FakeClock clock_;
  std::shared_ptr<Receipt> receipt_ = Receipt::Begin(clock_);
  Context context_ = receipt_->Under(Context());
};

TEST_F(ReceiptTest, ACallOfOneProcessIsOneRecordOfBothEnds) {
  clock_.Advance(5 * kMs);
  Recording caller = Begin(context_, At(Where::kCaller));
  const Context between = caller.Under(context_);
  caller.Waits(1);
  clock_.Advance(2 * kMs);
  caller.Runs();
  Recording callee = Begin(between, At(Where::kCallee, "a-0"));
  callee.Waits(1);
  clock_.Advance(3 * kMs);
  callee.Runs();
  clock_.Advance(4 * kMs);
  callee.Ended(absl::NotFoundError("no"));
  caller.Ended(absl::NotFoundError("no"));

  ASSERT_THAT(receipt_->root().calls(), SizeIs(1));
  EXPECT_EQ(First().replica, "a-0");
  EXPECT_EQ(First().code, absl::StatusCode::kNotFound);
  EXPECT_EQ(First().callee, CalleeSide::kKnown);
  EXPECT_EQ(First().start, 5 * kMs);
  EXPECT_EQ(First().elapsed, 9 * kMs);
  EXPECT_EQ(First().queue, 5 * kMs);
  EXPECT_EQ(First().total, 7 * kMs);
  EXPECT_EQ(First().user, 4 * kMs);
  EXPECT_EQ(First().network, absl::ZeroDuration());
}

TEST_F(ReceiptTest, TheUsersTimeIsThatInWhichNoCallRuns) {
  Recording callee = Begin(context_, At(Where::kCallee));
  callee.Runs();
  const Context inside = callee.Under(context_);
  clock_.Advance(1 * kMs);
  {
    const Recording first = Begin(inside, At(Where::kCaller));
    clock_.Advance(10 * kMs);
    const Recording second = Begin(inside, At(Where::kCaller));
    clock_.Advance(10 * kMs);
  }
  clock_.Advance(2 * kMs);
  callee.Ended(absl::OkStatus());
  EXPECT_EQ(First().user, 3 * kMs);
  EXPECT_EQ(First().total, 23 * kMs);
  ASSERT_THAT(receipt_->root().calls().front()->calls(), SizeIs(2));
  EXPECT_EQ(receipt_->root().calls().front()->calls()[1]->figures.start, 11 * kMs);
}

TEST_F(ReceiptTest, OnlyTheLastAttemptIsShownAndWhatTheOthersTook) {
  Recording caller = Begin(context_, At(Where::kCaller));
  for (int attempt = 1; attempt <= 2; ++attempt) {
    caller.Waits(attempt);
    caller.Runs();
    Recording callee = Begin(caller.Under(context_), At(Where::kCallee));
    callee.Runs();
    const Recording call = Begin(callee.Under(context_), At(Where::kCaller));
    clock_.Advance(attempt * kMs);
  }
  caller.Ended(absl::OkStatus());
  EXPECT_EQ(First().attempt, 2);
  EXPECT_EQ(First().retries, 1 * kMs);
  EXPECT_EQ(First().total, 2 * kMs);
  EXPECT_EQ(First().elapsed, 3 * kMs);
  EXPECT_THAT(receipt_->root().calls().front()->calls(), SizeIs(1));
}

TEST_F(ReceiptTest, AStreamCountsItemsAndNotTheTimeOfItsReader) {
  Recording callee = Begin(context_, At(Where::kCallee));
  callee.Runs();
  for (int i = 0; i < 3; ++i) {
    clock_.Advance(1 * kMs);
    callee.Pauses();
    clock_.Advance(100 * kMs);
    callee.GoesOn();
  }
  callee.Ended(absl::OkStatus());
  EXPECT_EQ(First().items, 3);
  EXPECT_EQ(First().user, 3 * kMs);
  EXPECT_EQ(First().total, 303 * kMs);
}

TEST_F(ReceiptTest, ADroppedCallEndsCancelled) {
  { const Recording caller = Begin(context_, At(Where::kCaller)); }
  EXPECT_EQ(First().code, absl::StatusCode::kCancelled);
  EXPECT_EQ(First().callee, CalleeSide::kSilent);
}

TEST_F(ReceiptTest, CallsBeyondTheBoundAreCountedAndNothingBelowThem) {
  for (size_t i = 0; i < Receipt::kMaxCalls; ++i) Begin(context_, At(Where::kCaller));
  for (int i = 0; i < 10; ++i) {
    const Recording caller = Begin(context_, At(Where::kCaller));
    EXPECT_EQ(caller.record(), nullptr);
    EXPECT_EQ(caller.Under(context_).record(), nullptr);
  }
  EXPECT_THAT(receipt_->root().calls(), SizeIs(Receipt::kMaxCalls));
  EXPECT_EQ(receipt_->calls_left_out(), 10u);
  EXPECT_EQ(receipt_->root().figures.calls_left_out, 10u);
}

TEST_F(ReceiptTest, AnotherLoopWritesNothing) {
  const testing::FakeClock other;
  const Recording caller(context_, other, [] { return At(Where::kCaller); });
  EXPECT_FALSE(caller.on());
  EXPECT_EQ(OpenRecord(caller.Under(context_), other, "", ""), nullptr);
  EXPECT_THAT(receipt_->root().calls(), SizeIs(0));
}

TEST_F(ReceiptTest, AContextThatIsKeptKeepsTheReceipt) {
  Context kept;
  {
    const Recording callee = Begin(context_, At(Where::kCallee));
    kept = callee.Under(context_);
  }
  context_ = Context();
  receipt_.reset();
  EXPECT_TRUE(AnyReceipt());
  EXPECT_EQ(kept.record()->figures.chainlet, "a.A");
  { const Recording late = Begin(kept, At(Where::kCaller)); }
  EXPECT_THAT(kept.record()->calls(), SizeIs(1));
  kept = Context();
  EXPECT_FALSE(AnyReceipt());
}

TEST_F(ReceiptTest, WhatArrivesAsBytesIsInTheCalleeUntilItsReplyIsBytes) {
  const Recording caller = Begin(context_, At(Where::kCaller));
  const Context between = caller.Under(context_);
  {
    const Serving other(between, clock_, "b.B", "Run");
    EXPECT_EQ(other.record(), nullptr);
    const Serving serving(between, clock_, "a.A", "Run");
    {
      const Serializing parsing(serving.record());
      clock_.Advance(1 * kMs);
    }
    {
      Recording callee = Begin(between, At(Where::kCallee));
      callee.Runs();
      clock_.Advance(10 * kMs);
      callee.Ended(absl::OkStatus());
    }
    const Serializing replying(serving.record());
    clock_.Advance(2 * kMs);
  }
  EXPECT_EQ(First().serialize, 3 * kMs);
  EXPECT_EQ(First().user, 10 * kMs);
  EXPECT_EQ(First().total, 13 * kMs);
}

TEST(NoReceiptTest, RecordsNothingAndAsksForNoName) {
  const testing::FakeClock clock;
  const Recording caller(Context(), clock, []() -> CallPlace {
    ADD_FAILURE() << "asked";
    return {};
  });
  EXPECT_FALSE(caller.on());
  EXPECT_EQ(caller.Under(Context()).record(), nullptr);
}

}  // namespace
}  // namespace chains::internal
