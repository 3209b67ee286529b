// When a gateway tells its platform of spans and of what it measured.
#include "gateway/app/telling.h"

#include <vector>

#include "tests/gateway/app/platform_fixture.h"

namespace chains::gateway {
namespace {

using ::testing::SizeIs;

class TellingTest : public PlatformFixture {
 protected:
  static std::vector<v1::Span> Spans(size_t count) { return std::vector<v1::Span>(count); }
  static v1::RouteTable Measured(uint64_t version, uint32_t every_ms) {
    v1::RouteTable table = Table(version).With("v1", "hello", {"a"});
    table.set_measure_every_ms(every_ms);
    return table;
  }
  size_t SpansTold() const {
    size_t told = 0;
    for (const v1::RoutesSeen& seen : platform_.seen) {
      told += static_cast<size_t>(seen.telemetry().spans_size());
    }
    return told;
  }
  size_t MeasuresTold() const {
    size_t told = 0;
    for (const v1::RoutesSeen& seen : platform_.seen) {
      told += seen.telemetry().has_measurements() ? 1 : 0;
    }
    return told;
  }
};

TEST_F(TellingTest, SpansWaitForTheNextTimeSomethingIsSaid) {
  Open();
  Tell(Measured(1, 0));
  gateway_->telling().Add(Spans(3));
  loop_.Settle();
  EXPECT_EQ(SpansTold(), 0u);
  loop_.Advance(absl::Milliseconds(500));
  EXPECT_EQ(SpansTold(), 3u);
  EXPECT_FALSE(gateway_->HasToTell());
  platform_.seen.clear();
  loop_.Advance(absl::Seconds(2));
  EXPECT_THAT(platform_.seen, SizeIs(0));  // there is nothing more to say
}

TEST_F(TellingTest, ManyAreToldAtOnceInPartsThatAreBounded) {
  Open();
  Tell(Measured(1, 0));
  platform_.seen.clear();
  gateway_->telling().Add(Spans(Telling::kMany - 1));
  loop_.Settle();
  EXPECT_EQ(SpansTold(), 0u);
  gateway_->telling().Add(Spans(1));
  loop_.Settle();
  EXPECT_EQ(SpansTold(), Telling::kMany);
  platform_.seen.clear();
  gateway_->telling().Add(Spans(3 * SpanQueue::kMaxSpansTaken));
  loop_.Settle();
  EXPECT_EQ(SpansTold(), 3 * SpanQueue::kMaxSpansTaken);
  for (const v1::RoutesSeen& seen : platform_.seen) {
    EXPECT_LE(seen.telemetry().spans_size(), static_cast<int>(SpanQueue::kMaxSpansTaken));
  }
}

TEST_F(TellingTest, WhatThereIsNoRoomForIsCounted) {
  platform_.GoAway();
  Open();
  gateway_->telling().Add(Spans(SpanQueue::kMaxSpans));
  gateway_->telling().Add(Spans(5));
  gateway_->telling().Drop(2);
  platform_.ComeBack();
  platform_.Tell(Measured(1, 0));
  for (int i = 0; i < 5; ++i) loop_.Advance(absl::Seconds(1));
  EXPECT_EQ(SpansTold() % SpanQueue::kMaxSpansTaken, 0u);
  EXPECT_GE(SpansTold(), SpanQueue::kMaxSpans - SpanQueue::kMaxSpansTaken);
  ASSERT_FALSE(platform_.seen.empty());
  EXPECT_EQ(platform_.seen.front().telemetry().spans_dropped(), 7u);
}

TEST_F(TellingTest, MeasuresAreToldAsOftenAsTheTableSays) {
  Open();
  const absl::Time opened = loop_.Now();
  Tell(Measured(1, 2000));
  ASSERT_EQ(MeasuresTold(), 1u);
  EXPECT_EQ(platform_.seen.back().telemetry().measurements().started_unix_ms(),
            absl::ToUnixMillis(opened));
  loop_.Advance(absl::Milliseconds(1999));
  EXPECT_EQ(MeasuresTold(), 1u);
  for (int i = 0; i < 8; ++i) loop_.Advance(absl::Milliseconds(500));
  EXPECT_GE(MeasuresTold(), 2u);
  EXPECT_LE(MeasuresTold(), 3u);
  EXPECT_GT(platform_.seen.back().telemetry().measurements().unix_ms(), absl::ToUnixMillis(opened));
}

TEST_F(TellingTest, NothingIsMeasuredWhereNobodyAsks) {
  Open();
  Tell(Measured(1, 1000));
  Tell(Measured(2, 0));
  platform_.seen.clear();
  for (int i = 0; i < 10; ++i) loop_.Advance(absl::Seconds(1));
  EXPECT_EQ(MeasuresTold(), 0u);
}

}  // namespace
}  // namespace chains::gateway
