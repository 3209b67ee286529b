// What a gateway measures of its requests: as its platform is told, and as Prometheus reads it.
#include <string>

#include "tests/gateway/app/platform_fixture.h"

namespace chains::gateway {
namespace {

using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::StartsWith;

constexpr const char* kProduction = "/chains/hello/production";
constexpr const char* kOpenMetrics =
    "Accept: application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5\r\n";

class MeasuringTest : public PlatformFixture {
 protected:
  void OpenMeasured() {
    Open();
    Tell(Measured(1));
  }
  static v1::RouteTable Measured(uint64_t version) {
    v1::RouteTable table =
        Table(version).With("v1", "hello", {"a"}).Points("hello", "production", "v1");
    table.set_measure_every_ms(1000);
    return table;
  }
  // What it said last, once it has.
  v1::Measurements Told() {
    platform_.seen.clear();
    loop_.Advance(absl::Seconds(2));
    for (auto seen = platform_.seen.rbegin(); seen != platform_.seen.rend(); ++seen) {
      if (seen->telemetry().has_measurements()) return seen->telemetry().measurements();
    }
    ADD_FAILURE() << "it said nothing of what it measured";
    return {};
  }
  std::string Metrics(std::string_view more = "") {
    return Ask(Text("GET /metrics HTTP/1.1\r\nHost: a\r\n", more, "\r\n"));
  }
  static uint64_t CountOf(const v1::DurationHistogram& histogram) {
    uint64_t count = 0;
    for (const uint64_t each : histogram.counts()) count += each;
    return count;
  }
};

TEST_F(MeasuringTest, ItsPlatformIsToldOfRequestsByDeploymentEnvironmentAndMethod) {
  OpenMeasured();
  Replica("a").takes = absl::Milliseconds(10);
  const auto client = Begin(Greeting(kProduction));
  loop_.Advance(absl::Milliseconds(10));
  EXPECT_THAT(client->Receive(), StartsWith("HTTP/1.1 200"));
  Replica("a").takes = absl::ZeroDuration();
  Ask(Greeting("/chains/hello/deployment/v1"));
  const v1::Measurements told = Told();
  ASSERT_THAT(told.routes(), SizeIs(2));
  EXPECT_EQ(told.routes(0).deployment(), "v1");
  EXPECT_EQ(told.routes(0).environment(), "");  // by its id
  const v1::RouteMeasurement& production = told.routes(1);
  EXPECT_EQ(production.environment(), "production");
  EXPECT_EQ(production.method(), "get_http_status");
  ASSERT_THAT(production.statuses(), SizeIs(1));
  EXPECT_EQ(production.statuses(0).status(), 200u);
  EXPECT_EQ(production.statuses(0).requests(), 1u);
  EXPECT_EQ(CountOf(production.duration()), 1u);
  EXPECT_NEAR(production.duration().sum_seconds(), 0.01, 1e-6);
  EXPECT_EQ(production.in_flight(), 0u);
  EXPECT_GT(told.started_unix_ms(), 0);
}

TEST_F(MeasuringTest, ItsPlatformIsToldWhatRunsNow) {
  OpenMeasured();
  Replica("a").takes = absl::Hours(1);
  const auto client = Begin(Greeting(kProduction));
  const v1::Measurements told = Told();
  ASSERT_THAT(told.routes(), SizeIs(1));
  EXPECT_EQ(told.routes(0).in_flight(), 1u);
  client->Leave();
  loop_.Settle();
  const v1::Measurements later = Told();
  EXPECT_EQ(later.routes(0).in_flight(), 0u);
  EXPECT_EQ(later.routes(0).statuses(0).status(), 499u);
}

TEST_F(MeasuringTest, ItsPlatformIsToldOfTheWayToTheEntrypoint) {
  OpenMeasured();
  Ask(Greeting(kProduction));
  Replica("a").answer = [](std::string_view, const std::string&) {
    return absl::InternalError("ill");
  };
  Ask(Greeting(kProduction));
  const v1::Measurements told = Told();
  ASSERT_THAT(told.edges(), SizeIs(1));
  const v1::EdgeMeasurement& edge = told.edges(0);
  EXPECT_EQ(edge.caller(), "v1");  // whose callee it is: callers of gateways are outside
  EXPECT_EQ(edge.callee(), kEntrypoint);
  EXPECT_TRUE(edge.remote());
  ASSERT_THAT(edge.codes(), SizeIs(2));
  EXPECT_EQ(edge.codes(0).code(), 0u);
  EXPECT_EQ(edge.codes(1).code(), 13u);
  EXPECT_EQ(edge.codes(1).calls(), 1u);
  EXPECT_EQ(CountOf(edge.duration()), 2u);
  EXPECT_EQ(edge.attempts_more(), 0u);
}

TEST_F(MeasuringTest, WhatWasMeasuredOfADeploymentStaysUntilItIsGone) {
  OpenMeasured();
  Ask(Greeting(kProduction));
  v1::RouteTable promoted = Table(2)
                                .With("v1", "hello", {"a"})
                                .With("v2", "hello", {"b"})
                                .Points("hello", "production", "v2");
  promoted.set_measure_every_ms(1000);
  Tell(promoted);
  Ask(Greeting(kProduction));
  const v1::Measurements told = Told();
  ASSERT_THAT(told.routes(), SizeIs(2));
  EXPECT_EQ(told.routes(0).deployment(), "v1");
  EXPECT_EQ(told.routes(1).deployment(), "v2");
  // Prometheus sees one route, whatever is behind it.
  EXPECT_THAT(Metrics(), HasSubstr("chains_gateway_requests_total{chain=\"hello\",deployment="
                                   "\"production\",method=\"get_http_status\",status=\"200\"} 2"));
  v1::RouteTable only = Table(3).With("v2", "hello", {"b"}).Points("hello", "production", "v2");
  only.set_measure_every_ms(1000);
  Tell(only);
  Ask(Greeting(kProduction));
  const v1::Measurements later = Told();
  ASSERT_THAT(later.routes(), SizeIs(1));
  EXPECT_EQ(later.routes(0).deployment(), "v2");
}

TEST_F(MeasuringTest, PrometheusGetsTheTextThatItAsksFor) {
  OpenMeasured();
  Ask(Greeting(kProduction));
  EXPECT_THAT(Metrics(), AllOf(HasSubstr("text/plain; version=0.0.4"), Not(HasSubstr("# EOF"))));
  EXPECT_THAT(Metrics("Accept: text/plain;version=0.0.4\r\n"), Not(HasSubstr("# EOF")));
  const std::string text = Metrics(kOpenMetrics);
  EXPECT_THAT(text, AllOf(HasSubstr("application/openmetrics-text; version=1.0.0; charset=utf-8"),
                          HasSubstr("# TYPE chains_gateway_requests counter\n"),
                          HasSubstr("chains_gateway_request_seconds_bucket{chain=\"hello\","),
                          HasSubstr("le=\"0.001024\"} 1\n"), EndsWith("# EOF\n")));
}

TEST_F(MeasuringTest, ARequestThatIsTracedIsAnExemplarOfItsBucket) {
  Open();
  v1::RouteTable table = Measured(1);
  table.mutable_tracing()->set_max_asked_per_second(10);
  Tell(table);
  constexpr const char* kTrace = "4bf92f3577b34da6a3ce929d0e0e4736";
  const std::string asks = Text("traceparent: 00-", kTrace, "-00f067aa0ba902b7-01\r\n");
  Ask(Greeting(kProduction));
  EXPECT_THAT(Metrics(kOpenMetrics), Not(HasSubstr("trace_id")));
  Ask(Greeting(kProduction, asks));
  EXPECT_THAT(Metrics(kOpenMetrics), HasSubstr(Text("# {trace_id=\"", kTrace, "\"} 0 ")));
  EXPECT_THAT(Metrics(), Not(HasSubstr("trace_id")));  // the older text has no room for it
}

}  // namespace
}  // namespace chains::gateway
