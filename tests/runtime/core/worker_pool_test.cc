// WorkerPool: threads, a bounded queue, and an orderly end.
#include "chains/core/worker_pool.h"

#include <algorithm>
#include <atomic>
#include <memory>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "chains/testing/probe.h"

namespace chains {
namespace {

using testing::SharedProbe;

TEST(WorkerPoolTest, RunsWhatIsQueuedBeforeItEnds) {
  std::atomic<int> ran = 0;
  {
    WorkerPool pool({.threads = 2});
    for (int i = 0; i < 1000; ++i) ASSERT_TRUE(pool.Submit([&] { ++ran; }));
  }
  EXPECT_EQ(ran, 1000);
}

TEST(WorkerPoolTest, EndsAtOnceWhenItNeverWorked) { WorkerPool pool; }

TEST(WorkerPoolTest, HasAsManyThreadsAsTheMachineByDefault) {
  EXPECT_EQ(WorkerPool().options().threads, std::max(1u, std::thread::hardware_concurrency()));
}

TEST(WorkerPoolTest, WorksOnAsManyThreadsAsItHas) {
  SharedProbe started;
  SharedProbe release;
  WorkerPool pool({.threads = 3});
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(pool.Submit([&] {
      started.Arrive();
      release.BlockUntil(1);
    }));
  }
  started.BlockUntil(3);  // all at once
  release.Arrive();
}

TEST(WorkerPoolTest, HasNoMoreThreadsThanItMay) {
  std::mutex mutex;
  std::set<std::thread::id> threads;
  {
    WorkerPool pool({.threads = 2});
    for (int i = 0; i < 200; ++i) {
      ASSERT_TRUE(pool.Submit([&] {
        std::lock_guard lock(mutex);
        threads.insert(std::this_thread::get_id());
      }));
    }
  }
  EXPECT_LE(threads.size(), 2u);
}

TEST(WorkerPoolTest, RefusesWhatDoesNotFitAndForgetsIt) {
  SharedProbe started;
  SharedProbe release;
  WorkerPool pool({.threads = 1, .max_queued = 1});
  auto waits = [&] {
    started.Arrive();
    release.BlockUntil(1);
  };
  ASSERT_TRUE(pool.Submit(waits));
  started.BlockUntil(1);
  ASSERT_TRUE(pool.Submit(waits));
  auto held = std::make_shared<int>(1);
  std::weak_ptr<int> watched = held;
  EXPECT_FALSE(pool.Submit([held = std::move(held)] {}));
  EXPECT_TRUE(watched.expired());
  release.Arrive();
  started.BlockUntil(2);
}

TEST(WorkerPoolTest, DestroysWorkOnItsThreadBeforeItTakesMore) {
  bool destroyed = false;
  class Sets {
   public:
    explicit Sets(bool& flag) : flag_(flag) {}
    ~Sets() { flag_ = true; }

   private:
    bool& flag_;
  };
  bool seen = false;
  {
    WorkerPool pool({.threads = 1});
    auto held = std::make_shared<Sets>(destroyed);
    ASSERT_TRUE(pool.Submit([held = std::move(held)] {}));
    ASSERT_TRUE(pool.Submit([&] { seen = destroyed; }));
  }
  EXPECT_TRUE(seen);
}

TEST(WorkerPoolTest, TakesWorkFromManyThreads) {
  std::atomic<int> ran = 0;
  {
    WorkerPool pool({.threads = 4, .max_queued = 100'000});
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&] {
        for (int i = 0; i < 1000; ++i) EXPECT_TRUE(pool.Submit([&] { ++ran; }));
      });
    }
    for (std::thread& thread : threads) thread.join();
  }
  EXPECT_EQ(ran, 4000);
}

}  // namespace
}  // namespace chains
