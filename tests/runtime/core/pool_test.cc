// Pooled memory: what is reused, by whom, and how much a thread keeps.
#include "chains/core/pool.h"

#include <memory>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "chains/core/wait.h"

namespace chains::internal {
namespace {

// Sanitizers see plain memory, of which none is kept.
bool IsPooled() {
  FreePooled(AllocatePooled(64), 64);
  return PooledBytes() > 0;
}

TEST(Pool, GivesAFreedBlockToTheNextOfItsSize) {
  if (!IsPooled()) GTEST_SKIP() << "this build has plain memory";
  void* const block = AllocatePooled(200);
  FreePooled(block, 200);
  EXPECT_NE(AllocatePooled(300), block);
  EXPECT_EQ(AllocatePooled(193), block);
}

TEST(Pool, TakesAnySize) {
  for (size_t size :
       {size_t{0}, size_t{1}, size_t{64}, size_t{4096}, size_t{4097}, size_t{1} << 20}) {
    void* const block = AllocatePooled(size);
    ASSERT_NE(block, nullptr);
    FreePooled(block, size);
  }
}

TEST(Pool, KeepsNoMoreThanItsBound) {
  std::vector<void*> blocks;
  for (size_t bytes = 0; bytes < 2 * kMaxPooledBytes; bytes += 4096) {
    blocks.push_back(AllocatePooled(4096));
  }
  for (void* block : blocks) FreePooled(block, 4096);
  EXPECT_LE(PooledBytes(), kMaxPooledBytes);
}

TEST(Pool, BlocksMayBeFreedByAnotherThread) {
  void* const block = AllocatePooled(512);
  std::thread([block] {
    FreePooled(block, 512);
    EXPECT_LE(PooledBytes(), 512u);
  }).join();
}

// Frees when the thread's own cleaning is over, as other thread_local objects may.
struct FreesAtExit {
  ~FreesAtExit() {
    if (block != nullptr) FreePooled(block, 64);
  }
  void* block = nullptr;
};

TEST(Pool, BlocksMayBeFreedWhileTheirThreadEnds) {
  std::thread([] {
    static thread_local FreesAtExit last;  // made first, so destroyed after the pool's own cleaner
    last.block = AllocatePooled(64);
    FreePooled(AllocatePooled(128), 128);
  }).join();
}

Task<int> Twice(int value) { co_return 2 * value; }

Task<int> Sum() {
  int sum = 0;
  for (int i = 0; i < 100; ++i) {
    const int twice = co_await Twice(i);
    sum += twice;
  }
  co_return sum;
}

// On a thread whose pool is far from its bound, whatever other tests left in this one's.
TEST(Pool, FramesOfCoroutinesGoBackToIt) {
  std::thread([] {
    ASSERT_EQ(*Wait(Sum()), 9900);  // what it needs is in the pool from here on
    const size_t kept = PooledBytes();
    ASSERT_EQ(*Wait(Sum()), 9900);
    EXPECT_EQ(PooledBytes(), kept);
  }).join();
}

TEST(Pool, SharesWhatItMakes) {
  std::shared_ptr<std::vector<int>> values = MakePooled<std::vector<int>>(3, 7);
  EXPECT_EQ(*values, std::vector<int>({7, 7, 7}));
}

}  // namespace
}  // namespace chains::internal
