// MemoryPool: its bound, and what it keeps.
#include "chains/gpu/memory_pool.h"

#include <memory>
#include <set>

#include <gtest/gtest.h>

#include "chains/testing/status_matchers.h"

namespace chains::gpu {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::StatusIs;

class MemoryPoolTest : public ::testing::Test {
 protected:
  ~MemoryPoolTest() override {
    EXPECT_TRUE(there_.empty());
    EXPECT_EQ(used_.load(), 0);
    EXPECT_EQ(kept_.load(), 0);
  }

  MemoryPool Pool(int64_t limit) {
    MemoryPool::Source source;
    source.allocate = [this](int64_t bytes) -> absl::StatusOr<void*> {
      if (bytes > machine_) return absl::ResourceExhaustedError("the machine has no more");
      machine_ -= bytes;
      void* memory = &memory_[next_++];
      there_.insert(memory);
      sizes_[memory] = bytes;
      return memory;
    };
    source.free = [this](void* memory) {
      machine_ += sizes_[memory];
      EXPECT_EQ(there_.erase(memory), 1U);
      ++freed_;
    };
    return MemoryPool("pretended memory", limit, std::move(source), used_, kept_);
  }

  std::atomic<int64_t> used_{0};
  std::atomic<int64_t> kept_{0};
  int64_t machine_ = 1 << 30;
  char memory_[64] = {};
  int next_ = 0;
  int freed_ = 0;
  std::set<void*> there_;
  std::map<void*, int64_t> sizes_;
};

TEST_F(MemoryPoolTest, SizesGoInStepsOfAQuarter) {
  EXPECT_EQ(MemoryPool::SizeFor(1), 256);
  EXPECT_EQ(MemoryPool::SizeFor(256), 256);
  EXPECT_EQ(MemoryPool::SizeFor(257), 512);
  EXPECT_EQ(MemoryPool::SizeFor(1024), 1024);
  EXPECT_EQ(MemoryPool::SizeFor(4097), 5120);
  EXPECT_EQ(MemoryPool::SizeFor(5120), 5120);
  EXPECT_EQ(MemoryPool::SizeFor(7169), 8192);
  for (int64_t bytes = 1; bytes < (int64_t{1} << 50); bytes = bytes * 3 + 1) {
    EXPECT_GE(MemoryPool::SizeFor(bytes), bytes);
    EXPECT_LE(MemoryPool::SizeFor(bytes), bytes + bytes / 4 + 256);
  }
}

TEST_F(MemoryPoolTest, KeepsWhatIsGivenBackForTheNextOfItsSize) {
  MemoryPool pool = Pool(10'000);
  absl::StatusOr<MemoryPool::Block> first = pool.Take(1000);
  ASSERT_TRUE(first.ok());
  EXPECT_EQ(used_.load(), 1024);
  pool.Give(*first);
  EXPECT_EQ(used_.load(), 0);
  EXPECT_EQ(kept_.load(), 1024);
  absl::StatusOr<MemoryPool::Block> second = pool.Take(1024);
  ASSERT_TRUE(second.ok());
  EXPECT_EQ(second->memory, first->memory);
  EXPECT_EQ(kept_.load(), 0);
  pool.Give(*second);
}

TEST_F(MemoryPoolTest, RefusesWhatIsOverItsBound) {
  MemoryPool pool = Pool(4096);
  absl::StatusOr<MemoryPool::Block> block = pool.Take(3072);
  ASSERT_TRUE(block.ok());
  EXPECT_THAT(pool.Take(2048), StatusIs(absl::StatusCode::kResourceExhausted,
                                        AllOf(HasSubstr("2048 bytes of pretended memory"),
                                              HasSubstr("of 4096"), HasSubstr("3072 are in use"))));
  EXPECT_TRUE(pool.Take(1024).ok());
  pool.Give(*block);
  pool.Give({.memory = &memory_[1], .bytes = 1024});
}

TEST_F(MemoryPoolTest, FreesWhatItKeepsWhenAnotherSizeNeedsTheRoom) {
  MemoryPool pool = Pool(4096);
  pool.Give(*pool.Take(3072));
  absl::StatusOr<MemoryPool::Block> other = pool.Take(2048);
  ASSERT_TRUE(other.ok()) << other.status();
  EXPECT_EQ(freed_, 1);
  pool.Give(*other);
}

TEST_F(MemoryPoolTest, FreesWhatItKeepsWhenTheMachineHasNoMore) {
  machine_ = 4096;
  MemoryPool pool = Pool(1 << 20);
  pool.Give(*pool.Take(3072));
  absl::StatusOr<MemoryPool::Block> other = pool.Take(2048);
  ASSERT_TRUE(other.ok()) << other.status();
  EXPECT_THAT(pool.Take(4096),
              StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("machine")));
  pool.Give(*other);
}

TEST_F(MemoryPoolTest, RefusesNothingAndMoreThanNumbersCanTell) {
  MemoryPool pool = Pool(INT64_MAX);
  EXPECT_THAT(pool.Take(0), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(pool.Take(-5), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(pool.Take(INT64_MAX), StatusIs(absl::StatusCode::kResourceExhausted));
}

}  // namespace
}  // namespace chains::gpu
