#include "deploy/telemetry/observatory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "chains/testing/status_matchers.h"
#include "tests/deploy/telemetry/spans.h"

namespace chains::deploy {
namespace {

using ::chains::testing::StatusIs;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class ObservatoryTest : public ::testing::Test {
 protected:
  void Tell(const v1::Span& span) {
    v1::Telemetry told;
    *told.add_spans() = span;
    observatory_.TakeFromGateway("gateway", told, now_);
  }
  v1::Span Recorded(uint64_t trace, size_t bytes = 10, uint32_t code = 0) {
    v1::Span span = SpanOf(trace, 1, 0, 0, 100);
    span.set_recorded(true);
    span.set_code(code);
    span.set_request(std::string(bytes, 'x'));
    return span;
  }
  void Pass(absl::Duration duration) {
    now_ += duration;
    observatory_.Tick(now_, {}, {"shop1"});
  }

  absl::Time now_ = absl::UnixEpoch() + absl::Hours(400000);
  int changes_ = 0;
  Observatory observatory_{
      {.traces = {.kept_bytes = size_t{256} << 20, .waiting_bytes = size_t{256} << 20},
       .changed = [this] { ++changes_; },
       .drawn = 0.2,
       .recorded = 0.1}};
};

TEST_F(ObservatoryTest, WhoTellsASpanIsWhoseStreamItIs) {
  v1::Telemetry told;
  v1::Span span = SpanOf(1, 2, 1, 0, 100);
  span.set_replica("another");
  span.set_deployment("another");
  *told.add_spans() = span;
  observatory_.TakeFromReplica({.chain = "shop", .deployment = "shop1", .name = "Price-1"}, told,
                               now_);
  v1::Span outermost = SpanOf(1, 1, 0, 0, 100);
  outermost.set_asked(true);
  Tell(outermost);
  Pass(absl::Seconds(3));
  v1::GetTraceRequest request;
  request.set_request_id("request-1");
  const v1::Trace trace = observatory_.traces().Get(request).value();
  EXPECT_EQ(trace.spans(0).replica(), "gateway");
  EXPECT_EQ(trace.spans(1).replica(), "Price-1");
  EXPECT_EQ(trace.spans(1).deployment(), "shop1");
}

TEST_F(ObservatoryTest, AReportHasAtMost512Spans) {
  v1::Telemetry told;
  for (uint64_t i = 1; i <= 600; ++i) *told.add_spans() = SpanOf(1, i, 1, 0, 100);
  told.set_spans_dropped(5);
  const Observatory::Replica replica{.chain = "shop", .deployment = "shop1", .name = "Price-1"};
  observatory_.TakeFromReplica(replica, told, now_);
  EXPECT_EQ(observatory_.traces().dropped(), 88u + 5u);
  told.clear_spans();
  told.set_spans_dropped(7);
  observatory_.TakeFromReplica(replica, told, now_);
  EXPECT_EQ(observatory_.traces().dropped(), 88u + 7u);
  told.set_spans_dropped(1);  // it started anew
  observatory_.TakeFromReplica(replica, told, now_);
  EXPECT_EQ(observatory_.traces().dropped(), 88u + 8u);
}

TEST_F(ObservatoryTest, GatewaysAreToldWhatToTraceAndRecord) {
  EXPECT_EQ(observatory_.Tracing().drawn(), 0.2);
  EXPECT_EQ(observatory_.Tracing().recorded(), 0.2);  // at least as many
  EXPECT_THAT(observatory_.Tracing().recordings(), IsEmpty());
  {
    const auto recording =
        observatory_.recordings().Begin({.deployment = "shop1", .share = 0.5, .requests = 1});
    ASSERT_TRUE(recording.ok());
    EXPECT_EQ(changes_, 1);
    ASSERT_THAT(observatory_.Tracing().recordings(), SizeIs(1));
    EXPECT_EQ(observatory_.Tracing().recordings(0).share(), 0.5);
    // There are enough.
    Tell(Recorded(1));
    Pass(absl::Seconds(3));
    EXPECT_TRUE((*recording)->is_full());
    EXPECT_THAT(observatory_.Tracing().recordings(), IsEmpty());
    EXPECT_EQ(changes_, 2);
  }
  EXPECT_EQ(changes_, 3);
}

TEST_F(ObservatoryTest, ARecordingGetsWhatIsItsDeploymentsAndHasMessages) {
  const auto failed =
      observatory_.recordings().Begin({.deployment = "shop1", .requests = 5, .only_failed = true});
  const auto all = observatory_.recordings().Begin({.deployment = "shop1", .requests = 5});
  const auto others = observatory_.recordings().Begin({.deployment = "shop2"});
  Tell(Recorded(1));
  Tell(Recorded(2, 10, 14));
  v1::Span cut = Recorded(3);
  cut.set_cut(true);
  Tell(cut);
  v1::Span without = SpanOf(4, 1, 0, 0, 100);
  without.set_asked(true);
  Tell(without);
  Pass(absl::Seconds(3));
  EXPECT_EQ((*failed)->Take()->spans(0).trace_id(), TraceIdOf(2));
  EXPECT_FALSE((*failed)->Take().has_value());
  EXPECT_FALSE((*others)->Take().has_value());
  int come = 0;
  while (std::optional<v1::RecordedRequest> next = (*all)->Take()) {
    ++come;
    EXPECT_EQ(next->spans(0).request().size(), 10u);
    EXPECT_EQ(next->incomplete(), next->spans(0).trace_id() == TraceIdOf(3));
  }
  EXPECT_EQ(come, 3);
}

TEST_F(ObservatoryTest, RecordingsAreBoundedAndCountWhatTheyLeaveOut) {
  const auto recording = observatory_.recordings().Begin({.deployment = "shop1", .requests = 50});
  for (uint64_t i = 1; i <= 12; ++i) Tell(Recorded(i, size_t{3} << 20));
  Pass(absl::Seconds(3));
  int come = 0;
  while ((*recording)->Take()) ++come;
  EXPECT_EQ(come, 10);  // 32 MiB
  EXPECT_EQ((*recording)->left_out(), 2u);
  EXPECT_EQ(observatory_.recordings().left_out(), 2u);
  std::vector<std::unique_ptr<Recording>> many;
  for (int i = 0; i < 7; ++i) many.push_back(observatory_.recordings().Begin({}).value());
  EXPECT_THAT(observatory_.recordings().Begin({}).status(),
              StatusIs(absl::StatusCode::kResourceExhausted));
}

}  // namespace
}  // namespace chains::deploy
