// Calls through a Channel behind a guard: at once, the long way, and one after the other.
#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "chains/testing/status_matchers.h"
#include "chains/testing/testing.h"
#include "counter.h"
#include "fake_edge.h"

namespace chains {
namespace {

using ::testing::ElementsAre;
using testing::FakeClock;
using testing::IsOkAndHolds;
using ::testing::ResultOf;
using testing::StatusIs;

class FlakyChannel final : public Channel {
 public:
  Task<Bytes> Unary(const Method&, Bytes request) override {
    asked.push_back(request.ToString());
    if (failures-- > 0) co_return absl::UnavailableError("flaky");
    co_return request;
  }
  Stream<Bytes> Streaming(const Method&, Stream<Bytes>) override {
    co_await absl::UnimplementedError("no streams");
    co_return;
  }
  int failures = 0;
  std::vector<std::string> asked;
};

class GuardedChannelTest : public ::testing::Test {
 protected:
  Task<Number> Call(int number) {
    return internal::GuardSerialized<Number>(channel_, kOne, *passage_,
                                             Bytes::Serialize(Of(number)));
  }
  FakeClock clock_;
  FlakyChannel channel_;
  FakeEdge edge_;
  std::unique_ptr<internal::Passage> passage_ = edge_.PassageOf(kOne);
};

TEST_F(GuardedChannelTest, ACallPassesAtOnceOrTheLongWay) {
  EXPECT_THAT(Wait(Call(4), clock_, Soon(clock_)),
              IsOkAndHolds(ResultOf([](const Number& n) { return n.value(); }, 4)));
  EXPECT_EQ(edge_.entered_at_once, 1);
  EXPECT_THAT(Wait(Call(5), clock_),
              IsOkAndHolds(ResultOf([](const Number& n) { return n.value(); }, 5)));
  EXPECT_EQ(edge_.entered_at_once, 1);
  EXPECT_THAT(edge_.log, ElementsAre("One", "OK", "One", "OK"));
}

TEST_F(GuardedChannelTest, AFailureAtOnceIsRetriedTheLongWayWithTheSameBytes) {
  edge_.attempts = 3;
  channel_.failures = 2;
  const absl::Time start = clock_.Now();
  EXPECT_THAT(Wait(Call(41), clock_, Soon(clock_)),
              IsOkAndHolds(ResultOf([](const Number& n) { return n.value(); }, 41)));
  const std::string sent = Of(41).SerializeAsString();
  EXPECT_THAT(channel_.asked, ElementsAre(sent, sent, sent));
  EXPECT_EQ(clock_.Now() - start, absl::Seconds(2));
  EXPECT_EQ(edge_.entered_at_once, 1);
  EXPECT_THAT(edge_.log, ElementsAre("One", "UNAVAILABLE", "One", "UNAVAILABLE", "One", "OK"));
}

TEST_F(GuardedChannelTest, TheLastFailureIsDescribedWithItsAttempt) {
  edge_.attempts = 2;
  channel_.failures = 9;
  EXPECT_THAT(Wait(Call(1), clock_, Soon(clock_)),
              StatusIs(absl::StatusCode::kUnavailable, "One, attempt 2: flaky"));
  EXPECT_EQ(channel_.asked.size(), 2u);
}

TEST_F(GuardedChannelTest, AnAttemptThatCouldNotBeginInTimeIsNotWaitedFor) {
  edge_.attempts = 100;
  edge_.pause = absl::Seconds(8);
  channel_.failures = 100;
  const absl::Time start = clock_.Now();
  EXPECT_THAT(Wait(Call(1), clock_, Soon(clock_)), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_EQ(clock_.Now() - start, absl::Seconds(24));
  EXPECT_EQ(channel_.asked.size(), 4u);
}

TEST_F(GuardedChannelTest, EachFurtherAttemptIsDecidedOnce) {
  edge_.attempts = 3;
  channel_.failures = 9;
  EXPECT_THAT(Wait(Call(1), clock_, Soon(clock_)), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_EQ(edge_.decisions, 3);  // the last one: no more
}

TEST_F(GuardedChannelTest, WhatIsWorkedForAFurtherTimeIsAttemptedOnce) {
  edge_.attempts = 3;
  channel_.failures = 1;
  EXPECT_THAT(Wait(Call(1), clock_, Soon(clock_).AsFurtherAttempt()),
              StatusIs(absl::StatusCode::kUnavailable, "One, attempt 1: flaky"));
  EXPECT_EQ(channel_.asked.size(), 1u);
}

}  // namespace
}  // namespace chains
