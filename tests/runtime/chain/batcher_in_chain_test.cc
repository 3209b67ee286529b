// A Batcher that the reactors of a process share.
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "chains/batch/batcher.h"
#include "chains/chain/client.h"
#include "chains/chain/replica.h"
#include "chains/chain/running_chain.h"
#include "chains/testing/placements.h"
#include "zoo.h"

namespace zoo {
namespace {

using Doubler = chains::Batcher<int, int>;

class BatchedLeaf final : public Leaf {
 public:
  explicit BatchedLeaf(Doubler& doubler) : doubler_(doubler) {}
  chains::Task<LeafReply> RunRemote(LeafRequest request) override {
    LeafReply reply;
    reply.set_number(co_await doubler_.Run(request.number()));
    co_return reply;
  }
  chains::Task<LeafReply> Once(LeafRequest request) override { return RunRemote(request); }
  chains::Stream<LeafReply> Count(LeafRequest) override { co_return; }
  chains::Task<LeafReply> Sum(chains::Stream<LeafRequest>) override { co_return LeafReply(); }
  chains::Stream<LeafReply> Double(chains::Stream<LeafRequest>) override { co_return; }

 private:
  Doubler& doubler_;
};

// What batches were made of.
class Sizes {
 public:
  void Add(size_t size) {
    std::lock_guard lock(mutex_);
    sizes_.push_back(size);
  }
  std::vector<size_t> all() const {
    std::lock_guard lock(mutex_);
    return sizes_;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<size_t> sizes_;
};

chains::Shared<Doubler> MakeDoubler(Sizes& sizes, chains::BatchOptions options) {
  return chains::Shared<Doubler>([&sizes, options](const chains::DeploymentContext&) {
    return Doubler::Create(options, [&sizes](const std::vector<int>& requests) {
      sizes.Add(requests.size());
      Doubler::Replies replies;
      for (int request : requests) replies.push_back(2 * request);
      return replies;
    });
  });
}

TEST(BatcherInChainTest, CallsOfAllReactorsOfAProcessAreOneBatch) {
  Sizes sizes;
  chains::Chain chain("zoo");
  chain
      .Add<BatchedLeaf>(MakeDoubler(sizes, {.max_batch = 8, .max_wait = absl::Seconds(60)}),
                        chains::Resources{.cpus = 4})
      .Entrypoint();
  chains::WorkerPool workers;
  chains::internal::Replica::Options options;
  options.max_reactors = 4;
  auto replica = chains::internal::Replica::Listen(chain.spec(), options, workers);
  ASSERT_TRUE(replica.ok()) << replica.status();
  ASSERT_TRUE((*replica)->Start({}).ok());
  std::vector<std::jthread> callers;
  for (int i = 0; i < 8; ++i) {
    callers.emplace_back([&, i] {
      chains::Client<Leaf> client((*replica)->addresses().front());
      absl::StatusOr<LeafReply> reply = client.Call(&Leaf::RunRemote, Number(i));
      ASSERT_TRUE(reply.ok()) << reply.status();
      EXPECT_EQ(reply->number(), 2 * i);
    });
  }
  callers.clear();
  EXPECT_THAT(sizes.all(), ::testing::ElementsAre(8));
}

class BatcherPlacementTest : public ::testing::TestWithParam<chains::Placement> {};

TEST_P(BatcherPlacementTest, IsTheSameInEveryPlacement) {
  Sizes sizes;
  chains::Chain chain("zoo");
  chain.Add<BatchedLeaf>(MakeDoubler(sizes, {.max_wait = absl::Milliseconds(1)})).Entrypoint();
  for (int round = 0; round < 2; ++round) {  // the second on other reactors
    auto running = chains::RunningChain::Start(chain, GetParam());
    ASSERT_TRUE(running.ok()) << running.status();
    absl::StatusOr<LeafReply> reply = (*running)->Call(&Leaf::RunRemote, Number(21));
    ASSERT_TRUE(reply.ok()) << reply.status();
    EXPECT_EQ(reply->number(), 42);
  }
  EXPECT_THAT(sizes.all(), ::testing::ElementsAre(1, 1));
}

INSTANTIATE_TEST_SUITE_P(Everywhere, BatcherPlacementTest,
                         ::testing::ValuesIn(chains::testing::AllPlacements()),
                         chains::testing::PlacementName);

}  // namespace
}  // namespace zoo
