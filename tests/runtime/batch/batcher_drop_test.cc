// Calls that are dropped, and batch functions on worker threads.
#include <atomic>
#include <stop_token>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "chains/batch/batcher.h"
#include "chains/testing/probe.h"
#include "chains/testing/status_matchers.h"
#include "support.h"

namespace chains {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::IsOkAndHolds;
using testing::Running;
using testing::SharedProbe;
using testing::StatusIs;

constexpr absl::Duration kRunOfLate = absl::Milliseconds(5);
constexpr absl::Duration kWaitOfLate = absl::Milliseconds(10);

BatchOptions Usual() { return {.name = "doubler", .max_batch = 4, .max_wait = kWaitOfLate}; }

Doubler::Replies Doubled(const std::vector<int>& requests) {
  Doubler::Replies replies;
  for (int request : requests) replies.push_back(2 * request);
  return replies;
}

class BatcherDropTest : public ::testing::Test, public BatcherOnClock<Doubler> {
 public:
  BatcherDropTest() { Make(Usual(), function_.AsFunction()); }
  Doubling function_{kRunOfLate};
};

TEST_F(BatcherDropTest, ACallThatIsDroppedLeavesTheQueue) {
  auto goes = Start(1), stays = Start(2), goes_too = Start(3);
  clock.Settle();
  goes = nullptr;
  goes_too = nullptr;
  EXPECT_EQ(batcher->counts().queued, 1u);
  EXPECT_EQ(batcher->counts().dropped, 2u);
  Pass(kWaitOfLate);
  EXPECT_THAT(function_.batches, ElementsAre(ElementsAre(2)));
}

TEST_F(BatcherDropTest, BetweenTheCloseOfABatchAndItsBeginToo) {
  auto a = Start(1), b = Start(2), c = Start(3), d = Start(4);  // full: it begins in the next turn
  EXPECT_EQ(batcher->counts().running, 1u);
  b = nullptr;
  clock.Settle();
  EXPECT_THAT(function_.batches, ElementsAre(ElementsAre(1, 3, 4)));
  Pass(kRunOfLate);
  EXPECT_THAT(d->outcome(), IsOkAndHolds(8));
  EXPECT_EQ(batcher->counts().dropped, 1u);
}

TEST_F(BatcherDropTest, ABatchWhoseMembersAreAllGoneDoesNotBegin) {
  auto a = Start(1), b = Start(2), c = Start(3), d = Start(4);
  for (auto* each : {&a, &b, &c, &d}) *each = nullptr;
  clock.Settle();
  EXPECT_THAT(function_.batches, IsEmpty());
  EXPECT_EQ(batcher->counts().running, 0u);
  EXPECT_EQ(batcher->counts().batches, 0u);
  EXPECT_EQ(clock.hosted(), 0u);
}

TEST_F(BatcherDropTest, ARunningBatchGoesOnForThoseWhoStay) {
  auto goes = Start(1), stays = Start(2);
  Pass(kWaitOfLate);
  goes = nullptr;
  Pass(kRunOfLate);
  EXPECT_THAT(stays->outcome(), IsOkAndHolds(4));
}

TEST_F(BatcherDropTest, ARunningBatchWhoseMembersAreAllGoneIsDropped) {
  auto a = Start(1), b = Start(2);
  Pass(kWaitOfLate);
  EXPECT_EQ(clock.hosted(), 1u);
  auto next = Start(3);
  a = nullptr;
  b = nullptr;
  clock.Settle();
  EXPECT_EQ(clock.hosted(), 0u);
  EXPECT_EQ(batcher->counts().running, 0u);
  Pass(kWaitOfLate);
  Pass(kRunOfLate);
  EXPECT_THAT(next->outcome(), IsOkAndHolds(6));
  EXPECT_EQ(function_.answered, 1);
}

TEST_F(BatcherDropTest, DroppedWithItsReplyOnTheWay) {
  for (int turns = 0; turns < 6; ++turns) {
    auto goes = Start(1), stays = Start(2);
    Pass(kWaitOfLate);
    clock.Advance(kRunOfLate);
    for (int turn = 0; turn < turns; ++turn) {
      bool ran = false;
      clock.Post([&ran] { ran = true; });
      clock.RunUntil([&ran] { return ran; });
    }
    goes = nullptr;
    clock.Settle();
    EXPECT_THAT(stays->outcome(), IsOkAndHolds(4));
    EXPECT_EQ(batcher->counts().running, 0u);
    EXPECT_EQ(clock.hosted(), 0u);
  }
}

TEST_F(BatcherDropTest, ATimeoutLeavesTheQueue) {
  auto call =
      std::make_unique<Running<int>>(clock, WithTimeout(batcher->Run(1), absl::Milliseconds(3)));
  Pass(absl::Milliseconds(3));
  EXPECT_THAT(call->outcome(), StatusIs(absl::StatusCode::kDeadlineExceeded));
  EXPECT_EQ(batcher->counts().queued, 0u);
}

// ---- On a worker

TEST_F(BatcherDropTest, ABlockingFunctionRunsOnAWorker) {
  std::atomic<std::thread::id> ran_on;
  Make(Usual(), [&](std::vector<int> requests) {
    ran_on = std::this_thread::get_id();
    return Doubled(requests);
  });
  auto a = Start(1), b = Start(2);
  Pass(kWaitOfLate);
  EXPECT_THAT(a->outcome(), IsOkAndHolds(2));
  EXPECT_THAT(b->outcome(), IsOkAndHolds(4));
  EXPECT_NE(ran_on.load(), std::this_thread::get_id());
  EXPECT_EQ(batcher->counts().batches, 1u);
}

TEST_F(BatcherDropTest, ABlockingFunctionMayFailForAllAndThrow) {
  Make(Usual(), [](std::vector<int> requests) -> absl::StatusOr<Doubler::Replies> {
    if (requests.at(0) == 1) return absl::UnavailableError("the device is lost");
    requests.at(7) = 1;
    return Doubled(requests);
  });
  auto fails = Start(1);
  Pass(kWaitOfLate);
  EXPECT_THAT(fails->outcome(),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("the device is lost")));
  auto throws = Start(2);
  Pass(kWaitOfLate);
  EXPECT_THAT(throws->outcome(), StatusIs(absl::StatusCode::kInternal, HasSubstr("exception: ")));
  EXPECT_EQ(batcher->counts().running, 0u);
}

