#include "deploy/telemetry/measures.h"

#include <numeric>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "chains/core/text.h"

namespace chains::deploy {
namespace {

using ::testing::DoubleNear;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr char kShop[] = "shop1";

void SetTimes(v1::DurationHistogram& histogram, double micros, uint64_t count) {
  histogram.Clear();
  histogram.add_buckets(static_cast<uint32_t>(Durations::BucketOf(micros)));
  histogram.add_counts(count);
  histogram.set_sum_seconds(micros * static_cast<double>(count) / 1e6);
}

void SetCodes(google::protobuf::RepeatedPtrField<v1::CodeCount>* codes, uint64_t ok,
              uint64_t failed) {
  codes->Clear();
  for (const auto& [code, calls] : {std::pair{0u, ok}, std::pair{14u, failed}}) {
    v1::CodeCount& row = *codes->Add();
    row.set_code(code);
    row.set_calls(calls);
  }
}

// A process that called and served so much since it started.
v1::Measurements Said(absl::Time started, uint64_t ok, uint64_t failed, double micros) {
  v1::Measurements said;
  said.set_started_unix_ms(absl::ToUnixMillis(started));
  v1::EdgeMeasurement& edge = *said.add_edges();
  edge.set_caller("shop.Total");
  edge.set_callee("shop.Price");
  edge.set_method("RunRemote");
  edge.set_remote(true);
  SetCodes(edge.mutable_codes(), ok, failed);
  SetTimes(*edge.mutable_duration(), micros, ok + failed);
  v1::ChainletMeasurement& chainlet = *said.add_chainlets();
  chainlet.set_chainlet("shop.Price");
  SetCodes(chainlet.mutable_codes(), ok, failed);
  SetTimes(*chainlet.mutable_duration(), micros, ok + failed);
  chainlet.set_in_flight(3);
  chainlet.set_queued(2);
  return said;
}

double Calls(const google::protobuf::RepeatedPtrField<v1::Point>& points, double step) {
  return std::accumulate(
      points.begin(), points.end(), 0.0,
      [step](double sum, const v1::Point& point) { return sum + point.rate() * step; });
}

class MeasuresTest : public ::testing::Test {
 protected:
  MeasuresTest() { Close(); }

  void Close() { measures_.Close(now_, {{kShop, "shop.Price", 1, 2}}, {kShop}); }
  void Pass(absl::Duration duration) {
    for (const absl::Time end = now_ + duration; now_ < end;) {
      now_ += absl::Milliseconds(500);
      Close();
    }
  }
  void Say(const v1::Measurements& said, const std::string& process = "Price-1") {
    measures_.Take({.deployment = kShop, .process = process}, said, now_);
  }

