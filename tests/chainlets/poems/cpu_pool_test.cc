#include <atomic>
#include <chrono>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "phi/cpu/pool.h"

namespace poems::phi::cpu {
namespace {

TEST(CpuPoolTest, DoesEveryItemOnceAndReturnsAfterAll) {
  for (const int threads : {1, 2, 5}) {
    Pool pool(threads);
    EXPECT_EQ(pool.threads(), threads);
    for (int round = 0; round < 2000; ++round) {
      const int items = round % 17;
      std::vector<int> times(static_cast<size_t>(items));  // not atomic: tools see a race
      pool.For(items, [&](int64_t item, int worker) {
        ASSERT_GE(worker, 0);
        ASSERT_LT(worker, threads);
        ++times[static_cast<size_t>(item)];
      });
      ASSERT_THAT(times, testing::Each(1));
    }
  }
}

TEST(CpuPoolTest, ItemsRunAtTheSameTimeWithDifferentWorkers) {
  Pool pool(3);
  std::atomic<int> waiting = 0;
  std::mutex mutex;
  std::set<int> workers;
  // Each waits until all have begun, so no thread can do two.
  pool.For(3, [&](int64_t, int worker) {
    ++waiting;
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (waiting < 3 && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
    const std::lock_guard lock(mutex);
    workers.insert(worker);
  });
  EXPECT_THAT(workers, testing::ElementsAre(0, 1, 2));
}

TEST(CpuPoolTest, WakesThreadsThatHaveGoneToSleep) {
  Pool pool(2);
  for (int round = 0; round < 20; ++round) {
    // Long enough without work to sleep, by the clock of this thread alone.
    const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(2);
    while (std::chrono::steady_clock::now() < end) std::this_thread::yield();
    std::atomic<int> begun = 0;
    pool.For(2, [&](int64_t, int) {
      ++begun;
      const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
      while (begun < 2 && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
    });
    ASSERT_EQ(begun, 2);
  }
}

TEST(CpuPoolTest, EndsWithoutHavingWorked) {
  for (int i = 0; i < 50; ++i) const Pool pool(4);
}

}  // namespace
}  // namespace poems::phi::cpu
