// The rules of a Batcher, on made-up times.
#include "chains/batch/batch_plan.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace chains {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const absl::Time kBegin = absl::FromUnixSeconds(1'000);

absl::Time At(int milliseconds) { return kBegin + absl::Milliseconds(milliseconds); }

WaitingCall Arrived(int milliseconds) { return {.arrived = At(milliseconds)}; }

// max_wait is 10 ms and a batch has at most 4 members, unless a test says otherwise.
class BatchPlanTest : public ::testing::Test {
 public:
  BatchPlan PlanAt(int milliseconds, bool idle = true) const {
    return PlanBatch(options_, waiting_, At(milliseconds), estimate_, idle);
  }

  BatchOptions options_{.max_batch = 4, .max_wait = absl::Milliseconds(10)};
  std::vector<WaitingCall> waiting_;
  absl::Duration estimate_ = absl::Milliseconds(5);
};

TEST_F(BatchPlanTest, NobodyWaitsForNothing) {
  const BatchPlan plan = PlanAt(0);
  EXPECT_THAT(plan.members, IsEmpty());
  EXPECT_EQ(plan.look_again, absl::InfiniteFuture());
}

TEST_F(BatchPlanTest, TheOldestWaitsForMaxWaitAndTheOthersGoWithIt) {
  waiting_ = {Arrived(0), Arrived(7)};
  const BatchPlan before = PlanAt(9);
  EXPECT_THAT(before.members, IsEmpty());
  EXPECT_EQ(before.look_again, At(10));
  EXPECT_EQ(before.look_again_for, 0u);
  EXPECT_THAT(PlanAt(10).members, ElementsAre(0, 1));
}

TEST_F(BatchPlanTest, ItClosesAtOnceWhenItIsFull) {
  waiting_ = {Arrived(0), Arrived(0), Arrived(1), Arrived(1), Arrived(1)};
  EXPECT_THAT(PlanAt(1).members, ElementsAre(0, 1, 2, 3));
}

TEST_F(BatchPlanTest, CostsFillItAsMembersDo) {
  options_.max_cost = 100;
  waiting_ = {Arrived(0), Arrived(0)};
  waiting_[0].cost = 60;
  waiting_[1].cost = 39;
  EXPECT_THAT(PlanAt(0).members, IsEmpty());
  waiting_[1].cost = 40;
  EXPECT_THAT(PlanAt(0).members, ElementsAre(0, 1));
  waiting_[1].cost = 41;
  EXPECT_THAT(PlanAt(0).members, ElementsAre(0));
}

TEST_F(BatchPlanTest, ALargeCallIsNotOvertakenBySmallOnes) {
  options_.max_cost = 100;
  waiting_ = {Arrived(0), Arrived(1), Arrived(2)};
  waiting_[0].cost = 50;
  waiting_[1].cost = 90;
  EXPECT_THAT(PlanAt(2).members, ElementsAre(0));
}

TEST_F(BatchPlanTest, CostsThatWouldOverflowTheirSumFillIt) {
  waiting_ = {Arrived(0), Arrived(0)};
  waiting_[0].cost = waiting_[1].cost = options_.max_cost - 1;
  EXPECT_THAT(PlanAt(0).members, ElementsAre(0));
}

TEST_F(BatchPlanTest, TheTightestDeadlineClosesItEarly) {
  waiting_ = {Arrived(0), Arrived(1)};
  waiting_[1].deadline = At(13);  // 5 ms for the function, 1 ms for the way back
  const BatchPlan before = PlanAt(6);
  EXPECT_THAT(before.members, IsEmpty());
  EXPECT_EQ(before.look_again, At(7));
  EXPECT_EQ(before.look_again_for, 1u);
  EXPECT_THAT(PlanAt(7).members, ElementsAre(0, 1));
  estimate_ = absl::Milliseconds(8);
  EXPECT_THAT(PlanAt(4).members, ElementsAre(0, 1));
}

TEST_F(BatchPlanTest, ADeadlineThatCanHardlyBeMetIsTried) {
  waiting_ = {Arrived(0)};
  waiting_[0].deadline = At(2);
  EXPECT_THAT(PlanAt(0).members, ElementsAre(0));
  EXPECT_THAT(PlanAt(0).expired, IsEmpty());
}

TEST_F(BatchPlanTest, TheExpiredTakeNoPlace) {
  waiting_ = {Arrived(0), Arrived(0), Arrived(0), Arrived(0), Arrived(0)};
  waiting_[1].deadline = At(3);
  const BatchPlan plan = PlanAt(3);
  EXPECT_THAT(plan.expired, ElementsAre(1));
  EXPECT_THAT(plan.members, ElementsAre(0, 2, 3, 4));
  waiting_.resize(2);
  EXPECT_EQ(PlanAt(3).look_again, At(10));
}

