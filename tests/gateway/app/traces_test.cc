// Requests that are traced: which, what is told of them, and how their calls are below.
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "chains/core/receipt.h"
#include "chains/core/trace.h"
#include "gateway/app/telling.h"
#include "tests/gateway/app/platform_fixture.h"

namespace chains::gateway {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::StartsWith;

constexpr uint64_t kCaller = 0xb7ad6b7169203331;
constexpr std::string_view kSampled =
    "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n";

class TracesTest : public PlatformFixture {
 protected:
  static v1::Tracing Tracing(double drawn, double recorded, uint32_t max_asked = 0) {
    v1::Tracing tracing;
    tracing.set_drawn(drawn);
    tracing.set_recorded(recorded);
    tracing.set_max_asked_per_second(max_asked);
    return tracing;
  }
  static v1::Tracing Recorded(const std::string& deployment) {
    v1::Tracing tracing;
    v1::RecordingOrder& order = *tracing.add_recordings();
    order.set_deployment(deployment);
    order.set_share(1);
    order.set_id("r-1");
    return tracing;
  }
  void Trace(const v1::Tracing& tracing) {
    v1::RouteTable table = Table(++version_)
                               .With("v1", "hello", {"a"})
                               .With("v2", "hello", {"b"})
                               .Points("hello", "production", "v1");
    *table.mutable_tracing() = tracing;
    Tell(table);
  }
  // What was told since the last time, or is to be.
  std::vector<v1::Span> Spans() {
    v1::RoutesSeen& last = platform_.seen.emplace_back();
    gateway_->telling().TakeInto(*last.mutable_telemetry());
    std::vector<v1::Span> spans;
    for (const v1::RoutesSeen& seen : platform_.seen) {
      spans.insert(spans.end(), seen.telemetry().spans().begin(), seen.telemetry().spans().end());
    }
    platform_.seen.clear();
    return spans;
  }
  void Fails(const std::string& address, absl::Status how) {
    Replica(address).answer = [how](std::string_view, const std::string&) { return how; };
  }

