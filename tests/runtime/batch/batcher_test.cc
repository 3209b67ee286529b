// Batcher on one loop of virtual time: when batches run, what members get, who is refused.
#include "chains/batch/batcher.h"

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "chains/core/all.h"
#include "chains/core/recording.h"
#include "chains/core/wait.h"
#include "chains/testing/status_matchers.h"
#include "support.h"

namespace chains {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::IsOkAndHolds;
using testing::Running;
using testing::StatusIs;

constexpr absl::Duration kRun = absl::Milliseconds(5);
constexpr absl::Duration kWait = absl::Milliseconds(10);

// The function takes 5 ms, max_wait is 10 ms, a batch has at most 4 members.
class BatcherTest : public ::testing::Test, public BatcherOnClock<Doubler> {
 public:
  BatcherTest() { Make(); }
  void Make(BatchOptions options = Usual()) {
    BatcherOnClock::Make(std::move(options), function_.AsFunction());
  }
  static BatchOptions Usual() { return {.name = "doubler", .max_batch = 4, .max_wait = kWait}; }

  Doubling function_{kRun};
};

TEST_F(BatcherTest, CallsThatComeTogetherAreOneBatch) {
  auto one = Start(1);
  Pass(absl::Milliseconds(3));
  auto two = Start(2);
  Pass(absl::Milliseconds(6));
  EXPECT_THAT(function_.batches, IsEmpty());
  Pass(absl::Milliseconds(1));
  EXPECT_THAT(function_.batches, ElementsAre(ElementsAre(1, 2)));
  EXPECT_FALSE(one->done());
  Pass(kRun);
  EXPECT_THAT(one->outcome(), IsOkAndHolds(2));
  EXPECT_THAT(two->outcome(), IsOkAndHolds(4));
}

TEST_F(BatcherTest, ATracedCallSaysWhichBatchItWasIn) {
  Make({.name = "double", .max_batch = 2, .max_wait = absl::Milliseconds(10)});
  const auto receipt = internal::Receipt::Begin(
      clock, {.receipt = false, .traced = true, .trace = {.high = 1, .low = 2}});
  internal::Recording callee(receipt->Under(Context()), clock, [] {
    return internal::CallPlace{
        .where = internal::CallPlace::Where::kCallee, .chainlet = "a.A", .method = "Run"};
  });
  const auto other = Start(1);
  const auto traced = Start(2, {}, callee.Under(Context()));
  Pass(kWait);
  Pass(kRun);
  ASSERT_EQ(receipt->records().front().events().size(), 1u);
  const internal::CallEvent& event = receipt->records().front().events().front();
  EXPECT_EQ(event.name, "batch");
  EXPECT_EQ(event.detail, "double: 2 calls");
}

TEST_F(BatcherTest, AFullBatchDoesNotWait) {
  std::vector<Task<int>> tasks;
  for (int i = 0; i < 4; ++i) tasks.push_back(batcher->Run(i));
  const absl::Time begin = clock.Now();
  EXPECT_THAT(Wait(All(std::move(tasks)), clock), IsOkAndHolds(ElementsAre(0, 2, 4, 6)));
  EXPECT_EQ(clock.Now() - begin, kRun);
}

TEST_F(BatcherTest, CostsFillABatch) {
  BatchOptions options = Usual();
  options.max_cost = 100;
  Make(options);
  auto a = Start(1, {.cost = 70});
  auto b = Start(2, {.cost = 40});
  clock.Settle();
  EXPECT_THAT(function_.batches, ElementsAre(ElementsAre(1)));
  auto too_much = Start(3, {.cost = 101});
  clock.Settle();
  ASSERT_TRUE(too_much->done());
  EXPECT_THAT(too_much->outcome(),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("costs 101 fits into no batch; max_cost is 100")));
}

TEST_F(BatcherTest, OneBatchRunsAtATimeUnlessToldOtherwise) {
  for (size_t max_running : {1, 2}) {
    BatchOptions options = Usual();
    options.max_running = max_running;
    Make(options);
    function_.batches.clear();
    std::vector<std::unique_ptr<Running<int>>> calls;
    for (int i = 0; i < 12; ++i) calls.push_back(Start(i));
    clock.Settle();
    EXPECT_EQ(function_.batches.size(), max_running);
    EXPECT_EQ(batcher->counts().running, max_running);
    EXPECT_EQ(batcher->counts().queued, 12 - 4 * max_running);
    Pass(kRun);
    Pass(kRun);
    Pass(kRun);
    for (int i = 0; i < 12; ++i) EXPECT_THAT(calls[i]->outcome(), IsOkAndHolds(2 * i));
  }
}

