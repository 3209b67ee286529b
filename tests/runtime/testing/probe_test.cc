// Probe and SharedProbe: waiting for the n-th arrival, on one loop and from any thread.
#include "chains/testing/probe.h"

#include <memory>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "chains/testing/status_matchers.h"
#include "chains/testing/testing.h"

namespace chains::testing {
namespace {

template <typename AnyProbe>
Task<int> Waits(AnyProbe& probe, int count) {
  co_await probe.AtLeast(count);
  co_return count;
}

template <typename AnyProbe>
class ProbeTest : public ::testing::Test {
 protected:
  FakeClock clock_;
  AnyProbe probe_;
};
using Probes = ::testing::Types<Probe, SharedProbe>;
TYPED_TEST_SUITE(ProbeTest, Probes);

TYPED_TEST(ProbeTest, WaitsForTheNthArrival) {
  Running<int> one(this->clock_, Waits(this->probe_, 1));
  Running<int> two(this->clock_, Waits(this->probe_, 2));
  this->clock_.Settle();
  EXPECT_FALSE(one.done());
  this->probe_.Arrive();
  this->clock_.Settle();
  EXPECT_TRUE(one.done());
  EXPECT_FALSE(two.done());
  this->probe_.Arrive();
  this->clock_.Settle();
  EXPECT_TRUE(two.done());
  EXPECT_EQ(this->probe_.arrived(), 2u);
}

TYPED_TEST(ProbeTest, DoesNotWaitForWhatHasArrived) {
  this->probe_.Arrive();
  EXPECT_THAT(Wait(Waits(this->probe_, 1), this->clock_), IsOkAndHolds(1));
  EXPECT_THAT(Wait(Waits(this->probe_, 0), this->clock_), IsOkAndHolds(0));
}

TYPED_TEST(ProbeTest, ForgetsWhoIsDropped) {
  {
    Running<int> dropped(this->clock_, Waits(this->probe_, 1));
    Running<int> dropped_after_arrival(this->clock_, Waits(this->probe_, 1));
    this->clock_.Settle();
    this->probe_.Arrive();
  }
  this->clock_.Settle();
  EXPECT_EQ(this->probe_.arrived(), 1u);
}

TEST(SharedProbeTest, IsReachedFromOtherThreads) {
  FakeClock clock;
  SharedProbe probe;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int j = 0; j < 100; ++j) probe.Arrive();
    });
  }
  EXPECT_THAT(Wait(Waits(probe, 400), clock), IsOkAndHolds(400));
  probe.BlockUntil(400);
  for (std::thread& thread : threads) thread.join();
}

TEST(SharedProbeTest, ALoopMayEndWhileOthersArrive) {
  for (int i = 0; i < 200; ++i) {
    SharedProbe probe;
    std::thread arrives([&] {
      probe.Arrive();
      probe.Arrive();
    });
    {
      FakeClock clock;
      EXPECT_THAT(Wait(Waits(probe, 1), clock), IsOk());
      Running<int> dropped(clock, Waits(probe, 3));
    }
    arrives.join();
  }
}

}  // namespace
}  // namespace chains::testing
