#include "phi/scheduler.h"

#include <algorithm>
#include <map>
#include <ostream>
#include <random>
#include <set>
#include <tuple>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace poems::phi {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

using Row = std::tuple<Scheduler::Id, int64_t, int64_t>;  // id, position, count

std::vector<Row> RowsOf(const std::vector<Scheduler::Part>& parts) {
  std::vector<Row> rows;
  for (const Scheduler::Part& part : parts) rows.emplace_back(part.id, part.position, part.count);
  return rows;
}
std::vector<Row> RunStep(Scheduler& scheduler) {
  std::vector<Row> rows = RowsOf(scheduler.BeginStep());
  scheduler.EndStep();
  return rows;
}

constexpr Scheduler::Limits kLimits = {.max_sequences = 8,
                                       .max_waiting = 2,
                                       .page_size = 4,
                                       .page_count = 100,
                                       .max_step_tokens = 10,
                                       .max_step_sequences = 4};

TEST(SchedulerTest, TakesAPromptInPartsAndThenTokenByToken) {
  Scheduler scheduler(kLimits);
  ASSERT_TRUE(scheduler.Add(1, 23, 5).ok());
  EXPECT_THAT(RunStep(scheduler), ElementsAre(Row(1, 0, 10)));
  EXPECT_THAT(RunStep(scheduler), ElementsAre(Row(1, 10, 10)));
  const std::vector<Scheduler::Part> last = scheduler.BeginStep();
  EXPECT_THAT(RowsOf(last), ElementsAre(Row(1, 20, 3)));
  EXPECT_TRUE(last[0].draws);
  EXPECT_EQ(last[0].pages.size(), 7U);  // for 27 of 28 tokens: the last is never computed
  scheduler.EndStep();
  EXPECT_THAT(RunStep(scheduler), ElementsAre(Row(1, 23, 1)));
  EXPECT_THAT(RunStep(scheduler), ElementsAre(Row(1, 24, 1)));
}

TEST(SchedulerTest, DrawsOnlyWithTheLastTokenOfAPrompt) {
  Scheduler scheduler(kLimits);
  ASSERT_TRUE(scheduler.Add(1, 11, 5).ok());
  EXPECT_FALSE(scheduler.BeginStep()[0].draws);
  scheduler.EndStep();
  EXPECT_TRUE(scheduler.BeginStep()[0].draws);
}

TEST(SchedulerTest, PutsPromptsBesideTheOthersNextTokens) {
  Scheduler scheduler(kLimits);
  ASSERT_TRUE(scheduler.Add(1, 2, 50).ok());
  ASSERT_TRUE(scheduler.Add(2, 3, 50).ok());
  EXPECT_THAT(RunStep(scheduler), ElementsAre(Row(1, 0, 2), Row(2, 0, 3)));
  ASSERT_TRUE(scheduler.Add(3, 12, 50).ok());
  ASSERT_TRUE(scheduler.Add(4, 5, 50).ok());
  EXPECT_THAT(RunStep(scheduler), ElementsAre(Row(1, 2, 1), Row(2, 3, 1), Row(3, 0, 8)));
  EXPECT_THAT(RunStep(scheduler),
              ElementsAre(Row(1, 3, 1), Row(2, 4, 1), Row(3, 8, 4), Row(4, 0, 4)));
}

TEST(SchedulerTest, LetsThoseWhoWaitedLongestGoFirstWhereAStepIsTooSmallForAll) {
  Scheduler::Limits limits = kLimits;
  limits.max_step_sequences = 2;
  Scheduler scheduler(limits);
  for (Scheduler::Id id = 1; id <= 3; ++id) ASSERT_TRUE(scheduler.Add(id, 1, 50).ok());
  std::map<Scheduler::Id, int> steps;
  for (int step = 0; step < 30; ++step) {
    for (const auto& [id, position, count] : RunStep(scheduler)) ++steps[id];
  }
  EXPECT_THAT(steps, ElementsAre(std::pair(1, 20), std::pair(2, 20), std::pair(3, 20)));
}

TEST(SchedulerTest, KeepsARowForPromptsWhereTheOthersFillAStep) {
  Scheduler::Limits limits = kLimits;
  limits.max_step_sequences = 2;
  Scheduler scheduler(limits);
  for (Scheduler::Id id = 1; id <= 2; ++id) ASSERT_TRUE(scheduler.Add(id, 1, 50).ok());
  RunStep(scheduler);
  ASSERT_TRUE(scheduler.Add(3, 2, 50).ok());
  EXPECT_THAT(RunStep(scheduler), ElementsAre(Row(1, 1, 1), Row(3, 0, 2)));
  EXPECT_THAT(RunStep(scheduler), ElementsAre(Row(2, 1, 1), Row(1, 2, 1)));
}

TEST(SchedulerTest, LetsSequencesInByThePagesTheyMayNeedAndInOrder) {
  Scheduler::Limits limits = kLimits;
  limits.page_count = 10;
  Scheduler scheduler(limits);
  ASSERT_TRUE(scheduler.Add(1, 4, 21).ok());  // 6 pages
  ASSERT_TRUE(scheduler.Add(2, 4, 17).ok());  // 5
  ASSERT_TRUE(scheduler.Add(3, 1, 1).ok());   // would fit, but nobody overtakes
  EXPECT_EQ(scheduler.running(), 1U);
  EXPECT_EQ(scheduler.waiting(), 2U);
  EXPECT_EQ(scheduler.free_pages(), 4U);
  scheduler.Remove(1);
  EXPECT_EQ(scheduler.running(), 2U);
  EXPECT_EQ(scheduler.free_pages(), 4U);
}

