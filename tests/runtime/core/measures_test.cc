// What is counted of calls: times in buckets, codes, sizes; and turns that took too long.
#include <gtest/gtest.h>

#include "chains/core/call_measures.h"
#include "chains/core/severity.h"
#include "chains/core/size_counters.h"
#include "chains/core/time_histogram.h"
#include "support.h"

namespace chains {
namespace {

using testing::FakeClock;

TEST(TimeHistogramTest, EachBucketHasWhatIsAtMostItsEndAndMoreThanTheOneBefore) {
  for (size_t i = 0; i < kTimeBuckets - 1; ++i) {
    const absl::Duration end = TimeBucketEnd(i);
    EXPECT_EQ(TimeBucketOf(end), i);
    EXPECT_EQ(TimeBucketOf(end + absl::Nanoseconds(1)), i + 1);
  }
  EXPECT_EQ(TimeBucketOf(absl::Seconds(-1)), 0u);
  EXPECT_EQ(TimeBucketOf(absl::InfiniteDuration()), kTimeBuckets - 1);
}

TEST(TimeHistogramTest, AQuantileIsOffByAFifthAtMost) {
  TimeHistogram took;
  for (int i = 1; i <= 1000; ++i) took.Add(absl::Milliseconds(i));
  TimeCounts counts;
  took.AddTo(counts);
  EXPECT_EQ(counts.count(), 1000u);
  EXPECT_EQ(counts.sum, absl::Milliseconds(500'500));
  EXPECT_NEAR(absl::ToDoubleSeconds(counts.Quantile(0.5)), 0.5, 0.1);
  EXPECT_NEAR(absl::ToDoubleSeconds(counts.Quantile(0.99)), 0.99, 0.2);
  EXPECT_EQ(TimeCounts().Quantile(0.5), absl::ZeroDuration());
}

TEST(CallMeasuresTest, TimesAllCallsBetweenProcessesAndAPartOfTheOthers) {
  FakeClock clock;
  CallMeasures remote(CallMeasures::Times::kAll);
  CallMeasures local(CallMeasures::Times::kSome);
  for (int i = 0; i < 640; ++i) {
    clock.Advance(absl::Microseconds(10));
    internal::Measuring(&remote, clock).Ended(absl::OkStatus());
    internal::Measuring(&local, clock).Ended(absl::OkStatus());
  }
  TimeCounts all;
  TimeCounts some;
  remote.durations().AddTo(all);
  local.durations().AddTo(some);
  EXPECT_EQ(all.count(), 640u);
  EXPECT_EQ(some.count(), 10u);
  EXPECT_EQ(local.codes().of(absl::StatusCode::kOk), 640u);
}

TEST(CallMeasuresTest, TimesMoreWhereFewCome) {
  FakeClock clock;
  CallMeasures local(CallMeasures::Times::kSome);
  for (int i = 0; i < 5; ++i) {
    clock.Advance(CallMeasures::kTimedEvery);
    EXPECT_TRUE(local.IsTimed(clock.EarliestNow()));
    EXPECT_FALSE(local.IsTimed(clock.EarliestNow()));
  }
}

TEST(CallMeasuresTest, ADroppedCallEndsCancelledAndWhatIsHandedOverIsCountedOnce) {
  FakeClock clock;
  CallMeasures remote(CallMeasures::Times::kAll);
  { const internal::Measuring dropped(&remote, clock); }
  {
    internal::Measuring first(&remote, clock);
    const absl::Time began = first.HandOver();
    clock.Advance(absl::Seconds(1));
    internal::Measuring rest(&remote, clock, began);
    rest.FurtherAttempt();
    rest.Ended(absl::UnavailableError(""));
  }
  EXPECT_EQ(remote.codes().of(absl::StatusCode::kCancelled), 1u);
  EXPECT_EQ(remote.codes().of(absl::StatusCode::kUnavailable), 1u);
  EXPECT_EQ(remote.further_attempts(), 1u);
  TimeCounts took;
  remote.durations().AddTo(took);
  EXPECT_EQ(took.sum, absl::Seconds(1));
}

TEST(SizeCountersTest, CountsByPowersOfTwo) {
  SizeCounters sizes;
  for (uint64_t size : {1, 2, 3, 4, 5, 1'000'000}) sizes.Add(size);
  SizeCounters::Counts counts;
  sizes.AddTo(counts);
  EXPECT_EQ(counts.buckets[0], 1u);
  EXPECT_EQ(counts.buckets[1], 1u);
  EXPECT_EQ(counts.buckets[2], 2u);
  EXPECT_EQ(counts.buckets[3], 1u);
  EXPECT_EQ(counts.buckets.back(), 1u);
  EXPECT_EQ(counts.sum, 1'000'015u);
}

TEST(SizeCountersTest, WhatIsBuiltForAChainletCountsThere) {
  const auto sizes = std::make_shared<SizeCounters>();
  EXPECT_EQ(internal::BuildingFor::batches(), nullptr);
  {
    const internal::BuildingFor building(sizes);
    EXPECT_EQ(internal::BuildingFor::batches(), sizes);
  }
  EXPECT_EQ(internal::BuildingFor::batches(), nullptr);
}

TEST(SeverityTest, AChainletsThresholdIsItsOwn) {
  using internal::IsLogged;
  internal::SetLogThresholds({{"a.A", Severity::kDebug}, {"b.B", Severity::kError}});
  EXPECT_TRUE(internal::MayBeLogged(Severity::kDebug));
  EXPECT_TRUE(IsLogged("a.A", Severity::kDebug));
  EXPECT_FALSE(IsLogged("b.B", Severity::kWarning));
  EXPECT_TRUE(IsLogged("", Severity::kInfo));
  EXPECT_FALSE(IsLogged("", Severity::kDebug));
  internal::SetLogThresholds({});
  EXPECT_FALSE(internal::MayBeLogged(Severity::kDebug));
  EXPECT_TRUE(IsLogged("b.B", Severity::kWarning));
}

TEST(SeverityTest, ReadsTheNamesThatItWrites) {
  for (const Severity each :
       {Severity::kDebug, Severity::kInfo, Severity::kWarning, Severity::kError}) {
    EXPECT_EQ(internal::ParseSeverity(internal::NameOf(each)), each);
  }
  EXPECT_EQ(internal::ParseSeverity("loud"), std::nullopt);
}

}  // namespace
}  // namespace chains