TEST_F(BatcherDropTest, ABlockingFunctionIsAskedToStopWhenNobodyWaitsAndKeepsItsPlace) {
  SharedProbe started, asked, release;
  Make(Usual(), [&](const std::vector<int>& requests, std::stop_token stop) {
    if (requests[0] == 1) {
      std::stop_callback told(stop, [&] { asked.Arrive(); });
      started.Arrive();
      asked.BlockUntil(1);
      release.BlockUntil(1);
    }
    return Doubled(requests);
  });
  auto goes = Start(1), goes_too = Start(1);
  clock.Advance(kWaitOfLate);
  clock.RunUntil([&] { return clock.blocking() == 1; });
  started.BlockUntil(1);
  goes = nullptr;
  auto next = Start(2);
  EXPECT_EQ(asked.arrived(), 0u);
  goes_too = nullptr;
  clock.RunUntil([&] { return asked.arrived() == 1; });
  EXPECT_EQ(clock.hosted(), 0u);
  EXPECT_EQ(batcher->counts().running, 1u);  // its thread is at work
  clock.Advance(kWaitOfLate);
  release.Arrive();
  clock.Settle();
  EXPECT_THAT(next->outcome(), IsOkAndHolds(4));
  EXPECT_EQ(batcher->counts().running, 0u);
}

TEST_F(BatcherDropTest, AWorkerPoolThatIsFullRefusesTheBatch) {
  SharedProbe started, release;
  testing::FakeClock clock({.threads = 1, .max_queued = 1});
  ASSERT_TRUE(clock.workers().Submit([&] {
    started.Arrive();
    release.BlockUntil(1);
  }));
  started.BlockUntil(1);
  ASSERT_TRUE(clock.workers().Submit([] {}));
  Make(Usual(), [](const std::vector<int>& requests) { return Doubled(requests); });
  Running<int> call(clock, batcher->Run(1));
  clock.Advance(kWaitOfLate);
  clock.Settle();
  EXPECT_THAT(call.outcome(), StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_EQ(batcher->counts().running, 0u);
  release.Arrive();
}

TEST_F(BatcherDropTest, ABatcherMayEndBeforeItsBatchDoes) {
  auto call = Start(1);
  Pass(kWaitOfLate);
  batcher = nullptr;
  Pass(kRunOfLate);
  EXPECT_THAT(call->outcome(), IsOkAndHolds(2));
}

}  // namespace
}  // namespace chains
