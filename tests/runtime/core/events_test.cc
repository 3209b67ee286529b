// What is noted of the calls of a traced request, on a clock that a test sets.
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "chains/core/receipt.h"
#include "chains/core/recording.h"
#include "support.h"

namespace chains::internal {
namespace {

using Where = CallPlace::Where;
using Side = CallRecord::Side;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr absl::Duration kMs = absl::Milliseconds(1);
constexpr TraceId kTrace = {.high = 0x4bf92f3577b34da6, .low = 0xa3ce929d0e0e4736};
constexpr uint64_t kCaller = 0x00f067aa0ba902b7;

CallPlace At(Where where, std::string_view replica = "") {
  return {.where = where, .chainlet = "a.A", .method = "Run", .replica = replica};
}

class EventsTest : public ::testing::Test {
 protected:
  Recording Begin(const Context& context, CallPlace place) {
    return Recording(context, clock_, [&] { return place; });
  }
  const CallRecord& First() const { return receipt_->records().front(); }
  std::vector<std::string> Events() const {
    std::vector<std::string> events;
    for (const CallEvent& event : First().events()) {
      events.push_back(absl::StrCat(std::string(event.name), " ", event.detail, " at ",
                                    absl::FormatDuration(event.at - began_)));
    }
    return events;
  }

