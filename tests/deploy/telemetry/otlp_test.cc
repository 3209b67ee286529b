// What is sent to a collector, and how: on a clock that the test moves.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "chains/core/text.h"
#include "chains/testing/fake_clock.h"
#include "chains/testing/running.h"
#include "deploy/telemetry/otlp_exporter.h"
#include "tests/deploy/apiserver/scripted_transport.h"
#include "tests/deploy/telemetry/spans.h"

namespace chains::deploy {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

std::vector<std::string> Texts(
    const google::protobuf::RepeatedPtrField<otlp::KeyValue>& attributes) {
  std::vector<std::string> texts;
  for (const otlp::KeyValue& each : attributes) {
    texts.push_back(Text(each.key(), "=",
                         each.value().has_int_value() ? Text(each.value().int_value())
                                                      : each.value().string_value()));
  }
  return texts;
}

v1::Trace ATrace(int spans = 3) {
  v1::Trace trace;
  trace.mutable_summary()->set_chain("shop");
  trace.mutable_summary()->set_deployment("shop1");
  trace.mutable_summary()->set_environment("production");
  v1::Span outermost = SpanOf(7, 0x0102030405060708, 0, 0, 1500);
  outermost.set_replica("gateway-1");
  *trace.add_spans() = outermost;
  for (int i = 1; i < spans; ++i) {
    v1::Span span = SpanOf(7, 10 + static_cast<uint64_t>(i), 0x0102030405060708, 100, 900);
    span.set_replica("Price-1");
    *trace.add_spans() = span;
  }
  return trace;
}

TEST(OtlpSpansTest, SpansAreNamedByTheSemanticConventions) {
  v1::Trace trace = ATrace(2);
  v1::Span& served = *trace.mutable_spans(1);
  served.set_code(14);
  served.set_message("no voice");
  served.set_queue_us(40);
  served.set_request("private");
  v1::SpanEvent& event = *served.add_events();
  event.set_unix_us(1'790'000'000'000'200);
  event.set_name("attempt");
  event.set_detail("2");
  v1::Span& called = *trace.add_spans();
  called = SpanOf(7, 20, 11, 200, 300);
  called.set_kind(v1::Span::CLIENT);
  called.set_chainlet("shop.Store");
  called.set_replica("Price-1");
  const otlp::ExportTraceServiceRequest request = MakeExport(ToOtlp(trace));
  ASSERT_THAT(request.resource_spans(), SizeIs(2));
  EXPECT_THAT(Texts(request.resource_spans(0).resource().attributes()),
              ElementsAre("service.name=chains-gateway", "service.namespace=shop",
                          "service.instance.id=gateway-1", "deployment.environment.name=production",
                          "chains.deployment=shop1"));
  EXPECT_THAT(Texts(request.resource_spans(1).resource().attributes())[0],
              "service.name=shop.Price");
  const otlp::Span& gateway = request.resource_spans(0).scope_spans(0).spans(0);
  EXPECT_EQ(gateway.trace_id(), TraceIdOf(7));
  EXPECT_EQ(gateway.span_id(), "\x01\x02\x03\x04\x05\x06\x07\x08");
  EXPECT_EQ(gateway.parent_span_id(), "");
  EXPECT_EQ(gateway.kind(), otlp::Span::SPAN_KIND_SERVER);
  EXPECT_EQ(gateway.end_time_unix_nano() - gateway.start_time_unix_nano(), 1'500'000u);
  EXPECT_EQ(gateway.start_time_unix_nano(), 1'790'000'000'000'000'000u);
  EXPECT_THAT(
      Texts(gateway.attributes()),
      ElementsAre("http.route=/chains/shop/production/run_remote", "http.response.status_code=200",
                  "rpc.grpc.status_code=0", "chains.request_id=request-7"));
  const auto& spans = request.resource_spans(1).scope_spans(0).spans();
  ASSERT_THAT(spans, SizeIs(2));
  EXPECT_EQ(spans[0].name(), "shop.Price/RunRemote");
  EXPECT_EQ(spans[0].parent_span_id(), gateway.span_id());
  EXPECT_EQ(spans[0].status().code(), otlp::Status::STATUS_CODE_ERROR);
  EXPECT_EQ(spans[0].status().message(), "no voice");
  EXPECT_THAT(Texts(spans[0].attributes()),
              ElementsAre("rpc.system=grpc", "rpc.service=shop.Price", "rpc.method=RunRemote",
                          "rpc.grpc.status_code=14", "chains.queue_us=40"));
  EXPECT_THAT(Texts(spans[0].events(0).attributes()), ElementsAre("chains.detail=2"));
  // The call is its caller's, to whom it says.
  EXPECT_EQ(spans[1].kind(), otlp::Span::SPAN_KIND_CLIENT);
  EXPECT_EQ(spans[1].name(), "shop.Store/RunRemote");
  EXPECT_EQ(request.SerializeAsString().find("private"), std::string::npos);
}

TEST(OtlpSpansTest, TimesOutOfAllReasonStayInBounds) {
  v1::Trace trace = ATrace(1);
  for (const int64_t start : {INT64_MIN, int64_t{-1}, INT64_MAX}) {
    trace.mutable_spans(0)->set_start_unix_us(start);
    trace.mutable_spans(0)->set_duration_us(UINT64_MAX);
    const otlp::Span span = ToOtlp(trace)[0].span;
    EXPECT_GE(span.end_time_unix_nano(), span.start_time_unix_nano());
  }
}

class OtlpExporterTest : public ::testing::Test {
 protected:
  OtlpExporterTest() : running_(clock_, exporter_.Run()) {}

  void Pass(absl::Duration duration) {
    for (absl::Duration passed; passed < duration; passed += absl::Milliseconds(100)) {
      clock_.Advance(absl::Milliseconds(100));
      clock_.Settle();
    }
  }
  int SpansOf(size_t asked) const {
    otlp::ExportTraceServiceRequest request;
    EXPECT_TRUE(request.ParseFromString(server_->asked()[asked].body()));
    int spans = 0;
    for (const auto& each : request.resource_spans()) spans += each.scope_spans(0).spans_size();
    return spans;
  }

  testing::FakeClock clock_{{.threads = 1}};
  const std::shared_ptr<ScriptedTransport> server_ = std::make_shared<ScriptedTransport>();
  OtlpExporter exporter_{server_, {.most_spans = 20, .batch = 8, .attempts = 3}};
  testing::Running<void> running_;
};

TEST_F(OtlpExporterTest, SpansAreGatheredAndSentAsProtobuf) {
  server_->Answer(200, "");
  exporter_.Put(ATrace(2));
  clock_.Settle();
  exporter_.Put(ATrace(3));
  clock_.Settle();
  EXPECT_THAT(server_->asked(), IsEmpty());
  Pass(absl::Seconds(1));
  ASSERT_THAT(server_->asked(), SizeIs(1));
  EXPECT_EQ(server_->asked()[0].method(), "POST");
  EXPECT_EQ(server_->asked()[0].target(), "/v1/traces");
  EXPECT_EQ(server_->asked()[0].content_type(), "application/x-protobuf");
  EXPECT_EQ(SpansOf(0), 5);
  EXPECT_EQ(exporter_.sent(), 5u);
}

TEST_F(OtlpExporterTest, WhatCannotBeTakenNowIsSentAgainWhenTheCollectorSaysSo) {
  server_->Answer(503, "busy", {{"retry-after", "20"}});
  server_->Fail(absl::UnavailableError("connection refused"));
  server_->Answer(200, "");
  exporter_.Put(ATrace());
  Pass(absl::Seconds(19));
  EXPECT_THAT(server_->asked(), SizeIs(1));
  EXPECT_THAT(std::string(exporter_.problem().message()), HasSubstr("HTTP 503: busy"));
  Pass(absl::Seconds(2));
  EXPECT_THAT(server_->asked(), SizeIs(2));
  EXPECT_FALSE(exporter_.problem().ok());
  Pass(absl::Seconds(3));
  EXPECT_THAT(server_->asked(), SizeIs(3));
  EXPECT_EQ(server_->asked()[2].body(), server_->asked()[0].body());
  EXPECT_EQ(exporter_.sent(), 3u);
  EXPECT_EQ(exporter_.dropped(), 0u);
  EXPECT_TRUE(exporter_.problem().ok());
}

TEST_F(OtlpExporterTest, AfterSomeAttemptsOrWhenItIsNotWantedItIsDroppedAndCounted) {
  for (int i = 0; i < 3; ++i) server_->Answer(429, "");
  server_->Answer(400, "what is this?");
  server_->Answer(200, "");
  exporter_.Put(ATrace(2));
  Pass(absl::Seconds(10));
  EXPECT_THAT(server_->asked(), SizeIs(3));
  EXPECT_EQ(exporter_.dropped(), 2u);
  exporter_.Put(ATrace(3));
  Pass(absl::Seconds(5));
  EXPECT_THAT(server_->asked(), SizeIs(4));
  EXPECT_EQ(exporter_.dropped(), 5u);
  exporter_.Put(ATrace(1));
  Pass(absl::Seconds(5));
  EXPECT_EQ(exporter_.sent(), 1u);
}

TEST_F(OtlpExporterTest, WhatTheCollectorRejectsOfABatchIsCounted) {
  otlp::ExportTraceServiceResponse response;
  response.mutable_partial_success()->set_rejected_spans(2);
  server_->Answer(200, response.SerializeAsString());
  exporter_.Put(ATrace(5));
  Pass(absl::Seconds(1));
  EXPECT_EQ(exporter_.sent(), 3u);
  EXPECT_EQ(exporter_.dropped(), 2u);
}

TEST_F(OtlpExporterTest, TheQueueIsBoundedAndBatchesAre) {
  server_->Hang();
  for (int i = 0; i < 10; ++i) server_->Answer(200, "");
  exporter_.Put(ATrace(8));
  Pass(absl::Seconds(1));
  EXPECT_THAT(server_->asked(), SizeIs(1));  // it hangs
  for (int i = 0; i < 5; ++i) exporter_.Put(ATrace(5));
  EXPECT_EQ(exporter_.dropped(), 5u);
  Pass(absl::Seconds(30));
  EXPECT_EQ(exporter_.sent(), 28u);
  ASSERT_THAT(server_->asked(), SizeIs(5));  // the first one twice
  for (size_t i = 0; i < 5; ++i) EXPECT_LE(SpansOf(i), 8);
}

}  // namespace
}  // namespace chains::deploy
