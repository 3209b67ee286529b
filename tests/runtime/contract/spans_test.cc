// Spans of a request, and the queue of a process for them.
#include "chains/contract/spans.h"

#include <string>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "chains/core/recording.h"
#include "chains/testing/fake_clock.h"

namespace chains {
namespace {

using internal::CallFigures;
using internal::CallPlace;
using internal::CallRecord;
using internal::Purpose;
using internal::Receipt;
using internal::Recording;
using ::testing::IsEmpty;
using ::testing::SizeIs;

Purpose Traced(std::string recording = "") {
  return {.receipt = false,
          .traced = true,
          .trace = {.high = 1, .low = 2},
          .span = 7,
          .recording = std::move(recording)};
}

v1::Span Numbered(uint64_t id, size_t bytes = 0) {
  v1::Span span;
  span.set_span_id(id);
  span.set_request(std::string(bytes, 'x'));
  return span;
}

class SpansTest : public ::testing::Test {
 protected:
  Recording Begin(const Context& context, CallPlace::Where where, std::string_view replica) {
    return Recording(context, clock_, [=] {
      return CallPlace{.where = where, .chainlet = "a.A", .method = "Run", .replica = replica};
    });
  }
  testing::FakeClock clock_;
};

TEST_F(SpansTest, SayWhatBecameOfEachCall) {
  const auto receipt = Receipt::Begin(clock_, Traced());
  const absl::Time began = clock_.Now();
  Recording callee = Begin(receipt->Under(Context()), CallPlace::Where::kCallee, "a-0");
  callee.Runs();
  clock_.Advance(absl::Milliseconds(5));
  Recording call = Begin(callee.Under(Context()), CallPlace::Where::kChannel, "unix:b");
  clock_.Advance(absl::Milliseconds(1));
  call.record()->Note(clock_.Now(), "hedge", "so");
  call.Ended(absl::UnavailableError("\xff gone"));
  callee.Ended(absl::OkStatus());

  const std::vector<v1::Span> spans = SpansOf(*receipt, "p-0");
  ASSERT_THAT(spans, SizeIs(2));
  EXPECT_EQ(spans[0].trace_id(), internal::BytesOf({.high = 1, .low = 2}));
  EXPECT_EQ(spans[0].parent_span_id(), 7u);
  EXPECT_EQ(spans[0].kind(), v1::Span::SERVER);
  EXPECT_EQ(spans[0].chainlet(), "a.A");
  EXPECT_EQ(spans[0].method(), "Run");
  EXPECT_EQ(spans[0].replica(), "a-0");
  EXPECT_EQ(spans[0].start_unix_us(), absl::ToUnixMicros(began));
  EXPECT_EQ(spans[0].duration_us(), 6000u);
  EXPECT_EQ(spans[0].user_us(), 5000u);
  EXPECT_EQ(spans[1].parent_span_id(), spans[0].span_id());
  EXPECT_EQ(spans[1].kind(), v1::Span::CLIENT);
  EXPECT_EQ(spans[1].replica(), "p-0");
  EXPECT_EQ(spans[1].code(), 14u);
  EXPECT_EQ(spans[1].message(), "? gone");
  ASSERT_THAT(spans[1].events(), SizeIs(1));
  EXPECT_EQ(spans[1].events(0).name(), "hedge");
  EXPECT_EQ(spans[1].events(0).unix_us(), absl::ToUnixMicros(began) + 6000);
  v1::Span read;
  EXPECT_TRUE(read.ParseFromString(spans[1].SerializeAsString()));
}

TEST_F(SpansTest, OneThatStillRunsLastsUntilNow) {
  const auto receipt = Receipt::Begin(clock_, Traced());
  const Recording call = Begin(receipt->Under(Context()), CallPlace::Where::kChannel, "unix:b");
  clock_.Advance(absl::Milliseconds(3));
  EXPECT_EQ(SpansOf(*receipt, "p").front().duration_us(), 3000u);
}

TEST_F(SpansTest, WhatAnotherProcessToldOfIsForThatToTell) {
  const auto receipt = Receipt::Begin(clock_, Traced());
  const Recording call = Begin(receipt->Under(Context()), CallPlace::Where::kChannel, "unix:b");
  call.record()->AddTold(CallFigures());
  EXPECT_THAT(SpansOf(*receipt, "p"), SizeIs(1));
}

TEST_F(SpansTest, ThereAreNoneOfWhatIsNotTraced) {
  const auto receipt = Receipt::Begin(clock_);
  const Recording call = Begin(receipt->Under(Context()), CallPlace::Where::kChannel, "unix:b");
  EXPECT_THAT(SpansOf(*receipt, "p"), IsEmpty());
}

TEST_F(SpansTest, HaveMessagesWhereTheseAreKept) {
  const auto receipt = Receipt::Begin(clock_, Traced("r1"));
  const Recording call = Begin(receipt->Under(Context()), CallPlace::Where::kCallee, "a-0");
  call.record()->Keep(CallRecord::Side::kRequest, "asked");
  const v1::Span span = SpansOf(*receipt, "p").front();
  EXPECT_TRUE(span.recorded());
  EXPECT_EQ(span.request(), "asked");
  EXPECT_EQ(span.reply(), "");
  EXPECT_FALSE(span.cut());
}

TEST_F(SpansTest, CallsBeyondTheBoundCountAsDropped) {
  SpanQueue queue("p");
  const auto receipt = Receipt::Begin(clock_, Traced());
  const Context context = receipt->Under(Context());
  for (size_t i = 0; i < Receipt::kMaxCalls + 3; ++i) {
    Begin(context, CallPlace::Where::kChannel, "unix:b");
  }
  queue.AddCallsOf(*receipt);
  EXPECT_EQ(queue.dropped(), 3u);
  EXPECT_THAT(queue.TakeAll(), SizeIs(Receipt::kMaxCalls));
}

TEST(SpanQueueTest, GivesTheOldestFirstAndNoneTwice) {
  SpanQueue queue("p");
  for (uint64_t i = 1; i <= SpanQueue::kMaxSpansTaken + 1; ++i) queue.Add(Numbered(i));
  v1::Telemetry first;
  queue.TakeInto(first);
  EXPECT_THAT(first.spans(), SizeIs(SpanQueue::kMaxSpansTaken));
  EXPECT_EQ(first.spans(0).span_id(), 1u);
  v1::Telemetry second;
  queue.TakeInto(second);
  ASSERT_THAT(second.spans(), SizeIs(1));
  EXPECT_EQ(second.spans(0).span_id(), SpanQueue::kMaxSpansTaken + 1);
  EXPECT_TRUE(queue.empty());
}

TEST(SpanQueueTest, DropsWhatItHasNoRoomForAndSaysSo) {
  SpanQueue queue("p");
  for (uint64_t i = 1; i <= SpanQueue::kMaxSpans + 5; ++i) queue.Add(Numbered(i));
  v1::Telemetry telemetry;
  queue.TakeInto(telemetry);
  EXPECT_EQ(telemetry.spans_dropped(), 5u);
  queue.Add(Numbered(1));
  EXPECT_EQ(queue.dropped(), 5u);
}

TEST(SpanQueueTest, LargeOnesFillItSooner) {
  constexpr size_t kMiB = size_t{1} << 20;
  SpanQueue queue("p");
  for (uint64_t i = 1; i <= 34; ++i) queue.Add(Numbered(i, 2 * kMiB));
  EXPECT_EQ(queue.dropped(), 2u);
  v1::Telemetry telemetry;
  queue.TakeInto(telemetry);
  EXPECT_THAT(telemetry.spans(), SizeIs(SpanQueue::kMaxBytesTaken / (2 * kMiB)));
  for (uint64_t i = 1; i <= 4; ++i) queue.Add(Numbered(i, 2 * kMiB));
  EXPECT_EQ(queue.dropped(), 2u);
}

}  // namespace
}  // namespace chains