  testing::FakeClock clock_;
  const absl::Time began_ = clock_.Now();
  std::shared_ptr<Receipt> receipt_ = Receipt::Begin(
      clock_,
      {.receipt = false, .traced = true, .trace = kTrace, .span = kCaller, .recording = "r1"});
  Context context_ = receipt_->Under(Context());
};

TEST_F(EventsTest, EverySpanIsBelowThatOfItsCaller) {
  const Recording callee = Begin(context_, At(Where::kCallee, "a-0"));
  const Context inside = callee.Under(context_);
  const Recording call = Begin(inside, At(Where::kCaller));
  const CallRecord& below = receipt_->records().back();
  EXPECT_EQ(First().parent_span(), kCaller);
  EXPECT_NE(First().span(), 0u);
  EXPECT_EQ(below.parent_span(), First().span());
  EXPECT_NE(below.span(), First().span());
  EXPECT_TRUE(First().served_here());
  EXPECT_FALSE(below.served_here());
  EXPECT_TRUE(inside.has_trace());
  EXPECT_EQ(inside.trace_id(), ToString(kTrace));
  EXPECT_EQ(inside.traceparent(), TraceparentOf(kTrace, First().span()));
  EXPECT_EQ(call.Under(inside).traceparent(), TraceparentOf(kTrace, below.span()));
}

TEST_F(EventsTest, WhoWaitedForAPlaceWasQueued) {
  Recording callee = Begin(context_, At(Where::kCallee));
  callee.Waits(1);
  callee.Runs();
  EXPECT_THAT(Events(), IsEmpty());
  callee.Waits(1);
  callee.Queues();
  clock_.Advance(2 * kMs);
  callee.Runs();
  callee.Ended(absl::OkStatus());
  EXPECT_THAT(Events(), ElementsAre("queued 2ms at 0"));
}

TEST_F(EventsTest, AnAttemptSaysWhatCameOfTheOneBefore) {
  Recording caller = Begin(context_, At(Where::kCaller));
  caller.Waits(1);
  caller.Runs();
  {
    Recording channel = Begin(caller.Under(context_), At(Where::kChannel, "unix:a"));
    channel.Ended(absl::UnavailableError("gone"));
  }
  EXPECT_EQ(First().figures.message, "gone");
  clock_.Advance(3 * kMs);
  caller.Waits(2);
  caller.Runs();
  caller.Ended(absl::OkStatus());
  EXPECT_THAT(Events(), ElementsAre("attempt 2, after UNAVAILABLE at 3ms"));
  EXPECT_EQ(First().figures.message, "");
}

TEST_F(EventsTest, WhoIsDroppedWasCancelledOnce) {
  {
    const Recording caller = Begin(context_, At(Where::kCaller));
    const Recording callee = Begin(caller.Under(context_), At(Where::kCallee));
    clock_.Advance(kMs);
  }
  EXPECT_THAT(Events(), ElementsAre("cancelled  at 1ms"));
  EXPECT_EQ(First().figures.code, absl::StatusCode::kCancelled);
  EXPECT_TRUE(First().ended());
}

TEST_F(EventsTest, WhoIsNotLetInWasRefused) {
  Recording callee = Begin(context_, At(Where::kCallee));
  const absl::Status full = absl::ResourceExhaustedError("full");
  callee.Refused(full);
  callee.Ended(full);
  EXPECT_THAT(Events(), ElementsAre("refused RESOURCE_EXHAUSTED at 0"));
  EXPECT_EQ(First().figures.message, "full");
}

TEST_F(EventsTest, AFailureIsToldOfWhereItBegan) {
  absl::Status failure = absl::NotFoundError("no such thing");
  failure.SetPayload(kPathType, absl::Cord("somewhere below"));
  Recording callee = Begin(context_, At(Where::kCallee));
  callee.Ended(failure);
  EXPECT_EQ(First().figures.message, "");
  Recording other = Begin(context_, At(Where::kCallee));
  other.Ended(absl::NotFoundError(std::string(511, 'x') + "\xc3\xbc"));
  EXPECT_EQ(receipt_->records().back().figures.message, std::string(511, 'x'));
}

TEST_F(EventsTest, ThereAreAtMostSoMany) {
  const Recording callee = Begin(context_, At(Where::kCallee));
  for (int i = 0; i < 100; ++i) callee.record()->Note(clock_.Now(), "batch");
  EXPECT_THAT(First().events(), SizeIs(CallRecord::kMaxEvents));
}

TEST_F(EventsTest, AnAttemptBesideIsInTheTraceAndNotInTheReceipt) {
  const Recording caller = Begin(context_, At(Where::kCaller));
  const CallRecord* const beside = caller.record()->AddBeside(clock_.Now());
  ASSERT_NE(beside, nullptr);
  EXPECT_EQ(beside->parent_span(), First().parent_span());
  EXPECT_TRUE(beside->IsOpenFor("a.A", "Run"));
  EXPECT_THAT(receipt_->root().calls(), SizeIs(1));
  EXPECT_THAT(receipt_->records(), SizeIs(2));
}

TEST_F(EventsTest, MessagesAreKeptAsFarAsThereIsRoom) {
  const Recording callee = Begin(context_, At(Where::kCallee));
  CallRecord& record = *callee.record();
  EXPECT_TRUE(AnyRecording());
  EXPECT_TRUE(record.HasRoomFor(CallRecord::kMaxKeptMessage - 100));
  EXPECT_FALSE(record.HasRoomFor(CallRecord::kMaxKeptMessage + 1));
  EXPECT_TRUE(record.messages()->cut);
  size_t more = 0;
  while (record.HasRoomFor(CallRecord::kMaxKeptMessage - 100)) ++more;
  EXPECT_EQ(more, 3u);
  record.Keep(Side::kRequest, "asked");
  record.KeepItem(Side::kReply, "a");
  record.KeepItem(Side::kReply, std::string(200, 'b'));
  EXPECT_EQ(record.messages()->request, "asked");
  EXPECT_EQ(record.messages()->reply,
            "\x01"
            "a\xc8\x01" +
                std::string(200, 'b'));
}

TEST(NoTraceTest, ARequestThatIsNotTracedHasNoSpans) {
  testing::FakeClock clock;
  const auto receipt = Receipt::Begin(clock);
  const Context context = receipt->Under(Context(absl::InfiniteFuture(), kTrace, {}));
  {
    const Recording callee(context, clock, [] { return At(Where::kCallee); });
    EXPECT_EQ(callee.record()->AddBeside(clock.Now()), nullptr);
  }
  EXPECT_EQ(receipt->records().front().span(), 0u);
  EXPECT_THAT(receipt->records().front().events(), IsEmpty());
  EXPECT_FALSE(AnyRecording());
  EXPECT_EQ(context.traceparent().substr(52), "-00");
}

TEST(NoTraceTest, WhatIsNotTracedHereIsHandedOnAsItCame) {
  const Traceparent parent = {.trace = kTrace, .parent = kCaller, .sampled = true};
  EXPECT_EQ(Context(absl::InfiniteFuture(), parent, {}).traceparent(),
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
}

}  // namespace
}  // namespace chains::internal