 private:
  uint64_t version_ = 0;
};

TEST_F(TracesTest, OneThatIsDrawnHasASpanAndOneForItsCall) {
  Open();
  Trace(Tracing(1, 1));
  Replica("a").takes = absl::Seconds(3);
  const auto client = Begin(Greeting("/production", "X-Request-Id: q1\r\n"));
  loop_.Advance(absl::Seconds(3));
  const std::string answer = client->Receive();
  const std::vector<v1::Span> spans = Spans();
  ASSERT_THAT(spans, SizeIs(2));
  const v1::Span& own = spans[0];
  EXPECT_EQ(own.kind(), v1::Span::SERVER);
  EXPECT_EQ(own.method(), "/chains/hello/production/get_http_status");
  EXPECT_EQ(own.chainlet(), "");
  EXPECT_EQ(own.replica(), "gateway");
  EXPECT_EQ(own.chain(), "hello");
  EXPECT_EQ(own.deployment(), "v1");
  EXPECT_EQ(own.environment(), "production");
  EXPECT_EQ(own.http_status(), 200u);
  EXPECT_EQ(own.code(), 0u);
  EXPECT_EQ(own.message(), "");
  EXPECT_EQ(own.request_id(), "q1");
  EXPECT_EQ(own.parent_span_id(), 0u);
  EXPECT_EQ(own.duration_us(), 3'000'000u);
  EXPECT_EQ(own.start_unix_us() + 3'000'000, absl::ToUnixMicros(loop_.Now()));
  EXPECT_TRUE(own.outermost());
  EXPECT_TRUE(own.drawn());
  EXPECT_FALSE(own.asked());
  EXPECT_FALSE(own.recorded());
  const v1::Span& call = spans[1];
  EXPECT_EQ(call.kind(), v1::Span::CLIENT);
  EXPECT_EQ(call.trace_id(), own.trace_id());
  EXPECT_EQ(call.parent_span_id(), own.span_id());
  EXPECT_EQ(call.chainlet(), "everything.Everything");
  EXPECT_EQ(call.method(), "GetHTTPStatus");
  EXPECT_FALSE(call.outermost());
  const internal::TraceId trace = internal::TraceIdOf(own.trace_id());
  EXPECT_THAT(answer, HasSubstr("Traceparent: " + internal::TraceparentOf(trace, own.span_id())));
  EXPECT_EQ(Replica("a").last_context.traceparent(),
            internal::TraceparentOf(trace, call.span_id()));
  EXPECT_THAT(Spans(), IsEmpty());
}

TEST_F(TracesTest, OneThatIsRecordedIsNotDrawn) {
  Open();
  Trace(Tracing(0, 1));
  Ask(Greeting("/deployment/v2"));
  const std::vector<v1::Span> spans = Spans();
  ASSERT_THAT(spans, SizeIs(2));
  EXPECT_FALSE(spans[0].drawn());
  EXPECT_EQ(spans[0].method(), "/chains/hello/deployment/v2/get_http_status");
  EXPECT_EQ(spans[0].deployment(), "v2");
  EXPECT_EQ(spans[0].environment(), "");
}

TEST_F(TracesTest, WhereNothingIsTracedNothingIsTold) {
  Open();
  Trace(Tracing(0, 0));
  const std::string answer = Ask(Greeting("/production", kSampled));
  EXPECT_THAT(answer, AllOf(StartsWith("HTTP/1.1 200"),
                            HasSubstr("Traceparent: 00-0af7651916cd43dd8448eb211c80319c-")));
  const size_t header = answer.find("Traceparent: ");
  EXPECT_EQ(answer.substr(header + std::string("Traceparent: ").size() + 53, 2), "00");
  EXPECT_THAT(Spans(), IsEmpty());
  // Nor is anybody below to trace it.
  EXPECT_EQ(Replica("a").last_context.record(), nullptr);
  EXPECT_THAT(
      Replica("a").last_context.traceparent(),
      AllOf(StartsWith("00-0af7651916cd43dd8448eb211c80319c-"), ::testing::EndsWith("-00")));
}

TEST_F(TracesTest, WhoAsksIsTracedAsOftenAsIsAllowed) {
  Open();
  Trace(Tracing(0, 0, 2));
  for (int i = 0; i < 3; ++i) Ask(Greeting("/production", kSampled));
  std::vector<v1::Span> spans = Spans();
  ASSERT_THAT(spans, SizeIs(4));
  EXPECT_TRUE(spans[0].asked());
  EXPECT_TRUE(spans[0].outermost());
  EXPECT_EQ(spans[0].parent_span_id(), kCaller);
  EXPECT_EQ(spans[0].trace_id(), absl::HexStringToBytes("0af7651916cd43dd8448eb211c80319c"));
  loop_.Advance(absl::Seconds(1));
  Ask(Greeting("/production", kSampled));
  EXPECT_THAT(Spans(), SizeIs(2));
  Ask(Greeting("/production"));
  EXPECT_THAT(Spans(), IsEmpty());
}

TEST_F(TracesTest, AFailureIsToldOfThoughItIsNotTraced) {
  Open();
  Trace(Tracing(0, 0));
  Fails("a", absl::InternalError("it is broken: \xff"));
  EXPECT_THAT(Ask(Greeting("/production", "X-Request-Id: q1\r\n")), StartsWith("HTTP/1.1 500"));
  const std::vector<v1::Span> spans = Spans();
  ASSERT_THAT(spans, SizeIs(1));
  EXPECT_EQ(spans[0].code(), 13u);
  EXPECT_EQ(spans[0].http_status(), 500u);
  EXPECT_EQ(spans[0].message(), "it is broken: ?");
  EXPECT_EQ(spans[0].deployment(), "v1");
  EXPECT_EQ(spans[0].request_id(), "q1");
  EXPECT_FALSE(spans[0].drawn());
  // What callers do wrong is no failure of the chain.
  Fails("a", absl::InvalidArgumentError("no"));
  Ask(Greeting("/production"));
  Ask(Greeting("/nowhere"));
  EXPECT_THAT(Spans(), IsEmpty());
}

TEST_F(TracesTest, OfManyFailuresSomeAreTold) {
  Open();
  Trace(Tracing(0, 0));
  Fails("a", absl::InternalError("it is broken"));
  for (int i = 0; i < 70; ++i) Ask(Greeting("/production"));
  EXPECT_THAT(Spans(), SizeIs(50));
}

TEST_F(TracesTest, AFailureOfOneThatIsTracedHasItsCall) {
  Open();
  Trace(Tracing(1, 1));
  Fails("a", absl::InternalError("it is broken"));
  Ask(Greeting("/production"));
  const std::vector<v1::Span> spans = Spans();
  ASSERT_THAT(spans, SizeIs(2));
  EXPECT_EQ(spans[0].code(), 13u);
  EXPECT_EQ(spans[1].code(), 13u);
  EXPECT_EQ(spans[1].message(), "it is broken");
}

TEST_F(TracesTest, OneThatLeadsNowhereIsTracedForWhoAsks) {
  Open();
  Trace(Tracing(1, 1, 5));
  Ask(Post("/nowhere?secret=1", "{}", kSampled));
  Ask(Post("/production/get_http_status?receipt=perhaps", R"({"text": "x"})", kSampled));
  Ask(Greeting("/nowhere"));
  const std::vector<v1::Span> spans = Spans();
  ASSERT_THAT(spans, SizeIs(2));
  EXPECT_EQ(spans[0].http_status(), 404u);
  EXPECT_EQ(spans[0].method(), "/nowhere");
  EXPECT_TRUE(spans[0].asked());
  EXPECT_EQ(spans[1].http_status(), 400u);
  EXPECT_EQ(spans[1].code(), 3u);
}

TEST_F(TracesTest, OneWhoseCallerLeavesIsCancelled) {
  Open();
  Trace(Tracing(1, 1));
  Replica("a").takes = absl::Seconds(3);
  Begin(Greeting("/production", "X-Request-Id: q1\r\n")).reset();
  loop_.Settle();
  loop_.Advance(absl::Seconds(1));
  const std::vector<v1::Span> spans = Spans();
  ASSERT_THAT(spans, SizeIs(2));
  EXPECT_EQ(spans[0].code(), 1u);
  EXPECT_EQ(spans[0].http_status(), 499u);
  EXPECT_EQ(spans[0].request_id(), "q1");
  EXPECT_EQ(spans[1].code(), 1u);
}

TEST_F(TracesTest, AReceiptIsWrittenBesides) {
  Open();
  Trace(Tracing(1, 1));
  EXPECT_THAT(Ask(Post("/production/get_http_status?receipt=1", R"({"text": "x"})")),
              HasSubstr("Chains-Receipt: {\"call\":{\"chainlet\":\"everything.Everything\""));
  EXPECT_TRUE(Replica("a").last_context.record()->receipt().purpose().receipt);
  EXPECT_THAT(Spans(), SizeIs(2));
  EXPECT_THAT(Ask(Greeting("/production")), Not(HasSubstr("Chains-Receipt")));
  EXPECT_FALSE(Replica("a").last_context.record()->receipt().purpose().receipt);
}

TEST_F(TracesTest, RequestsToADeploymentThatIsRecordedKeepTheirMessages) {
  Open();
  Trace(Recorded("v2"));
  Ask(Greeting("/production"));
  EXPECT_EQ(Replica("a").last_context.record(), nullptr);
  EXPECT_THAT(Spans(), IsEmpty());
  Ask(Greeting("/deployment/v2"));
  ASSERT_NE(Replica("b").last_context.record(), nullptr);
  EXPECT_EQ(Replica("b").last_context.record()->receipt().purpose().recording, "r-1");
  const std::vector<v1::Span> spans = Spans();
  ASSERT_THAT(spans, SizeIs(2));
  EXPECT_TRUE(spans[0].recorded());
  Trace(Tracing(0, 0));
  Ask(Greeting("/deployment/v2"));
  EXPECT_THAT(Spans(), IsEmpty());
}

TEST_F(TracesTest, ACanarysRequestIsOfTheEnvironmentAndOfTheCanary) {
  Open();
  v1::RouteTable table = Table(1)
                             .With("v1", "hello", {"a"})
                             .With("v2", "hello", {"b"})
                             .Points("hello", "production", "v1")
                             .Shares("v2", 100);
  *table.mutable_tracing() = Tracing(1, 1);
  Tell(table);
  EXPECT_THAT(Ask(Greeting("/production")), HasSubstr("\"b got x\""));
  const std::vector<v1::Span> spans = Spans();
  ASSERT_THAT(spans, SizeIs(2));
  EXPECT_EQ(spans[0].deployment(), "v2");
  EXPECT_EQ(spans[0].environment(), "production");
  EXPECT_EQ(spans[0].method(), "/chains/hello/production/get_http_status");
}

TEST_F(TracesTest, TheTimeThatItWaitsForAReplicaIsPartOfIt) {
  Open();
  v1::RouteTable asleep = Table(1).With("v1", "hello", {}).Points("hello", "production", "v1");
  *asleep.mutable_tracing() = Tracing(1, 1);
  Tell(asleep);
  const auto waiting = Begin(Greeting("/production"));
  loop_.Advance(absl::Seconds(2));
  v1::RouteTable awake = Table(2).With("v1", "hello", {"a"}).Points("hello", "production", "v1");
  Tell(awake);  // which traces nothing any more: this one began before
  EXPECT_THAT(waiting->Receive(), HasSubstr("\"a got x\""));
  const std::vector<v1::Span> spans = Spans();
  ASSERT_THAT(spans, SizeIs(2));
  EXPECT_EQ(spans[0].duration_us(), 2'000'000u);
  EXPECT_EQ(spans[1].duration_us(), 0u);
}

TEST_F(TracesTest, ItsPlatformIsToldOfIt) {
  Open();
  Trace(Tracing(1, 1));
  platform_.seen.clear();
  Ask(Greeting("/production"));
  for (int i = 0; i < 3; ++i) loop_.Advance(absl::Milliseconds(500));
  int spans = 0;
  for (const v1::RoutesSeen& seen : platform_.seen) spans += seen.telemetry().spans_size();
  EXPECT_EQ(spans, 2);
}

}  // namespace
}  // namespace chains::gateway
