#include "deploy/telemetry/traces.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "chains/testing/status_matchers.h"
#include "deploy/telemetry/trace_parts.h"
#include "tests/deploy/telemetry/spans.h"

namespace chains::deploy {
namespace {

using ::chains::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class TracesTest : public ::testing::Test {
 protected:
  v1::Span Asked(uint64_t trace, int64_t start_us = 0, uint64_t duration_us = 1000) {
    v1::Span span = SpanOf(trace, 1, 0, start_us, duration_us);
    span.set_asked(true);
    return span;
  }
  void Pass(absl::Duration duration) {
    now_ += duration;
    store_.Tick(now_);
  }
  std::vector<std::string> Listed(const v1::ListTracesRequest& request = {},
                                  const std::string& deployment = "") {
    std::vector<std::string> ids;
    const v1::ListTracesResponse list = store_.List(request, deployment);
    for (const v1::TraceSummary& each : list.traces()) {
      ids.push_back(each.request_id() + " " + each.kept());
    }
    return ids;
  }
  absl::StatusOr<v1::Trace> Get(uint64_t trace, bool messages = false) {
    v1::GetTraceRequest request;
    request.set_trace_id(ToHexadecimal(TraceIdOf(trace)));
    request.set_messages(messages);
    return store_.Get(request);
  }

  absl::Time now_ = absl::UnixEpoch() + absl::Hours(400000);
  std::vector<v1::Trace> told_, whole_;
  TraceStore store_{
      {.limits =
           {.kept = 5, .kept_bytes = 20'000, .waiting = 10, .waiting_bytes = 50'000, .spans = 20},
       .on_kept = [this](const v1::Trace& trace) { told_.push_back(trace); },
       .on_whole = [this](const v1::Trace& trace) { whole_.push_back(trace); }}};
};

TEST_F(TracesTest, PartsOfProcessesBecomeATraceInOrder) {
  store_.Take(SpanOf(7, 4, 3, 300, 200), now_);
  store_.Take(SpanOf(7, 3, 2, 200, 500), now_);
  store_.Take(Asked(7), now_);
  Pass(absl::Milliseconds(1900));
  store_.Take(SpanOf(7, 5, 1, 800, 50), now_);
  v1::Span client = SpanOf(7, 2, 1, 200, 600);
  client.set_kind(v1::Span::CLIENT);
  store_.Take(client, now_);
  EXPECT_THAT(Listed(), IsEmpty());
  EXPECT_THAT(Get(7).status(), StatusIs(absl::StatusCode::kNotFound, HasSubstr("still to come")));
  Pass(absl::Milliseconds(200));
  EXPECT_THAT(Listed(), ElementsAre("request-7 asked"));
  const absl::StatusOr<v1::Trace> trace = Get(7);
  ASSERT_TRUE(trace.ok()) << trace.status();
  std::vector<uint64_t> ids;
  for (const v1::Span& span : trace->spans()) ids.push_back(span.span_id());
  EXPECT_THAT(ids, ElementsAre(1, 2, 3, 4, 5));
  EXPECT_FALSE(trace->incomplete());
  EXPECT_EQ(trace->summary().spans(), 5u);
  EXPECT_EQ(trace->summary().method(), "/chains/shop/production/run_remote");
  EXPECT_EQ(trace->summary().environment(), "production");
}

TEST_F(TracesTest, WhatComesLateIsAddedAndTold) {
  store_.Take(Asked(1), now_);
  store_.Take(SpanOf(1, 3, 2, 100, 10), now_);
  Pass(absl::Seconds(3));
  EXPECT_TRUE(Get(1)->incomplete());
  store_.Take(SpanOf(1, 2, 1, 50, 100), now_);
  EXPECT_FALSE(Get(1)->incomplete());
  EXPECT_EQ(Get(1)->summary().spans(), 3u);
  EXPECT_EQ(Get(1)->summary().kept(), "asked");
  ASSERT_THAT(told_, SizeIs(2));
  EXPECT_THAT(told_[1].spans(), SizeIs(1));
}

TEST_F(TracesTest, OnlyWhatWasAskedForDrawnRecordedOrFailedIsKept) {
  store_.Take(SpanOf(1, 1, 0, 0, 100), now_);
  v1::Span drawn = SpanOf(2, 1, 0, 1, 100);
  drawn.set_drawn(true);
  v1::Span recorded = SpanOf(3, 1, 0, 2, 100);
  recorded.set_recorded(true);
  v1::Span failed = SpanOf(4, 1, 0, 3, 100);
  failed.set_code(14);
  v1::Span at_fault = SpanOf(5, 1, 0, 4, 100);
  at_fault.set_code(3);  // the caller's fault
  for (const v1::Span& span : {drawn, recorded, failed, at_fault}) store_.Take(span, now_);
  Pass(absl::Seconds(3));
  EXPECT_THAT(Listed(), ElementsAre("request-4 failed", "request-3 recorded", "request-2 sampled"));
  EXPECT_THAT(whole_, SizeIs(5));
  // Late parts of those that are gone do not wait for anything.
  store_.Take(SpanOf(1, 2, 1, 0, 1), now_);
  EXPECT_EQ(store_.waiting(), 0u);
  // But another request of the same trace counts for itself.
  store_.Take(Asked(1), now_);
  Pass(absl::Seconds(3));
  EXPECT_TRUE(Get(1).ok());
}

TEST_F(TracesTest, SlowIsWhatIsSlowerThanItsRouteIs) {
  uint64_t number = 100;
  for (int i = 0; i < 200; ++i) {
    store_.Take(SpanOf(++number, 1, 0, i, 1000 + 10 * (static_cast<uint64_t>(i) % 20)), now_);
    if (i % 5 == 0) Pass(absl::Seconds(3));
  }
  Pass(absl::Seconds(3));
  EXPECT_THAT(Listed(), IsEmpty());
  store_.Take(SpanOf(1, 1, 0, 0, 1900), now_);  // the slowest, but not twice the median
  store_.Take(SpanOf(2, 1, 0, 0, 4000), now_);
  Pass(absl::Seconds(3));
  EXPECT_THAT(Listed(), ElementsAre("request-2 slow"));
}

TEST_F(TracesTest, AFailureWhoseGatewayWasLostIsKeptAsFarAsItIsKnown) {
  v1::Span failed = SpanOf(1, 3, 2, 0, 100);
  failed.set_code(13);
  failed.set_deployment("shop1");
  store_.Take(failed, now_);
  store_.Take(SpanOf(2, 3, 2, 0, 100), now_);
  Pass(absl::Minutes(9));
  EXPECT_EQ(store_.waiting(), 2u);
  Pass(absl::Minutes(2));
  EXPECT_EQ(store_.waiting(), 0u);
  ASSERT_TRUE(Get(1).ok());
  EXPECT_TRUE(Get(1)->incomplete());
  EXPECT_EQ(Get(1)->summary().deployment(), "shop1");
  EXPECT_FALSE(Get(2).ok());
}

TEST_F(TracesTest, TheOldestThatNobodyAskedForLeavesFirst) {
  store_.Take(Asked(1, 1), now_);
  for (uint64_t i = 2; i <= 8; ++i) {
    v1::Span drawn = SpanOf(i, 1, 0, static_cast<int64_t>(i), 100);
    drawn.set_drawn(true);
    store_.Take(drawn, now_);
    Pass(absl::Seconds(3));
  }
  EXPECT_THAT(Listed(), ElementsAre("request-8 sampled", "request-7 sampled", "request-6 sampled",
                                    "request-5 sampled", "request-1 asked"));
  for (uint64_t i = 11; i <= 17; ++i) {
    store_.Take(Asked(i, static_cast<int64_t>(i)), now_);
    Pass(absl::Seconds(3));
  }
  EXPECT_EQ(store_.kept(), 5u);
  EXPECT_FALSE(Get(1).ok());
  EXPECT_FALSE(Get(12).ok());
  EXPECT_TRUE(Get(17).ok());
}

TEST_F(TracesTest, BytesAreBoundedToo) {
  for (uint64_t i = 1; i <= 4; ++i) {
    v1::Span span = Asked(i);
    span.set_recorded(true);
    span.set_request(std::string(8000, 'x'));
    store_.Take(span, now_);
    Pass(absl::Seconds(3));
    EXPECT_LE(store_.kept_bytes(), 20'000u);
  }
  EXPECT_EQ(store_.kept(), 2u);
  EXPECT_EQ(Get(4)->spans(0).request(), "");
  EXPECT_EQ(Get(4, true)->spans(0).request().size(), 8000u);
  EXPECT_TRUE(Get(4)->summary().recorded());
  // Of those that wait as well.
  for (uint64_t i = 11; i <= 18; ++i) {
    v1::Span span = SpanOf(i, 2, 1, 0, 1);
    span.set_request(std::string(9000, 'x'));
    store_.Take(span, now_);
    EXPECT_LE(store_.waiting_bytes(), 50'000u);
  }
  EXPECT_EQ(store_.waiting(), 5u);
  EXPECT_EQ(store_.dropped(), 3u);
}

TEST_F(TracesTest, TracesThatWaitAreBoundedAndCounted) {
  for (uint64_t i = 1; i <= 25; ++i) store_.Take(SpanOf(i, 2, 1, 0, 1), now_);
  EXPECT_EQ(store_.waiting(), 10u);
  EXPECT_EQ(store_.dropped(), 15u);
  EXPECT_EQ(store_.List({}, "").dropped(), 15u);
}

TEST_F(TracesTest, SpansOfATraceAreBoundedAndCounted) {
  for (uint64_t i = 2; i <= 31; ++i) store_.Take(SpanOf(1, i, 1, 0, 1), now_);
  store_.Take(Asked(1), now_);
  Pass(absl::Seconds(3));
  EXPECT_EQ(Get(1)->spans_size(), 21);  // and the outermost
  EXPECT_TRUE(Get(1)->incomplete());
  EXPECT_EQ(store_.dropped(), 10u);
  store_.Take(SpanOf(1, 40, 1, 0, 1), now_);
  EXPECT_EQ(Get(1)->spans_size(), 21);
  EXPECT_EQ(store_.dropped(), 11u);
}

TEST_F(TracesTest, WhatIsNoSpanIsCounted) {
  v1::Span short_id = Asked(1);
  short_id.set_trace_id("short");
  v1::Span zero = Asked(1);
  zero.set_trace_id(std::string(16, '\0'));
  v1::Span without = Asked(1);
  without.set_span_id(0);
  for (const v1::Span& span : {short_id, zero, without}) store_.Take(span, now_);
  EXPECT_EQ(store_.waiting(), 0u);
  EXPECT_EQ(store_.dropped(), 3u);
  v1::Span long_message = Asked(2);
  long_message.set_message(std::string(5000, 'm'));
  long_message.set_reply(std::string((size_t{4} << 20) + 1, 'r'));
  for (int i = 0; i < 500; ++i) long_message.add_events()->set_name(std::string(5000, 'n'));
  EXPECT_TRUE(MakeSane(long_message));
  EXPECT_LT(BytesOf(long_message), 100'000u);
  EXPECT_TRUE(long_message.cut());
}

TEST_F(TracesTest, ListsAreFiltered) {
  v1::Span other = Asked(1, 1, 500'000);
  other.set_deployment("shop2");
  v1::Span failed = Asked(2, 2, 20'000);
  failed.set_code(3);
  v1::Span recorded = Asked(3, 3, 100);
  recorded.set_recorded(true);
  for (const v1::Span& span : {other, failed, recorded}) store_.Take(span, now_);
  Pass(absl::Seconds(3));
  v1::ListTracesRequest request;
  EXPECT_THAT(Listed(request, "shop2"), ElementsAre("request-1 asked"));
  request.set_min_ms(20);
  EXPECT_THAT(Listed(request), ElementsAre("request-2 asked", "request-1 asked"));
  request.set_failed(true);
  EXPECT_THAT(Listed(request), ElementsAre("request-2 asked"));
  v1::ListTracesRequest text;
  text.set_text("request-3");
  EXPECT_THAT(Listed(text), ElementsAre("request-3 asked"));
  text.set_text(ToHexadecimal(TraceIdOf(1)));
  EXPECT_THAT(Listed(text), ElementsAre("request-1 asked"));
  v1::ListTracesRequest few;
  few.set_limit(1);
  EXPECT_THAT(Listed(few), ElementsAre("request-3 asked"));
  v1::ListTracesRequest with_messages;
  with_messages.set_recorded(true);
  EXPECT_THAT(Listed(with_messages), ElementsAre("request-3 asked"));
}

TEST_F(TracesTest, ATraceIsFoundByEitherId) {
  store_.Take(Asked(1), now_);
  Pass(absl::Seconds(3));
  v1::GetTraceRequest request;
  EXPECT_THAT(store_.Get(request).status(), StatusIs(absl::StatusCode::kInvalidArgument));
  request.set_request_id("request-1");
  EXPECT_EQ(store_.Get(request)->spans_size(), 1);
  request.set_trace_id("no id");
  EXPECT_THAT(store_.Get(request).status(),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("32 hexadecimal digits")));
}

TEST(TracePartsTest, SpansThatAreEachOthersParentsAreAllTold) {
  std::vector<v1::Span> spans = {SpanOf(1, 2, 3, 0, 1), SpanOf(1, 3, 2, 0, 1),
                                 SpanOf(1, 4, 4, 0, 1), SpanOf(1, 2, 3, 0, 1)};
  EXPECT_THAT(InOrder(spans), SizeIs(3));
}

}  // namespace
}  // namespace chains::deploy
