// Who gets a place at a full chainlet, wherever it runs: priorities travel, refusals say when to
// come again.
#include <atomic>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "chains/chain/running_chain.h"
#include "chains/contract/push_back.h"
#include "chains/contract/status_path.h"
#include "chains/testing/placements.h"
#include "zoo.h"

namespace zoo {
namespace {

using chains::RunningChain;
using chains::Task;
using ::testing::HasSubstr;
using Outcomes = std::vector<absl::StatusOr<LeafReply>>;

class AdmissionTest : public ::testing::TestWithParam<chains::Placement> {
 protected:
  // The first call stays until `released_`.
  std::unique_ptr<RunningChain> Start(chains::Limits limits) {
    script_.answer = [this](LeafRequest request) -> Task<LeafReply> {
      while (request.number() == 0 && !released_) co_await chains::Sleep(absl::Milliseconds(1));
      co_return NumberReply(request.number());
    };
    chains::Chain chain("zoo");
    chain.Add<ScriptedLeaf>(Script(script_), limits);
    chain.Add<RootObject>(chains::Needs<Leaf>{}).Entrypoint();
    absl::StatusOr<std::unique_ptr<RunningChain>> running = RunningChain::Start(chain, GetParam());
    EXPECT_TRUE(running.ok()) << running.status();
    return running.ok() ? *std::move(running) : nullptr;
  }
  static Task<LeafReply> At(Leaf& leaf, int priority, int number) {
    const chains::Context context = (co_await chains::CurrentContext()).WithPriority(priority);
    Task<LeafReply> call = leaf.RunRemote(Number(number));
    co_return co_await chains::internal::Within<LeafReply>(std::move(call), context);
  }
  // Calls of these priorities, once the first one runs; it ends when one of them has.
  Task<LeafReply> OneOf(Leaf& leaf, int priority, int number) {
    while (script_.started == 0) co_await chains::Sleep(absl::Milliseconds(1));
    absl::StatusOr<LeafReply> outcome = co_await chains::Outcome(At(leaf, priority, number));
    released_ = true;
    co_return outcome;
  }
  Outcomes Call(RunningChain& running, std::vector<int> priorities) {
    absl::StatusOr<Outcomes> outcomes = running.Run<Leaf>([&](Leaf& leaf) {
      std::vector<Task<LeafReply>> calls;
      calls.push_back(At(leaf, 4, 0));
      for (size_t i = 0; i < priorities.size(); ++i) {
        calls.push_back(OneOf(leaf, priorities[i], static_cast<int>(i) + 1));
      }
      return chains::AllSettled(std::move(calls));
    });
    EXPECT_TRUE(outcomes.ok()) << outcomes.status();
    return *std::move(outcomes);
  }

  LeafScript script_;
  std::atomic<bool> released_{false};
};
INSTANTIATE_TEST_SUITE_P(Everywhere, AdmissionTest,
                         ::testing::ValuesIn(chains::testing::AllPlacements()),
                         chains::testing::PlacementName);

TEST_P(AdmissionTest, AFullQueueIsForTheCallThatMattersMore) {
  auto running = Start({.concurrency_limit = 1, .max_queued = 1});
  const Outcomes outcomes = Call(*running, {2, 6});
  EXPECT_TRUE(outcomes[0].ok()) << outcomes[0].status();
  EXPECT_EQ(outcomes[1].status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_TRUE(outcomes[2].ok()) << outcomes[2].status();
}

TEST_P(AdmissionTest, ARefusalSaysWhenToComeAgainAndWhoRefused) {
  auto running = Start({.concurrency_limit = 1, .max_queued = 1});
  const Outcomes outcomes = Call(*running, {4, 4});
  int refused = 0;
  for (const absl::StatusOr<LeafReply>& outcome : outcomes) {
    if (outcome.ok()) continue;
    ++refused;
    EXPECT_THAT(std::string(outcome.status().message()), HasSubstr("zoo.Leaf is full"));
    EXPECT_GT(chains::RetryAfterOf(outcome.status()).value_or(absl::ZeroDuration()),
              absl::ZeroDuration());
    EXPECT_EQ(chains::PathOf(outcome.status()).size(), 1u);
  }
  EXPECT_EQ(refused, 1);
}

TEST_P(AdmissionTest, OnTrialEverybodyGetsIn) {
  auto running = Start({.concurrency_limit = 1, .max_queued = 1, .dry_run = true});
  for (const absl::StatusOr<LeafReply>& outcome : Call(*running, {2, 6, 4, 4})) {
    EXPECT_TRUE(outcome.ok()) << outcome.status();
  }
  EXPECT_GE(script_.most_running, 2);
}

TEST_P(AdmissionTest, AnAdaptiveLimitBeginsLowAndAnswersAll) {
  released_ = true;
  auto running = Start({.adaptive = {.on = true, .min = 2, .max = 16}});
  const Outcomes outcomes = Call(*running, std::vector<int>(100, 4));
  for (const absl::StatusOr<LeafReply>& outcome : outcomes) {
    EXPECT_TRUE(outcome.ok()) << outcome.status();
  }
  EXPECT_LE(script_.most_running, 16);
}

}  // namespace
}  // namespace zoo