  Measures measures_{Measures::Limits{.rows = 8, .all_rows = 10, .processes = 3}};
  const absl::Time started_ = absl::UnixEpoch() + absl::Hours(400000) + absl::Milliseconds(700);
  absl::Time now_ = started_;
};

TEST_F(MeasuresTest, EveryCallIsInOneStepWhateverReportsComeWhen) {
  uint64_t calls = 0;
  for (const int64_t after : {1500, 2500, 2000, 2000, 1500, 3000}) {
    Pass(absl::Milliseconds(after));
    calls += static_cast<uint64_t>(after) / 10;
    Say(Said(started_, calls, 0, 800));
  }
  Pass(absl::Seconds(6));
  const v1::MeasureResponse curves = measures_.Read(kShop, 60, now_);
  EXPECT_EQ(curves.step_seconds(), 2);
  ASSERT_THAT(curves.edges(), SizeIs(1));
  EXPECT_THAT(curves.edges(0).points(), SizeIs(30));
  EXPECT_NEAR(Calls(curves.edges(0).points(), 2), static_cast<double>(calls), 0.1);
  // 100 a second, evenly.
  int full = 0;
  for (const v1::Point& point : curves.edges(0).points()) {
    EXPECT_LE(point.rate(), 115);
    full += point.rate() > 85 ? 1 : 0;
    EXPECT_THAT(point.p50_ms(), DoubleNear(point.rate() > 0 ? 0.8 : -1, 0.1));
  }
  EXPECT_GE(full, 4);
}

TEST_F(MeasuresTest, ACallThatWasMadeOnceIsToldOnce) {
  Pass(absl::Seconds(1));
  Say(Said(started_, 0, 0, 1));
  Pass(absl::Seconds(2));
  Say(Said(started_, 0, 1, 2000));
  Pass(absl::Seconds(5));
  const v1::MeasureResponse curves = measures_.Read(kShop, 30, now_);
  ASSERT_THAT(curves.chainlets(), SizeIs(1));
  EXPECT_NEAR(Calls(curves.chainlets(0).points(), 2), 1, 1e-3);
  double errors = 0;
  for (const v1::Point& point : curves.chainlets(0).points()) errors += 2 * point.errors();
  EXPECT_NEAR(errors, 1, 1e-3);
}

TEST_F(MeasuresTest, GaugesAndReplicasAreInEachPoint) {
  Pass(absl::Seconds(4));
  Say(Said(started_, 1, 0, 100));
  Say(Said(started_, 1, 0, 100), "Price-2");
  Pass(absl::Seconds(4));
  const v1::MeasureResponse curves = measures_.Read(kShop, 2, now_);
  ASSERT_THAT(curves.chainlets(0).points(), SizeIs(1));
  const v1::Point& point = curves.chainlets(0).points(0);
  EXPECT_EQ(point.in_flight(), 6);
  EXPECT_EQ(point.queued(), 4);
  EXPECT_EQ(point.ready(), 1);
  EXPECT_EQ(point.wanted(), 2);
  // Who is silent has nothing in flight.
  Pass(absl::Seconds(20));
  EXPECT_EQ(measures_.Read(kShop, 2, now_).chainlets(0).points(0).in_flight(), 0);
}

TEST_F(MeasuresTest, SumsNeverFallWhenAProcessEndsOrStartsAnew) {
  Pass(absl::Seconds(2));
  Say(Said(started_, 10, 1, 100));
  Say(Said(started_, 5, 0, 100), "Price-2");
  Pass(absl::Seconds(60));
  const absl::Time again = now_;
  Pass(absl::Seconds(2));
  Say(Said(again, 2, 0, 100));  // the same name, another process
  const v1::Measurements sum = measures_.SumOf(kShop, now_);
  ASSERT_THAT(sum.edges(), SizeIs(1));
  EXPECT_EQ(sum.edges(0).codes(0).calls(), 17u);
  EXPECT_EQ(sum.edges(0).codes(1).calls(), 1u);
  EXPECT_EQ(sum.edges(0).duration().counts(0), 18u);
}

// A platform that is started anew beside its replicas.
TEST_F(MeasuresTest, WhatAProcessDidBeforeItWasHeardOfIsInNoCurve) {
  Say(Said(started_ - absl::Hours(1), 1'000'000, 0, 100));
  Pass(absl::Seconds(2));
  Say(Said(started_ - absl::Hours(1), 1'000'002, 0, 100));
  Pass(absl::Seconds(6));
  EXPECT_NEAR(Calls(measures_.Read(kShop, 30, now_).edges(0).points(), 2), 2, 1e-3);
  EXPECT_EQ(measures_.SumOf(kShop, now_).edges(0).codes(0).calls(), 1'000'002u);
}

TEST_F(MeasuresTest, RoutesOfAGatewayGoToTheirDeployments) {
  v1::Measurements said;
  said.set_started_unix_ms(absl::ToUnixMillis(now_));
  for (const char* deployment : {kShop, "deleted"}) {
    v1::RouteMeasurement& route = *said.add_routes();
    route.set_deployment(deployment);
    route.set_environment("production");
    route.set_method("run_remote");
    for (const auto& [status, requests] : {std::pair{200u, 6u}, {404u, 2u}, {503u, 1u}}) {
      v1::HttpCount& row = *route.add_statuses();
      row.set_status(status);
      row.set_requests(requests);
    }
    SetTimes(*route.mutable_duration(), 5000, 9);
    route.set_in_flight(4);
  }
  Pass(absl::Seconds(2));
  measures_.Take({.deployment = "", .process = "gateway"}, said, now_);
  Pass(absl::Seconds(5));
  const v1::MeasureResponse curves = measures_.Read(kShop, 30, now_);
  ASSERT_THAT(curves.routes(), SizeIs(1));
  EXPECT_EQ(curves.routes(0).environment(), "production");
  EXPECT_NEAR(Calls(curves.routes(0).points(), 2), 9, 1e-3);
  double errors = 0;
  for (const v1::Point& point : curves.routes(0).points()) errors += 2 * point.errors();
  EXPECT_NEAR(errors, 1, 1e-3);
  EXPECT_EQ(curves.routes(0).points().rbegin()->in_flight(), 4);
  EXPECT_THAT(measures_.Read("deleted", 30, now_).routes(), IsEmpty());
}

TEST_F(MeasuresTest, AQuarterOfAnHourIsAtMost150Points) {
  uint64_t calls = 0;
  for (int i = 0; i < 460; ++i) {
    Pass(absl::Seconds(2));
    Say(Said(started_, ++calls, 0, 800));
  }
  const v1::MeasureResponse curves = measures_.Read(kShop, 900, now_);
  EXPECT_EQ(curves.step_seconds(), 6);
  ASSERT_THAT(curves.edges(0).points(), SizeIs(150));
  for (int i = 0; i < 149; ++i) EXPECT_NEAR(curves.edges(0).points(i).rate(), 0.5, 0.1);
  EXPECT_THAT(measures_.Read(kShop, 1'000'000, now_).edges(0).points(), SizeIs(150));
  EXPECT_THAT(measures_.Read(kShop, 0, now_).edges(0).points(), SizeIs(1));
}

TEST_F(MeasuresTest, RowsAndProcessesAreBoundedAndCounted) {
  v1::Measurements said;
  said.set_started_unix_ms(absl::ToUnixMillis(now_));
  for (int i = 0; i < 50; ++i) {
    v1::EdgeMeasurement& edge = *said.add_edges();
    edge.set_callee(Text("shop.C", i));
    SetCodes(edge.mutable_codes(), 1, 0);
  }
  Pass(absl::Seconds(1));
  Say(said);
  Pass(absl::Seconds(5));
  EXPECT_THAT(measures_.Read(kShop, 60, now_).edges(), SizeIs(7));  // and one chainlet
  EXPECT_THAT(measures_.SumOf(kShop, now_).edges(), SizeIs(8));
  EXPECT_EQ(measures_.rows_left_out(), 43u + 42u);
  for (int i = 0; i < 10; ++i) Say(Said(started_, 1, 0, 1), Text("Price-", i));
  EXPECT_THAT(measures_.ProcessesOf(kShop, now_), SizeIs(3));
}

// A gateway says of an edge's callee by its deployment: its callers are all outside.
TEST_F(MeasuresTest, EdgesOfAGatewayAreTheirDeploymentsFromOutside) {
  v1::Measurements said;
  said.set_started_unix_ms(absl::ToUnixMillis(started_));
  for (const char* const deployment : {kShop, "shop2"}) {
    v1::EdgeMeasurement& edge = *said.add_edges();
    edge.set_caller(deployment);
    edge.set_callee("shop.Total");
    edge.set_method("RunRemote");
    edge.set_remote(true);
    SetCodes(edge.mutable_codes(), 6, 2);
    SetTimes(*edge.mutable_duration(), 1000, 8);
    edge.set_attempts_more(1);
  }
  Pass(absl::Seconds(1));
  measures_.Take({.deployment = "", .process = "gateway"}, said, now_);
  Pass(absl::Seconds(5));
  const v1::Measurements sum = measures_.SumOf(kShop, now_);
  ASSERT_THAT(sum.edges(), SizeIs(1));
  EXPECT_EQ(sum.edges(0).caller(), "");
  EXPECT_EQ(sum.edges(0).callee(), "shop.Total");
  EXPECT_EQ(sum.edges(0).attempts_more(), 1u);
  const v1::MeasureResponse curves = measures_.Read(kShop, 60, now_);
  ASSERT_THAT(curves.edges(), SizeIs(1));
  EXPECT_EQ(curves.edges(0).caller(), "");
  EXPECT_NEAR(Calls(curves.edges(0).points(), curves.step_seconds()), 8, 1e-6);
  EXPECT_THAT(measures_.deployments(), ElementsAre(kShop));  // shop2 is none
}

TEST_F(MeasuresTest, ADeploymentThatIsGoneIsForgotten) {
  Say(Said(started_, 1, 0, 100));
  measures_.Close(now_, {}, {});
  EXPECT_THAT(measures_.deployments(), IsEmpty());
  EXPECT_THAT(measures_.ProcessesOf(kShop, now_), IsEmpty());
}

TEST_F(MeasuresTest, NonsenseOfAProcessIsHarmless) {
  v1::Measurements said = Said(now_ + absl::Hours(9), 1, 0, 100);
  v1::DurationHistogram& histogram = *said.mutable_edges(0)->mutable_duration();
  histogram.add_buckets(4'000'000'000u);
  histogram.add_counts(~uint64_t{0});
  histogram.add_buckets(7);  // without a count
  for (uint32_t i = 0; i < 1000; ++i) {
    v1::CodeCount& row = *said.mutable_edges(0)->add_codes();
    row.set_code(1000 + i);
    row.set_calls(1);
    (*said.mutable_chainlets(0)->mutable_refused())[Text("r", i)] = 1;
  }
  Pass(absl::Seconds(1));
  Say(said);
  said.mutable_edges(0)->mutable_codes(0)->set_calls(0);
  Pass(absl::Seconds(1));
  Say(said);
  const v1::Measurements sum = measures_.SumOf(kShop, now_);
  EXPECT_THAT(sum.edges(0).codes(), SizeIs(3));
  EXPECT_THAT(sum.chainlets(0).refused(), SizeIs(16));
  EXPECT_THAT(sum.edges(0).duration().buckets(),
              ElementsAre(static_cast<uint32_t>(Durations::BucketOf(100)), 128u));
}

TEST(DurationsTest, QuantilesAreATenthOffAtMost) {
  for (const double micros : {0.5, 3.0, 47.0, 812.0, 12'345.0, 3e6}) {
    Durations durations;
    durations.Add(Durations::BucketOf(micros), 10);
    EXPECT_NEAR(durations.QuantileMs(0.5) / (std::max(micros, 1.0) / 1000), 1, 0.1) << micros;
  }
  Durations mixed;
  mixed.Add(Durations::BucketOf(1000), 98);
  mixed.Add(Durations::BucketOf(64'000), 2);
  EXPECT_NEAR(mixed.QuantileMs(0.5), 1, 0.1);
  EXPECT_NEAR(mixed.QuantileMs(0.99), 64, 6.4);
  EXPECT_EQ(Durations().QuantileMs(0.5), -1);
  EXPECT_EQ(Durations::BucketOf(1e30), 128u);
}

}  // namespace
}  // namespace chains::deploy
