// Traced requests to methods that stream: their spans end when the stream does.
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/app/telling.h"
#include "tests/gateway/app/streams_fixture.h"

namespace chains::gateway {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::StartsWith;

class StreamTracesTest : public StreamsTest {
 protected:
  StreamTracesTest() {
    gateway_->telling().Begin("gateway");
    v1::Tracing tracing;
    tracing.set_drawn(1);
    gateway_->telling().sampling().Update(tracing);
  }
  std::vector<v1::Span> Spans() {
    v1::Telemetry telemetry;
    gateway_->telling().TakeInto(telemetry);
    return {telemetry.spans().begin(), telemetry.spans().end()};
  }
};

TEST_F(StreamTracesTest, AStreamsSpanEndsWithTheStream) {
  std::string answer =
      Ask(Post("/run_remote", R"({"to": 3, "seconds": 10})", "X-Request-Id: q1\r\n"));
  loop_.Advance(absl::Seconds(10));
  answer += More();
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200"));
  loop_.Advance(absl::Seconds(10));
  EXPECT_THAT(Spans(), IsEmpty());
  loop_.Advance(absl::Seconds(10));
  answer += More();
  ASSERT_TRUE(ChunksOf(answer).ended);
  const std::vector<v1::Span> spans = Spans();
  ASSERT_GE(spans.size(), 2u);
  EXPECT_EQ(spans[0].method(), "/chains/all/production/run_remote");
  EXPECT_EQ(spans[0].duration_us(), 30'000'000u);
  EXPECT_EQ(spans[0].code(), 0u);
  EXPECT_EQ(spans[0].http_status(), 200u);
  EXPECT_EQ(spans[0].request_id(), "q1");
  EXPECT_TRUE(spans[0].drawn());
  EXPECT_EQ(spans[1].parent_span_id(), spans[0].span_id());
  EXPECT_EQ(spans[1].items(), 3u);
}

TEST_F(StreamTracesTest, AStreamThatFailsIsToldOfAsItEnded) {
  way_.cut_after_items = 1;
  Ask(Post("/run_remote", R"({"to": 3})"));
  for (int i = 0; i < 3; ++i) loop_.Advance(absl::Seconds(1));
  const std::vector<v1::Span> spans = Spans();
  ASSERT_GE(spans.size(), 2u);
  EXPECT_EQ(spans[0].code(), 14u);
  EXPECT_EQ(spans[0].http_status(), 503u);
  EXPECT_EQ(spans[0].message(), "Socket closed");
}

TEST_F(StreamTracesTest, AStreamWhoseClientLeavesIsCancelled) {
  Ask(Post("/run_remote", R"({"to": 1000, "seconds": 10})"));
  loop_.Advance(absl::Seconds(10));
  EXPECT_THAT(More(), StartsWith("HTTP/1.1 200"));
  client_.reset();
  loop_.Settle();
  loop_.Advance(absl::Seconds(10));
  const std::vector<v1::Span> spans = Spans();
  ASSERT_GE(spans.size(), 2u);
  EXPECT_EQ(spans[0].code(), 1u);
  EXPECT_EQ(spans[0].http_status(), 499u);
}

TEST_F(StreamTracesTest, OneThatIsRefusedIsToldOfOnce) {
  EXPECT_THAT(Ask(Post("/run_remote", R"({"to": "many"})")), StartsWith("HTTP/1.1 400"));
  const std::vector<v1::Span> spans = Spans();
  ASSERT_THAT(spans, SizeIs(2));
  EXPECT_EQ(spans[0].code(), 3u);
  EXPECT_EQ(spans[0].http_status(), 400u);
  EXPECT_THAT(spans[0].message(), HasSubstr("to"));
}

}  // namespace
}  // namespace chains::gateway