TEST_F(BatcherTest, CallsThatWaitedForABatchToEndGoTogether) {
  auto first = Start(1);
  Pass(kWait);
  auto second = Start(2);
  Pass(absl::Milliseconds(1));
  auto third = Start(3);
  Pass(absl::Milliseconds(4));
  EXPECT_TRUE(first->done());
  EXPECT_EQ(function_.batches.size(), 1u);  // their max_wait has not passed
  Pass(absl::Milliseconds(5));
  EXPECT_THAT(function_.batches, ElementsAre(ElementsAre(1), ElementsAre(2, 3)));
}

TEST_F(BatcherTest, WhatIsOverdueWhenABatchEndsRunsAtOnce) {
  Doubling slow(absl::Milliseconds(50));
  BatcherOnClock::Make(Usual(), slow.AsFunction());
  auto first = Start(1);
  Pass(kWait);
  auto second = Start(2);
  Pass(kWait);  // its time has come, but nothing can be done
  Pass(absl::Milliseconds(40));
  EXPECT_TRUE(first->done());
  EXPECT_THAT(slow.batches, ElementsAre(ElementsAre(1), ElementsAre(2)));
}

// Else two groups that once got apart would take turns, each in a batch that is half full.
TEST_F(BatcherTest, WhoCallsAgainAtOnceIsInTheNextBatch) {
  auto twice = [](Doubler& doubler) -> Task<int> {
    const int once = co_await doubler.Run(1);
    co_return co_await doubler.Run(once);
  };
  BatchOptions options = Usual();
  options.max_wait = absl::ZeroDuration();
  Make(options);
  Running<int> again(clock, twice(*batcher));
  clock.Settle();
  auto waits = Start(7);
  clock.Settle();
  Pass(kRun);
  EXPECT_THAT(function_.batches, ElementsAre(ElementsAre(1), ElementsAre(7, 2)));
}

TEST_F(BatcherTest, IdleItRunsAtOnceIfToldSo) {
  BatchOptions options = Usual();
  options.close_when_idle = true;
  Make(options);
  auto one = Start(1);
  clock.Settle();
  EXPECT_THAT(function_.batches, ElementsAre(ElementsAre(1)));
  auto two = Start(2);
  auto three = Start(3);
  Pass(kRun);
  EXPECT_THAT(function_.batches, ElementsAre(ElementsAre(1), ElementsAre(2, 3)));
}

TEST_F(BatcherTest, HigherPrioritiesAreTakenFirst) {
  BatchOptions options = Usual();
  options.max_batch = 2;
  options.priorities = 2;
  Make(options);
  auto a = Start(1), b = Start(2);
  clock.Settle();
  auto low = Start(3), low_too = Start(4), high = Start(5, {.priority = 1});
  Pass(kRun);
  EXPECT_THAT(function_.batches, ElementsAre(ElementsAre(1, 2), ElementsAre(5, 3)));
  auto none = Start(6, {.priority = 2});
  clock.Settle();
  EXPECT_THAT(none->outcome(),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("priority 2 is not one of")));
}

TEST_F(BatcherTest, ADeadlineClosesABatchInTime) {
  auto warm = Start(0);
  Pass(kWait);
  Pass(kRun);  // 5 ms, and four times half of that for not knowing better
  auto one = Start(1);
  auto two = Start(2, {}, Within(absl::Milliseconds(20)));
  Pass(absl::Milliseconds(3));
  EXPECT_EQ(function_.batches.size(), 1u);
  Pass(absl::Milliseconds(1));
  EXPECT_THAT(function_.batches, ElementsAre(ElementsAre(0), ElementsAre(1, 2)));
}

TEST_F(BatcherTest, AMemberThatWaitsLooksEarlierWhenBatchesTakeLonger) {
  BatchOptions options = Usual();
  options.max_wait = absl::Milliseconds(400);
  options.max_running = 2;
  options.max_batch = 2;
  options.priorities = 1;
  Doubling slow(absl::Milliseconds(40));
  BatcherOnClock::Make(options, slow.AsFunction());
  auto a = Start(1), b = Start(2);
  clock.Settle();
  auto waits = Start(3, {}, Within(absl::Milliseconds(200)));  // would close after 199 ms
  Pass(absl::Milliseconds(40));                                // the estimate is now 120 ms
  Pass(absl::Milliseconds(38));
  EXPECT_EQ(slow.batches.size(), 1u);
  Pass(absl::Milliseconds(1));
  EXPECT_EQ(slow.batches.size(), 2u);
}

TEST_F(BatcherTest, ExpiredMembersAreRefusedBeforeTheyCostAnything) {
  auto late = Start(1, {}, Within(absl::ZeroDuration()));
  clock.Settle();
  EXPECT_THAT(late->outcome(), StatusIs(absl::StatusCode::kDeadlineExceeded));
  auto runs = Start(2);
  Pass(kWait);
  auto expires = Start(3, {}, Within(absl::Milliseconds(4)));
  auto stays = Start(4, {}, Within(absl::Seconds(4)));
  Pass(absl::Milliseconds(4));  // while a batch runs
  EXPECT_THAT(
      expires->outcome(),
      StatusIs(absl::StatusCode::kDeadlineExceeded,
               HasSubstr("batcher 'doubler': the deadline passed while the call waited for 4ms")));
  Pass(absl::Seconds(1));
  Pass(kRun);
  EXPECT_THAT(stays->outcome(), IsOkAndHolds(8));
  EXPECT_THAT(function_.batches, ElementsAre(ElementsAre(2), ElementsAre(4)));
  EXPECT_EQ(batcher->counts().refused_late, 2u);
}

