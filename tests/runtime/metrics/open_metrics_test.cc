// OpenMetrics: text with exemplars.
#include "chains/metrics/open_metrics.h"

#include <limits>
#include <string>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "chains/metrics/gateway_families.h"

namespace chains {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr char kTrace[] = "4bf92f3577b34da6a3ce929d0e0e4736";

// Takes the set.
std::string TextOf(FamilySet set) {
  const Exemplars exemplars = set.exemplars();
  return OpenMetricsText(std::move(set).Take(), exemplars);
}

RouteFigures Route() {
  RouteFigures route{.chain = "hello", .route = "production", .method = "run_remote"};
  route.statuses = {{200, 2}, {503, 1}};
  route.took.Add(absl::Milliseconds(1));
  route.took.Add(absl::Milliseconds(3));
  route.took.Add(absl::Minutes(3));
  return route;
}

std::string TextOf(const RouteFigures& route) {
  FamilySet set(10);
  AddGateway({.routes = {route}}, set);
  return TextOf(std::move(set));
}

TEST(OpenMetricsTest, ACounterIsCalledAsItsSeriesAreWithoutTotal) {
  const std::string text = TextOf(Route());
  EXPECT_THAT(text, StartsWith("# TYPE chains_gateway_requests counter\n"
                               "# HELP chains_gateway_requests Requests that ended"));
  EXPECT_THAT(text, HasSubstr("\nchains_gateway_requests_total{chain=\"hello\",deployment="
                              "\"production\",method=\"run_remote\",status=\"200\"} 2\n"));
}

TEST(OpenMetricsTest, EndsWithItsMark) {
  EXPECT_THAT(TextOf(FamilySet(1)), "# EOF\n");
  EXPECT_THAT(TextOf(Route()), testing::EndsWith("\n# EOF\n"));
}

TEST(OpenMetricsTest, AGaugeWithoutLabelsHasNoBraces) {
  EXPECT_THAT(TextOf(Route()), HasSubstr("# TYPE chains_gateway_connections gauge\n"
                                         "# HELP chains_gateway_connections Connections that are "
                                         "open\nchains_gateway_connections 0\n"));
}

TEST(OpenMetricsTest, AnExemplarStandsBehindItsBucketAndNoOther) {
  RouteFigures route = Route();
  route.exemplars = {{.trace_id = kTrace,
                      .took = absl::Milliseconds(3),
                      .at = absl::FromUnixMillis(1'700'000'000'250)}};
  const std::string text = TextOf(route);
  EXPECT_THAT(text, HasSubstr("le=\"0.004096\"} 2 # {trace_id=\"4bf92f3577b34da6a3ce929d0e0e4736\"}"
                              " 0.003 1700000000.25\n"));
  EXPECT_THAT(text, HasSubstr("le=\"0.001024\"} 1\n"));
  EXPECT_EQ(text.find(" # {"), text.rfind(" # {"));
}

TEST(OpenMetricsTest, OfTwoExemplarsOfABucketTheLaterOneStays) {
  RouteFigures route = Route();
  const Exemplar later{
      .trace_id = kTrace, .took = absl::Milliseconds(2), .at = absl::FromUnixSeconds(200)};
  const Exemplar earlier{
      .trace_id = "earlier", .took = absl::Milliseconds(3), .at = absl::FromUnixSeconds(100)};
  route.exemplars = {later, earlier};
  EXPECT_THAT(TextOf(route), HasSubstr(kTrace));
  EXPECT_THAT(TextOf(route), Not(HasSubstr("earlier")));
}

TEST(OpenMetricsTest, WhatIsLongerThanAllBucketsIsInTheLast) {
  RouteFigures route = Route();
  route.exemplars = {
      {.trace_id = kTrace, .took = absl::Minutes(3), .at = absl::FromUnixSeconds(1)}};
  EXPECT_THAT(TextOf(route), HasSubstr("le=\"+Inf\"} 3 # {trace_id="));
}

TEST(OpenMetricsTest, BoundsHaveAPoint) {
  FamilySet set(10);
  set.Histogram("chains_batch_size", "Calls in a batch", {},
                FamilySet::Buckets{{1, 4}, {std::numeric_limits<double>::infinity(), 2}}, 9);
  const std::string text = TextOf(std::move(set));
  EXPECT_THAT(text, HasSubstr("chains_batch_size_bucket{le=\"1.0\"} 4\n"
                              "chains_batch_size_bucket{le=\"+Inf\"} 6\n"
                              "chains_batch_size_count 6\nchains_batch_size_sum 9\n"));
}

TEST(OpenMetricsTest, LabelsAreQuoted) {
  FamilySet set(10);
  set.Gauge("g", "say \"this\"", {{"name", "a\\b\n\"c\""}}, 1.5);
  EXPECT_EQ(
      TextOf(std::move(set)),
      "# TYPE g gauge\n# HELP g say \\\"this\\\"\ng{name=\"a\\\\b\\n\\\"c\\\"\"} 1.5\n# EOF\n");
}

TEST(OpenMetricsTest, ACounterOfAnotherNameIsUnknown) {
  FamilySet set(10);
  set.Counter("seen", "", {}, 3);
  EXPECT_EQ(TextOf(std::move(set)), "# TYPE seen unknown\nseen 3\n# EOF\n");
}

}  // namespace
}  // namespace chains