TEST_F(BatchPlanTest, IdleItClosesAtOnceIfToldSo) {
  waiting_ = {Arrived(0)};
  EXPECT_THAT(PlanAt(0, /*idle=*/true).members, IsEmpty());
  options_.close_when_idle = true;
  EXPECT_THAT(PlanAt(0, /*idle=*/true).members, ElementsAre(0));
  EXPECT_THAT(PlanAt(0, /*idle=*/false).members, IsEmpty());
}

TEST_F(BatchPlanTest, WithoutMaxWaitItNeverWaits) {
  options_.max_wait = absl::ZeroDuration();
  waiting_ = {Arrived(0)};
  EXPECT_THAT(PlanAt(0, /*idle=*/false).members, ElementsAre(0));
}

TEST_F(BatchPlanTest, HigherPrioritiesAreTakenFirstAndWithinOneTheOldest) {
  options_.priorities = 3;
  options_.max_batch = 3;
  waiting_ = {Arrived(0), Arrived(1), Arrived(2), Arrived(3), Arrived(4)};
  waiting_[1].priority = waiting_[4].priority = 1;
  waiting_[3].priority = 2;
  EXPECT_THAT(PlanAt(4).members, ElementsAre(3, 1, 4));
}

TEST_F(BatchPlanTest, WaitingRaisesThePriority) {
  options_.priorities = 3;
  options_.max_batch = 2;
  options_.promote_after = absl::Milliseconds(100);
  waiting_ = {Arrived(0), Arrived(50), Arrived(60)};
  waiting_[1].priority = waiting_[2].priority = 2;
  EXPECT_THAT(PlanAt(199).members, ElementsAre(1, 2));
  EXPECT_THAT(PlanAt(200).members, ElementsAre(0, 1));
  EXPECT_THAT(PlanAt(1'000'000).members, ElementsAre(0, 1));  // there is no higher one than the top
}

// Every 5 ms a batch of 4 runs, and 4 calls of the highest priority come: without promotion the low
// one would wait for ever.
TEST_F(BatchPlanTest, TheLowestPriorityWaitsNoLongerThanItsBound) {
  options_.priorities = 4;
  options_.promote_after = absl::Milliseconds(20);
  std::vector<WaitingCall> queue(8, WaitingCall{.arrived = At(0), .priority = 3});
  queue.push_back({.arrived = At(0), .priority = 0});
  int taken_at = -1;
  for (int now = 0; now < 1'000 && taken_at < 0; now += 5) {
    for (int i = 0; i < 4; ++i) queue.push_back({.arrived = At(now), .priority = 3});
    BatchPlan plan = PlanBatch(options_, queue, At(now), estimate_, /*idle=*/true);
    ASSERT_EQ(plan.members.size(), 4u);
    std::sort(plan.members.rbegin(), plan.members.rend());
    for (size_t place : plan.members) {
      if (queue[place].priority == 0) taken_at = now;
      queue.erase(queue.begin() + static_cast<std::ptrdiff_t>(place));
    }
  }
  // 3 × 20 ms, then those that were before it at the top: none of the 8 that came with it are left.
  EXPECT_GE(taken_at, 60 - 5);
  EXPECT_LE(taken_at, 60 + 5);
}

TEST(RunEstimateTest, BeginsWithWhatIsExpectedAndFollowsWhatWasMeasured) {
  RunEstimate estimate(absl::Milliseconds(3));
  EXPECT_EQ(estimate.Value(), absl::Milliseconds(3));
  estimate.Add(absl::Milliseconds(8));
  EXPECT_EQ(estimate.Value(), absl::Milliseconds(8 + 4 * 4));
  for (int i = 0; i < 100; ++i) estimate.Add(absl::Milliseconds(8));
  EXPECT_LT(estimate.Value(), absl::Milliseconds(9));
  EXPECT_GE(estimate.Value(), absl::Milliseconds(8));
}

TEST(RunEstimateTest, LeavesAMarginWhereTimesVary) {
  RunEstimate estimate(absl::ZeroDuration());
  for (int i = 0; i < 100; ++i) estimate.Add(absl::Milliseconds(i % 2 == 0 ? 4 : 12));
  EXPECT_GT(estimate.Value(), absl::Milliseconds(12));
}

TEST(BatchOptionsTest, AreRefusedByName) {
  EXPECT_TRUE(CheckBatchOptions({}).ok());
  const std::pair<BatchOptions, const char*> bad[] = {
      {{.max_batch = 0}, "max_batch"},
      {{.max_cost = 0}, "max_cost"},
      {{.max_wait = absl::InfiniteDuration()}, "max_wait"},
      {{.max_queued = 0}, "max_queued"},
      {{.max_running = 0}, "max_running"},
      {{.priorities = 0}, "priorities is 0"},
      {{.promote_after = absl::ZeroDuration()}, "promote_after"},
      {{.margin = absl::Seconds(-1)}, "margin"},
  };
  for (const auto& [options, word] : bad) {
    const absl::Status refused = CheckBatchOptions(options);
    EXPECT_EQ(refused.code(), absl::StatusCode::kInvalidArgument) << word;
    EXPECT_THAT(std::string(refused.message()), HasSubstr(word));
  }
}

}  // namespace
}  // namespace chains