TEST(SchedulerTest, RefusesWhatCouldNeverFit) {
  Scheduler scheduler(kLimits);
  const absl::Status status = scheduler.Add(1, 300, 102);
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(std::string(status.message()), HasSubstr("need 101 pages"));
  EXPECT_TRUE(scheduler.Add(2, 300, 101).ok());
  const int64_t most = std::numeric_limits<int64_t>::max();
  EXPECT_EQ(scheduler.Add(3, most, most).code(), absl::StatusCode::kResourceExhausted);
}

TEST(SchedulerTest, RefusesMoreThanMayWait) {
  Scheduler scheduler(kLimits);
  for (Scheduler::Id id = 1; id <= 10; ++id) ASSERT_TRUE(scheduler.Add(id, 1, 1).ok());
  EXPECT_EQ(scheduler.running(), 8U);
  const absl::Status status = scheduler.Add(11, 1, 1);
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(std::string(status.message()), HasSubstr("8 texts are being written and 2 wait"));
  scheduler.Remove(10);
  EXPECT_TRUE(scheduler.Add(12, 1, 1).ok());
}

TEST(SchedulerTest, NeedsNoQueueWhereThereIsAPlace) {
  Scheduler::Limits limits = kLimits;
  limits.max_waiting = 0;
  limits.max_sequences = 1;
  Scheduler scheduler(limits);
  EXPECT_TRUE(scheduler.Add(1, 1, 1).ok());
  EXPECT_FALSE(scheduler.Add(2, 1, 1).ok());
}

TEST(SchedulerTest, KeepsPagesOfAStepThatRunsUntilItEnds) {
  Scheduler scheduler(kLimits);
  ASSERT_TRUE(scheduler.Add(1, 2, 3).ok());
  ASSERT_EQ(scheduler.BeginStep().size(), 1U);
  scheduler.Remove(1);
  EXPECT_EQ(scheduler.free_pages(), 99U);
  scheduler.EndStep();
  EXPECT_EQ(scheduler.free_pages(), 100U);
  EXPECT_EQ(scheduler.running(), 0U);
  EXPECT_THAT(scheduler.BeginStep(), IsEmpty());
}

TEST(SchedulerTest, HoldsBackWhoIsNotRead) {
  Scheduler scheduler(kLimits);
  ASSERT_TRUE(scheduler.Add(1, 2, 30).ok());
  ASSERT_TRUE(scheduler.Add(2, 2, 30).ok());
  RunStep(scheduler);
  scheduler.Hold(1, true);
  EXPECT_THAT(RunStep(scheduler), ElementsAre(Row(2, 2, 1)));
  scheduler.Hold(1, false);
  EXPECT_THAT(RunStep(scheduler), ElementsAre(Row(1, 2, 1), Row(2, 3, 1)));
}

// Whatever comes and goes: no page is with two, every bound is kept, everybody ends.
TEST(SchedulerTest, KeepsItsBoundsWhateverComes) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE(::testing::Message() << "seed " << seed);
  std::mt19937 random(seed);
  const auto draw = [&random](int64_t from, int64_t to) {
    return std::uniform_int_distribution<int64_t>(from, to)(random);
  };
  Scheduler::Limits limits = kLimits;
  limits.page_count = 20;
  limits.max_waiting = 50;
  Scheduler scheduler(limits);
  std::map<Scheduler::Id, int64_t> left;  // to draw
  Scheduler::Id last = 0;
  for (int step = 0; step < 3000; ++step) {
    if (step < 2000 && draw(0, 2) == 0) {
      const int64_t max_tokens = draw(1, 30);
      if (scheduler.Add(++last, draw(1, 40), max_tokens).ok()) left[last] = max_tokens;
    }
    if (!left.empty() && draw(0, 30) == 0) {
      scheduler.Remove(left.begin()->first);
      left.erase(left.begin());
    }
    const std::vector<Scheduler::Part> parts = scheduler.BeginStep();
    ASSERT_EQ(parts.empty(), left.empty());
    ASSERT_LE(parts.size(), 4U);
    int64_t tokens = 0;
    std::set<int32_t> pages;
    std::vector<Scheduler::Id> ended;
    for (const Scheduler::Part& part : parts) {
      tokens += part.count;
      ASSERT_LE(part.position + part.count, static_cast<int64_t>(part.pages.size()) * 4);
      for (const int32_t page : part.pages) ASSERT_TRUE(pages.insert(page).second);
      if (part.draws && --left[part.id] == 0) ended.push_back(part.id);
    }
    ASSERT_LE(tokens, 10);
    for (const Scheduler::Id id : ended) {
      scheduler.Remove(id);
      left.erase(id);
    }
    scheduler.EndStep();
  }
  EXPECT_THAT(left, IsEmpty());
  EXPECT_EQ(scheduler.free_pages(), 20U);
}

}  // namespace
}  // namespace poems::phi
