#include "chains/chain/neighbours.h"

#include <atomic>
#include <memory>

#include <gtest/gtest.h>

#include "chains/grpc/run_on.h"

namespace chains::internal {
namespace {

google::protobuf::RepeatedPtrField<v1::Endpoints> At(const std::string& chainlet,
                                                     const std::string& address) {
  google::protobuf::RepeatedPtrField<v1::Endpoints> endpoints;
  endpoints.Add()->set_chainlet(chainlet);
  endpoints[0].add_replicas()->set_address(address);
  return endpoints;
}

Task<void> Nothing() { co_return; }

class NeighboursTest : public ::testing::Test {
 protected:
  ~NeighboursTest() override {
    one_.Stop();
    two_.Stop();
  }
  WorkerPool workers_;
  Reactor one_{workers_};
  Reactor two_{workers_};
  Neighbours neighbours_{nullptr};
};

TEST_F(NeighboursTest, OrdersAreFollowedOnceEveryReactorDoes) {
  const auto on_one = neighbours_.Connect(one_, "t.T");
  const auto on_two = neighbours_.Connect(two_, "t.T");
  std::atomic<bool> followed{false};
  one_.Start();
  neighbours_.Follow(At("t.T", "unix:/nowhere"), [&] { followed = true; });
  ASSERT_TRUE(RunOn(one_, Nothing).ok());
  EXPECT_EQ(static_cast<ElasticChannel&>(*on_one).ways(), 1u);
  EXPECT_FALSE(followed);
  two_.Start();
  ASSERT_TRUE(RunOn(two_, Nothing).ok());
  EXPECT_TRUE(followed);
  EXPECT_EQ(static_cast<ElasticChannel&>(*on_two).ways(), 1u);
}

TEST_F(NeighboursTest, AChainletThatIsNotNamedHasNoReplica) {
  const auto channel = neighbours_.Connect(one_, "t.T");
  const auto other = neighbours_.Connect(one_, "t.Other");
  one_.Start();
  neighbours_.Follow(At("t.T", "unix:/nowhere"), [] {});
  neighbours_.Follow(At("t.Other", "unix:/nowhere"), [] {});
  ASSERT_TRUE(RunOn(one_, Nothing).ok());
  EXPECT_EQ(static_cast<ElasticChannel&>(*channel).ways(), 0u);
  EXPECT_EQ(static_cast<ElasticChannel&>(*other).ways(), 1u);
}

TEST_F(NeighboursTest, WithoutAnyOrdersAreFollowedAtOnce) {
  bool followed = false;
  neighbours_.Follow(At("t.T", "unix:/nowhere"), [&] { followed = true; });
  EXPECT_TRUE(followed);
}

}  // namespace
}  // namespace chains::internal
