// Families: measurements as Prometheus reads them.
#include "chains/metrics/families.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <prometheus/text_serializer.h>

#include "chains/core/time_histogram.h"
#include "chains/metrics/histogram_message.h"

namespace chains {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string TextOf(const Families& made) {
  return prometheus::TextSerializer().Serialize(made.families);
}

v1::EdgeMeasurement& AddCalls(v1::Measurements& all, const std::string& method, uint64_t calls) {
  v1::EdgeMeasurement& row = *all.add_edges();
  row.set_caller("a.A");
  row.set_callee("b.B");
  row.set_method(method);
  row.set_remote(true);
  v1::CodeCount& code = *row.add_codes();
  code.set_code(14);
  code.set_calls(calls);
  return row;
}

TEST(FamiliesTest, NamesAnEdgeByItsLabels) {
  v1::Measurements all;
  AddCalls(all, "RunRemote", 3);
  EXPECT_THAT(TextOf(MakeFamilies({{.chain = "c", .deployment = "d", .measurements = &all}})),
              HasSubstr("chains_calls_total{chain=\"c\",deployment=\"d\",caller=\"a.A\","
                        "callee=\"b.B\",method=\"RunRemote\",placement=\"remote\","
                        "code=\"UNAVAILABLE\"} 3"));
  EXPECT_THAT(TextOf(MakeFamilies({{.measurements = &all}})),
              HasSubstr("chains_calls_total{caller=\"a.A\""));
}

TEST(FamiliesTest, WhatPoliciesMayDoToAnEdgeIsThereBeforeTheyDid) {
  v1::Measurements all;
  AddCalls(all, "RunRemote", 3);
  const std::string edge = "{caller=\"a.A\",callee=\"b.B\"";
  const std::string text = TextOf(MakeFamilies({{.measurements = &all}}));
  EXPECT_THAT(text, HasSubstr("chains_circuit_opened_total" + edge + "} 0\n"));
  EXPECT_THAT(text, HasSubstr("chains_call_attempts_total" + edge + ",kind=\"retry\"} 0\n"));
  all.mutable_edges(0)->set_remote(false);
  EXPECT_THAT(TextOf(MakeFamilies({{.measurements = &all}})), Not(HasSubstr("circuit")));
}

TEST(FamiliesTest, ShowsEveryEighthBucketCumulatively) {
  TimeCounts counts;
  counts.Add(absl::Microseconds(64));
  counts.Add(absl::Microseconds(200));
  counts.Add(absl::Seconds(100));
  v1::Measurements all;
  *AddCalls(all, "RunRemote", 3).mutable_duration() = ToMessage(counts);
  const std::string text = TextOf(MakeFamilies({{.measurements = &all}}));
  EXPECT_THAT(text, HasSubstr("le=\"6.4e-05\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("le=\"0.000256\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("le=\"67.108864\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("le=\"+Inf\"} 3\n"));
}

TEST(FamiliesTest, LeavesOutAHistogramThatIsNone) {
  v1::Measurements all;
  v1::DurationHistogram& broken = *AddCalls(all, "RunRemote", 3).mutable_duration();
  broken.add_buckets(129);
  broken.add_counts(1);
  EXPECT_THAT(TextOf(MakeFamilies({{.measurements = &all}})),
              Not(HasSubstr("chains_call_duration_seconds")));
}

TEST(FamiliesTest, AddsUpWhatIsBeyondTheBoundInOneSeriesAndCountsIt) {
  v1::Measurements all;
  // Within a process: there is nothing else of them that the bound would meet.
  for (int i = 0; i < 5; ++i) AddCalls(all, std::to_string(i), 10).set_remote(false);
  const Families made = MakeFamilies({{.measurements = &all}}, {.max_series = 2});
  EXPECT_EQ(made.dropped, 3u);
  const std::string text = TextOf(made);
  EXPECT_THAT(text, HasSubstr("caller=\"other\",callee=\"other\",method=\"other\","
                              "placement=\"other\",code=\"other\"} 30"));
  EXPECT_THAT(text, HasSubstr("chains_metrics_series_dropped_total 3"));
}

TEST(HistogramMessageTest, ComesBackAsItWas) {
  TimeCounts counts;
  for (int i = 0; i < 40; ++i) counts.Add(absl::Microseconds(1 << (i % 30)));
  TimeCounts read;
  ASSERT_TRUE(AddTo(ToMessage(counts), read).ok());
  EXPECT_EQ(read.buckets, counts.buckets);
}

TEST(HistogramMessageTest, RefusesBucketsThatThereAreNot) {
  v1::DurationHistogram message;
  message.add_buckets(0);
  TimeCounts sum;
  EXPECT_EQ(AddTo(message, sum).code(), absl::StatusCode::kInvalidArgument);
  message.add_counts(1);
  EXPECT_TRUE(AddTo(message, sum).ok());
  message.set_buckets(0, 129);
  EXPECT_EQ(AddTo(message, sum).code(), absl::StatusCode::kInvalidArgument);
  message.set_buckets(0, 1);
  message.set_sum_seconds(-1);
  EXPECT_EQ(AddTo(message, sum).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(sum.count(), 1u);
}

}  // namespace
}  // namespace chains
