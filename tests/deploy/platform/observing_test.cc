// What PlatformService tells of how deployments do, of replicas and a gateway that tests play.
#include <cmath>

#include "chains/testing/collect.h"
#include "deploy/platform/observed.h"
#include "tests/deploy/platform/platform_fixture.h"
#include "tests/deploy/telemetry/spans.h"

namespace chains::deploy {
namespace {

using ::chains::testing::IsOk;
using ::chains::testing::Running;
using ::chains::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// A gateway that says what it has seen.
class FakeGateway {
 public:
  explicit FakeGateway(PlatformTest& test)
      : control_(test.control_),
        running_(test.clock_, Follow(),
                 Context(absl::InfiniteFuture(), "", {{"chains-token", "gateway token"}})) {
    test.Settle();
  }
  FakeGateway(const FakeGateway&) = delete;

  void Tell(v1::Span span) {
    v1::RoutesSeen seen;
    seen.set_gateway("gateway-1");
    *seen.mutable_telemetry()->add_spans() = std::move(span);
    news_.push_back(std::move(seen));
    noticed_.Give();
  }
  const v1::RouteTable& table() const { return table_; }

 private:
  Stream<v1::RoutesSeen> Seen() {
    v1::RoutesSeen none;
    co_yield std::move(none);
    while (true) {
      while (news_.empty()) co_await noticed_.Wait();
      v1::RoutesSeen next = std::move(news_.back());
      news_.pop_back();
      co_yield std::move(next);
    }
  }
  Task<void> Follow() {
    Stream<v1::RouteTable> tables = control_.WatchRoutes(Seen());
    while (std::optional<v1::RouteTable> next = co_await tables.Next()) table_ = *std::move(next);
  }

  ControlService& control_;
  std::vector<v1::RoutesSeen> news_;
  Notice noticed_;
  v1::RouteTable table_;
  Running<void> running_;
};

class ObservingTest : public PlatformTest {
 protected:
  ObservingTest() {
    Control();
    observing_.emplace(clock_, Observe(model_, observatory_));
    v1::DeployRequest request;
    *request.mutable_bundle() =
        BundleOf({{.name = "shop.Price"}, {.name = "shop.Total", .calls = {"shop.Price"}}});
    push_.emplace(*this, request);
    price_.emplace(*this, Last("shop.Price"));
    total_.emplace(*this, Last("shop.Total"));
    EXPECT_TRUE(push_->live());
    of_.set_deployment(push_->id());
  }
  ~ObservingTest() override { observing_.reset(); }

  void SayMeasured(uint64_t calls) {
    v1::ReplicaReport& report = price_->report();
    v1::Measurements& said = *report.mutable_telemetry()->mutable_measurements();
    said.Clear();
    said.set_started_unix_ms(absl::ToUnixMillis(Now()) - 1000);
    v1::ChainletMeasurement& chainlet = *said.add_chainlets();
    chainlet.set_chainlet("shop.Price");
    chainlet.add_codes()->set_calls(calls);
    price_->Say();
    Settle();
    report.clear_telemetry();
  }
  v1::SetLogLevelRequest LevelOf(const std::string& chainlet, const std::string& level) {
    v1::SetLogLevelRequest request;
    *request.mutable_of() = of_;
    request.set_chainlet(chainlet);
    request.set_level(level);
    return request;
  }
  static std::vector<std::string> Thresholds(const FakeReplica& replica) {
    std::vector<std::string> thresholds;
    for (const v1::LogThreshold& each : replica.orders().log_thresholds()) {
      thresholds.push_back(Text(each.chainlet(), "=", each.level()));
    }
    return thresholds;
  }
  v1::Span Outermost(uint64_t trace) {
    v1::Span span = SpanOf(trace, 1, 0, 0, 1000);
    span.set_deployment(push_->id());
    return span;
  }

