// Faults that are asked for strike in every placement, below the policies that are to meet them.
#include <memory>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "chains/chain/running_chain.h"
#include "chains/contract/status_path.h"
#include "chains/testing/placements.h"
#include "zoo.h"

namespace zoo {
namespace {

using chains::RunningChain;
using ::testing::HasSubstr;

class FaultsInChainTest : public ::testing::TestWithParam<chains::Placement> {
 protected:
  std::unique_ptr<RunningChain> Start(const char* faults, int attempts = 1) {
    chains::Chain chain("zoo");
    chain.Add<ScriptedLeaf>(Script(script_));
    chain.Add<RootObject>(chains::Needs<Leaf>{.attempts = attempts}).Entrypoint();
    chains::LocalOptions options;
    options.faults = *chains::ParseFaults(faults);
    absl::StatusOr<std::unique_ptr<RunningChain>> running =
        RunningChain::Start(chain, GetParam(), std::move(options));
    EXPECT_TRUE(running.ok()) << running.status();
    return running.ok() ? *std::move(running) : nullptr;
  }

  LeafScript script_;
};
INSTANTIATE_TEST_SUITE_P(Everywhere, FaultsInChainTest,
                         ::testing::ValuesIn(chains::testing::AllPlacements()),
                         chains::testing::PlacementName);

TEST_P(FaultsInChainTest, FailTheCallsOfOneChainlet) {
  auto running = Start("Leaf: 100% RESOURCE_EXHAUSTED");
  const absl::StatusOr<RootReply> reply = running->Call(&Root::RunRemote, Calls(1, 7));
  EXPECT_EQ(reply.status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(std::string(reply.status().message()), HasSubstr("--fault"));
  EXPECT_EQ(script_.started, 0);
}

TEST_P(FaultsInChainTest, MeetTheAttemptsOfTheCaller) {
  // With 20 attempts the call fails once in a million times.
  auto running = Start("Leaf: 50% UNAVAILABLE", 20);
  const absl::StatusOr<RootReply> reply = running->Call(&Root::RunRemote, Calls(1, 7));
  ASSERT_TRUE(reply.ok()) << reply.status();
  EXPECT_EQ(reply->result(), 14);
}

TEST_P(FaultsInChainTest, LeaveOtherChainletsAlone) {
  auto running = Start("Top: 100% UNAVAILABLE");
  const absl::StatusOr<RootReply> reply = running->Call(&Root::RunRemote, Calls(2, 7));
  ASSERT_TRUE(reply.ok()) << reply.status();
  EXPECT_EQ(script_.finished, 2);
}

}  // namespace
}  // namespace zoo
