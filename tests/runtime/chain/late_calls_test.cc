// A chainlet that learned how long it takes refuses at once who has less time, wherever it runs.
#include <memory>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "chains/chain/running_chain.h"
#include "chains/testing/placements.h"
#include "zoo.h"

namespace zoo {
namespace {

using ::testing::HasSubstr;

constexpr absl::Duration kTakes = absl::Milliseconds(25);
constexpr absl::Duration kLimit = absl::Seconds(40);  // of a test, on a busy machine

class LateCallsInAChainTest : public ::testing::TestWithParam<chains::Placement> {
 protected:
  void Start(chains::Limits limits) {
    script_.answer = [](LeafRequest request) -> chains::Task<LeafReply> {
      co_await chains::Sleep(kTakes);
      co_return NumberReply(request.number());
    };
    chains::Chain chain("zoo");
    chain.Add<ScriptedLeaf>(Script(script_), limits);
    // The Root takes as long, and is to leave it to the Leaf.
    const chains::Limits lenient = {.late_calls = chains::LateCalls::kAllow};
    chain.Add<RootObject>(chains::Needs<Leaf>{}, lenient).Entrypoint();
    running_ = *chains::RunningChain::Start(chain, GetParam());
  }
  absl::Status CallWithin(absl::Duration timeout) {
    return running_
        ->Call(&Root::RunRemote, Calls(1, 5), chains::Context(absl::Now() + timeout, "", {}))
        .status();
  }

  LeafScript script_;
  std::unique_ptr<chains::RunningChain> running_;
};
INSTANTIATE_TEST_SUITE_P(Everywhere, LateCallsInAChainTest,
                         ::testing::ValuesIn(chains::testing::AllPlacements()),
                         chains::testing::PlacementName);

TEST_P(LateCallsInAChainTest, AreRefusedOnceItKnows) {
  Start({});
  const absl::Time end = absl::Now() + kLimit;
  std::string said;
  int before = 0;
  while (said.find("was not begun") == std::string::npos && absl::Now() < end) {
    ASSERT_TRUE(CallWithin(kLimit).ok());
    before = script_.started;
    said = std::string(CallWithin(kTakes / 2).message());
  }
  EXPECT_THAT(said, HasSubstr("zoo.Leaf.RunRemote was not begun"));
  EXPECT_EQ(script_.started, before);
}

TEST_P(LateCallsInAChainTest, AreNeverRefusedByAChainletOnTrial) {
  Start({.dry_run = true});
  for (int i = 0; i < 12; ++i) {
    ASSERT_TRUE(CallWithin(kLimit).ok());
    EXPECT_THAT(std::string(CallWithin(kTakes / 2).message()),
                ::testing::Not(HasSubstr("was not begun")));
  }
}

}  // namespace
}  // namespace zoo
