// What follows from a valid chain: queues and reactors.
#include "chains/chain/spec.h"

#include <gtest/gtest.h>

#include "shop.chains.h"
#include "specs.h"

namespace chains::internal {
namespace {

using tests::shop::Clerk;
using tests::shop::Pricer;
using tests::shop::Till;

TEST(SpecTest, AQueueHoldsWhatCallersMayHaveInFlight) {
  ChainSpec chain =
      ChainOf({ChainletAt<Clerk>(3, {On<Pricer>()}),
               ChainletAt<Till>(4, {On<Pricer>({.max_in_flight = 50})}), ChainletAt<Pricer>(5)});
  chain.chainlets[1].autoscaling.max_replica = 4;
  EXPECT_EQ(QueueOf(chain, chain.chainlets[2]), 300 + 4 * 50);
  EXPECT_EQ(QueueOf(chain, chain.chainlets[0]), 256);
  chain.chainlets[2].limits.max_queued = 7;
  EXPECT_EQ(QueueOf(chain, chain.chainlets[2]), 7);
}

TEST(SpecTest, AReplicaHasAReactorForEachCpuUpToItsSmallestLimit) {
  ChainSpec chain =
      ChainOf({ChainletAt<Clerk>(3, {On<Pricer>({.max_in_flight = 5})}), ChainletAt<Pricer>(5)});
  const ChainletSpec* clerk = &chain.chainlets[0];
  const ChainletSpec* pricer = &chain.chainlets[1];
  EXPECT_EQ(ReactorsOf(chain, {clerk, pricer}), 2);
  chain.chainlets[0].resources.cpus = 0.1;
  EXPECT_EQ(ReactorsOf(chain, {clerk}), 1);
  chain.chainlets[0].resources.cpus = 8;
  EXPECT_EQ(ReactorsOf(chain, {clerk}), 5);
  chain.chainlets[1].resources.cpus = 8;
  EXPECT_EQ(ReactorsOf(chain, {pricer}), 8);
  chain.chainlets[1].limits.concurrency_limit = 3;
  EXPECT_EQ(ReactorsOf(chain, {clerk, pricer}), 3);
}

}  // namespace
}  // namespace chains::internal
