// Who stops waiting stops all that was done for it, through three chainlets, wherever they run.
// That it does so within one round trip is shown by a second call, on the heels of the one that was
// dropped: when it has been to the last chainlet and back, nothing of the other is left.
#include <memory>
#include <optional>
#include <stop_token>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "chains/chain/running_chain.h"
#include "chains/core/blocking.h"
#include "chains/core/started.h"
#include "chains/testing/placements.h"
#include "chains/testing/probe.h"
#include "zoo.h"

namespace zoo {
namespace {

using chains::RunningChain;
using chains::Task;
using chains::testing::SharedProbe;

// What a Leaf does with these numbers; others are answered at once.
constexpr int kSleeps = -1;
constexpr int kBlocks = -2;
constexpr int kFails = -3;
constexpr int kWaitsForRelease = -4;

// Runs calls of one Leaf that stays, and of one that fails, together.
class Fan final : public Root {
 public:
  explicit Fan(Leaf& leaf) : leaf_(leaf) {}
  Task<RootReply> RunRemote(RootRequest request) override {
    std::vector<Task<LeafReply>> calls;
    calls.push_back(leaf_.RunRemote(Number(request.number())));
    if (request.calls() > 1) calls.push_back(leaf_.RunRemote(Number(kFails)));
    if (request.calls() > 2) {
      std::vector<absl::StatusOr<LeafReply>> outcomes =
          co_await chains::AllSettled(std::move(calls));
      RootReply reply;
      for (const absl::StatusOr<LeafReply>& each : outcomes) {
        reply.set_result(reply.result() + (each.ok() ? 1 : 0));
      }
      co_return reply;
    }
    co_await chains::All(std::move(calls));
    co_return RootReply();
  }

 private:
  Leaf& leaf_;
};
constexpr int kAlone = 1;
constexpr int kAll = 2;
constexpr int kAllSettled = 3;

class LeavingTest : public ::testing::TestWithParam<chains::Placement> {
 protected:
  LeavingTest() {
    script_.answer = [this](LeafRequest request) { return Answer(request.number()); };
    chains::Chain chain("zoo");
    chain.Add<ScriptedLeaf>(Script(script_));
    chain.Add<Fan>(chains::Needs<Leaf>{});
    chain.Add<TopObject>(chains::Needs<Root>{}).Entrypoint();
    running_ = *RunningChain::Start(chain, GetParam());
  }

  Task<LeafReply> Answer(int number) {
    if (number >= 0) co_return NumberReply(number);
    if (number == kFails) {
      co_await began_.AtLeast(1);
      co_return absl::DataLossError("the sibling");
    }
    if (number != kBlocks) began_.Arrive();
    if (number == kSleeps) co_await chains::Sleep(absl::Hours(1));
    if (number == kWaitsForRelease) co_await release_.AtLeast(1);
    if (number == kBlocks) {
      co_await chains::Blocking([this](const std::stop_token& stop) {
        began_.Arrive();
        SharedProbe told;
        const std::stop_callback tell(stop, [&told] { told.Arrive(); });
        told.BlockUntil(1);
        stopped_.Arrive();
      });
    }
    co_return LeafReply();
  }

  // How many calls of the Leaf still run when a call has been there and back that was made right
  // after a call of `number` was dropped.
  absl::StatusOr<int> RunningAfterLeaving(int number) {
    auto leave = [this, number](Top& top) -> Task<int> {
      std::optional<chains::Started<RootReply>> call =
          co_await chains::Start(top.RunRemote(Calls(kAlone, number)));
      co_await began_.AtLeast(1);
      EXPECT_EQ(script_.running, 1);
      call.reset();
      co_await top.RunRemote(Calls(kAlone, 1));
      co_return script_.running;
    };
    return running_->Run<Top>(leave);
  }

  LeafScript script_;
  SharedProbe began_, release_, stopped_;
  std::unique_ptr<RunningChain> running_;
};
INSTANTIATE_TEST_SUITE_P(Everywhere, LeavingTest,
                         ::testing::ValuesIn(chains::testing::AllPlacements()),
                         chains::testing::PlacementName);

TEST_P(LeavingTest, AClientThatLeavesStopsTheSubtreeWithinARoundTrip) {
  const absl::StatusOr<int> left = RunningAfterLeaving(kSleeps);
  ASSERT_TRUE(left.ok()) << left.status();
  EXPECT_EQ(*left, 0);
  EXPECT_EQ(script_.finished, 2);  // what came after
}

TEST_P(LeavingTest, BlockingWorkIsAskedToStopWithinARoundTrip) {
  ASSERT_TRUE(RunningAfterLeaving(kBlocks).ok());
  stopped_.BlockUntil(1);
  running_.reset();
  EXPECT_EQ(script_.running, 0);
  EXPECT_EQ(script_.finished, 2);
}

TEST_P(LeavingTest, TheFirstFailureInAllStopsTheSiblings) {
  auto fail = [this](Top& top) -> Task<int> {
    absl::StatusOr<RootReply> reply = co_await chains::Outcome(top.RunRemote(Calls(kAll, kSleeps)));
    EXPECT_EQ(reply.status().code(), absl::StatusCode::kDataLoss);
    co_await top.RunRemote(Calls(kAlone, 1));
    co_return script_.running;
  };
  const absl::StatusOr<int> left = running_->Run<Top>(fail);
  ASSERT_TRUE(left.ok()) << left.status();
  EXPECT_EQ(*left, 0);
}

TEST_P(LeavingTest, AFailureInAllSettledStopsNobody) {
  auto settle = [this](Root& root) -> Task<RootReply> {
    chains::Started<RootReply> call =
        co_await chains::Start(root.RunRemote(Calls(kAllSettled, kWaitsForRelease)));
    co_await began_.AtLeast(1);
    co_await root.RunRemote(Calls(kAlone, 1));  // by then the sibling has failed
    EXPECT_EQ(script_.running, 1);
    release_.Arrive();
    co_return co_await call.Result();
  };
  const absl::StatusOr<RootReply> reply = running_->Run<Root>(settle);
  ASSERT_TRUE(reply.ok()) << reply.status();
  EXPECT_EQ(reply->result(), 1);
}

TEST_P(LeavingTest, ADeadlineThatPassesStopsTheSubtree) {
  // Where everything is slow it may pass before the call arrives.
  while (script_.started == 0) {
    const chains::Context soon(absl::Now() + absl::Milliseconds(200), "", {});
    const absl::StatusOr<RootReply> reply =
        running_->Call(&Top::RunRemote, Calls(kAlone, kSleeps), soon);
    ASSERT_EQ(reply.status().code(), absl::StatusCode::kDeadlineExceeded) << reply.status();
  }
  ASSERT_TRUE(running_->Call(&Top::RunRemote, Calls(kAlone, 1)).ok());
  EXPECT_EQ(script_.running, 0);
}

}  // namespace
}  // namespace zoo