  std::optional<Running<void>> observing_;
  std::optional<Push> push_;
  std::optional<FakeReplica> price_, total_;
  v1::DeploymentRequest of_;
};

TEST_F(ObservingTest, WhatAReplicaMeasuresIsInTheCurvesOfItsDeployment) {
  EXPECT_EQ(price_->orders().measure_every_ms(), 2000u);
  Pass(absl::Seconds(2));
  SayMeasured(40);
  Pass(absl::Seconds(5));
  v1::MeasureRequest request;
  *request.mutable_of() = of_;
  const auto curves = Ask(service_.Measure(request));
  ASSERT_THAT(curves.status(), IsOk());
  EXPECT_EQ(curves->deployment(), push_->id());
  ASSERT_THAT(curves->chainlets(), SizeIs(2));
  double calls = 0;
  for (const v1::Point& point : curves->chainlets(0).points()) calls += 2 * point.rate();
  EXPECT_NEAR(calls, 40, 0.1);
  EXPECT_EQ(curves->chainlets(0).points(29).ready(), 1);
  EXPECT_EQ(curves->chainlets(1).points(29).wanted(), 1);
  request.set_seconds(901);
  EXPECT_THAT(Ask(service_.Measure(request)).status(),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("at most 900")));
  request.mutable_of()->set_deployment("nothing");
  EXPECT_THAT(Ask(service_.Measure(request)).status(), StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(ObservingTest, ReportsAreKeptWithoutTheirTelemetry) {
  SayMeasured(1);
  EXPECT_FALSE(Find(Last("shop.Price"))->report.has_telemetry());
}

TEST_F(ObservingTest, SpansOfGatewayAndReplicaAreOneTrace) {
  FakeGateway gateway(*this);
  EXPECT_EQ(gateway.table().measure_every_ms(), 2000u);
  EXPECT_EQ(gateway.table().tracing().drawn(), 0.01);
  v1::Span outermost = Outermost(1);
  outermost.set_asked(true);
  gateway.Tell(outermost);
  *price_->report().mutable_telemetry()->add_spans() = SpanOf(1, 2, 1, 100, 500);
  price_->Say();
  Settle();
  Pass(absl::Seconds(3));
  v1::ListTracesRequest list;
  *list.mutable_of() = of_;
  const auto traces = Ask(service_.ListTraces(list));
  ASSERT_THAT(traces.status(), IsOk());
  ASSERT_THAT(traces->traces(), SizeIs(1));
  EXPECT_EQ(traces->traces(0).spans(), 2u);
  v1::GetTraceRequest get;
  get.set_trace_id(traces->traces(0).trace_id());
  const auto trace = Ask(service_.GetTrace(get));
  EXPECT_EQ(trace->spans(0).replica(), "gateway-1");
  EXPECT_EQ(trace->spans(1).replica(), Last("shop.Price").name);
  EXPECT_EQ(trace->spans(1).chain(), "shop");
  get.set_trace_id("x");
  EXPECT_THAT(Ask(service_.GetTrace(get)).status(), StatusIs(absl::StatusCode::kInvalidArgument));
  list.mutable_of()->set_deployment("nothing");
  EXPECT_THAT(Ask(service_.ListTraces(list)).status(), StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(ObservingTest, ALogLevelReachesReplicasThatRunAndThoseToCome) {
  EXPECT_THAT(Thresholds(*price_), IsEmpty());
  const auto set = Ask(service_.SetLogLevel(LevelOf("Price", "debug")));
  ASSERT_THAT(set.status(), IsOk());
  ASSERT_THAT(set->levels(), SizeIs(2));
  EXPECT_EQ(set->levels(0).chainlet() + " " + set->levels(0).level(), "shop.Price debug");
  EXPECT_EQ(set->levels(1).level(), "info");
  EXPECT_THAT(Thresholds(*price_), ElementsAre("shop.Price=debug"));
  EXPECT_THAT(Thresholds(*total_), IsEmpty());
  ASSERT_THAT(Ask(service_.SetLogLevel(LevelOf("", "error"))).status(), IsOk());
  EXPECT_THAT(Thresholds(*price_), ElementsAre("=error", "shop.Price=error"));
  EXPECT_THAT(Thresholds(*total_), ElementsAre("=error", "shop.Total=error"));
  // It is kept, for the next platform.
  const auto kept = store_->Load();
  ASSERT_THAT(kept.status(), IsOk());
  EXPECT_EQ(kept->deployments.front().log_levels().at("shop.Price"), "error");
  ASSERT_THAT(Ask(service_.SetLogLevel(LevelOf("", ""))).status(), IsOk());
  EXPECT_THAT(Thresholds(*price_), IsEmpty());
  EXPECT_THAT(Ask(service_.SetLogLevel(LevelOf("", "loud"))).status(),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("none of debug, info")));
  EXPECT_THAT(Ask(service_.SetLogLevel(LevelOf("Nobody", "info"))).status(),
              StatusIs(absl::StatusCode::kNotFound));
}

class RecordTest : public ObservingTest {
 protected:
  static Task<void> Collect(PlatformService& service, v1::RecordRequest request,
                            std::vector<v1::RecordingPart>* into) {
    Stream<v1::RecordingPart> parts = service.Record(std::move(request));
    while (std::optional<v1::RecordingPart> part = co_await parts.Next()) {
      into->push_back(*std::move(part));
    }
  }
  void Record(v1::RecordRequest request) {
    *request.mutable_of() = of_;
    recording_.emplace(clock_, Collect(service_, std::move(request), &parts_));
    Settle();
  }
  void Come(uint64_t trace, uint32_t code = 0) {
    v1::Span span = Outermost(trace);
    span.set_recorded(true);
    span.set_request("bytes");
    span.set_code(code);
    gateway_.Tell(std::move(span));
    Settle();
  }

  FakeGateway gateway_{*this};
  std::vector<v1::RecordingPart> parts_;
  std::optional<Running<void>> recording_;
};

TEST_F(RecordTest, GatewaysAreToldAndRequestsComeUntilThereAreEnough) {
  v1::RecordRequest request;
  request.set_percent(50);
  request.set_requests(2);
  Record(request);
  ASSERT_THAT(gateway_.table().tracing().recordings(), SizeIs(1));
  EXPECT_EQ(gateway_.table().tracing().recordings(0).deployment(), push_->id());
  EXPECT_EQ(gateway_.table().tracing().recordings(0).share(), 0.5);
  ASSERT_THAT(parts_, SizeIs(1));
  const v1::RecordingHeader& header = parts_[0].header();
  EXPECT_EQ(header.version(), 1u);
  EXPECT_EQ(header.chain(), "shop");
  EXPECT_EQ(header.entrypoint(), "shop.Total");
  EXPECT_EQ(header.bundle().size(), 64u);
  Come(1);
  Pass(absl::Seconds(3));
  EXPECT_THAT(parts_, SizeIs(2));
  EXPECT_FALSE(recording_->done());
  Come(2);
  Pass(absl::Seconds(3));
  ASSERT_TRUE(recording_->done());
  EXPECT_THAT(recording_->outcome().status(), IsOk());
  ASSERT_THAT(parts_, SizeIs(3));
  EXPECT_EQ(parts_[2].request().spans(0).request(), "bytes");
  EXPECT_THAT(gateway_.table().tracing().recordings(), IsEmpty());
}

TEST_F(RecordTest, ItEndsAfterItsTimeAndTakesWhatIsOnItsWay) {
  v1::RecordRequest request;
  request.set_seconds(10);
  Record(request);
  Pass(absl::Seconds(9));
  Come(1);
  Pass(absl::Seconds(2));
  EXPECT_THAT(gateway_.table().tracing().recordings(), IsEmpty());
  EXPECT_FALSE(recording_->done());
  Pass(absl::Seconds(6));
  EXPECT_TRUE(recording_->done());
  EXPECT_THAT(parts_, SizeIs(2));
}

TEST_F(RecordTest, WhoLeavesEndsIt) {
  Record({});
  EXPECT_THAT(gateway_.table().tracing().recordings(), SizeIs(1));
  recording_.reset();
  Settle();
  EXPECT_THAT(gateway_.table().tracing().recordings(), IsEmpty());
}

TEST_F(RecordTest, WhatIsOutOfBoundsIsRefused) {
  for (const double percent : {-1.0, 101.0, std::nan("")}) {
    v1::RecordRequest request;
    request.set_percent(percent);
    Record(request);
    EXPECT_THAT(recording_->outcome().status(),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("percent")));
  }
  v1::RecordRequest many;
  many.set_requests(10'001);
  Record(many);
  EXPECT_THAT(recording_->outcome().status(), StatusIs(absl::StatusCode::kInvalidArgument));
  v1::RecordRequest longer;
  longer.set_seconds(3601);
  Record(longer);
  EXPECT_THAT(recording_->outcome().status(), StatusIs(absl::StatusCode::kInvalidArgument));
}

}  // namespace
}  // namespace chains::deploy