TEST_F(BatcherTest, MoreThanMaxQueuedAreRefusedAtOnce) {
  BatchOptions options = Usual();
  options.max_queued = 3;
  Make(options);
  auto a = Start(1), b = Start(2), c = Start(3), refused = Start(4);
  clock.Settle();
  ASSERT_TRUE(refused->done());
  EXPECT_THAT(refused->outcome(),
              StatusIs(absl::StatusCode::kResourceExhausted,
                       HasSubstr("3 calls wait already and 0 batches run; max_queued is 3")));
  Pass(kWait);
  Pass(kRun);
  EXPECT_THAT(c->outcome(), IsOkAndHolds(6));
  EXPECT_EQ(batcher->counts().refused_full, 1u);
}

TEST_F(BatcherTest, OneMembersFailureIsItsOwn) {
  auto good = Start(1), bad = Start(-1);
  Pass(kWait);
  Pass(kRun);
  EXPECT_THAT(good->outcome(), IsOkAndHolds(2));
  EXPECT_THAT(bad->outcome(), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_EQ(batcher->counts().failed, 1u);
}

TEST_F(BatcherTest, AFailureOfTheFunctionIsEveryMembers) {
  const std::pair<std::function<Task<Doubler::Replies>(std::vector<int>)>, absl::Status> cases[] = {
      {[](std::vector<int>) -> Task<Doubler::Replies> {
         co_return absl::UnavailableError("the device is lost");
       },
       absl::UnavailableError("the device is lost")},
      {[](std::vector<int>) -> Task<Doubler::Replies> {
         Doubler::Replies replies(3, 1);
         co_return replies;
       },
       absl::InternalError("batcher 'doubler': the function gave 3 replies to 2 requests")},
      {[](std::vector<int> requests) -> Task<Doubler::Replies> {
         requests.at(7) = 1;
         co_return Doubler::Replies();
       },
       absl::InternalError("exception: ")},
      {[](std::vector<int> requests) {
         requests.at(7) = 1;
         return Done<Doubler::Replies>(absl::OkStatus());
       },
       absl::InternalError("exception: ")},
  };
  for (const auto& [function, failure] : cases) {
    BatcherOnClock::Make(Usual(), function);
    auto a = Start(1), b = Start(2);
    Pass(kWait);
    for (const auto& each : {&a, &b}) {
      EXPECT_THAT((*each)->outcome(),
                  StatusIs(failure.code(), HasSubstr(std::string(failure.message()))));
    }
    EXPECT_EQ(batcher->counts().failed, 2u);
    EXPECT_EQ(batcher->counts().running, 0u);
  }
}

TEST_F(BatcherTest, TheFunctionHasTheLatestOfTheMembersDeadlines) {
  std::vector<absl::Time> seen;
  auto look = [](std::vector<absl::Time>& deadlines, size_t count) -> Task<Doubler::Replies> {
    const Context context = co_await CurrentContext();
    deadlines.push_back(context.deadline());
    Doubler::Replies replies(count, 0);
    co_return replies;
  };
  BatcherOnClock::Make(Usual(),
                       [&](std::vector<int> requests) { return look(seen, requests.size()); });
  auto soon = Start(1, {}, Within(absl::Seconds(1)));
  auto later = Start(2, {}, Within(absl::Seconds(2)));
  const absl::Time latest = clock.Now() + absl::Seconds(2);
  Pass(kWait);
  auto never = Start(3), soon_too = Start(4, {}, Within(absl::Seconds(1)));
  Pass(kWait);
  EXPECT_THAT(seen, ElementsAre(latest, absl::InfiniteFuture()));
}

TEST_F(BatcherTest, OptionsThatMakeNoSenseMakeNoBatcher) {
  EXPECT_THAT(Doubler::Create({.max_batch = 0}, function_.AsFunction()).status(),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("max_batch")));
}

TEST_F(BatcherTest, CountsWhatItDid) {
  auto a = Start(1), b = Start(2);
  Pass(kWait);
  Pass(kRun);
  const BatchCounts counts = batcher->counts();
  EXPECT_EQ(counts.batches, 1u);
  EXPECT_EQ(counts.members, 2u);
  EXPECT_EQ(counts.failed, 0u);
  EXPECT_EQ(counts.queued + counts.running, 0u);
  EXPECT_EQ(counts.estimate, absl::Milliseconds(15));
}

}  // namespace
}  // namespace chains
