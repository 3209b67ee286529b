#include "fetch/blocks.h"

#include <map>
#include <random>
#include <string>

#include <gtest/gtest.h>

namespace transcribe {
namespace {

using Keep = Blocks::Keep;

std::string At(Blocks& blocks, uint64_t offset, size_t count = 100) {
  std::string to(count, 0);
  to.resize(blocks.Copy(offset, to));
  return to;
}

TEST(BlocksTest, AreCopiedAsFarAsTheyGo) {
  Blocks blocks(100);
  blocks.Add(10, "abcdef", Keep::kWhileThereIsRoom);
  EXPECT_EQ(At(blocks, 9), "");
  EXPECT_EQ(At(blocks, 10), "abcdef");
  EXPECT_EQ(At(blocks, 12, 2), "cd");
  EXPECT_EQ(At(blocks, 15), "f");
  EXPECT_EQ(At(blocks, 16), "");
  EXPECT_EQ(blocks.NextKnown(0, 50), 10);
  EXPECT_EQ(blocks.NextKnown(0, 5), 5);
  EXPECT_EQ(blocks.NextKnown(16, 50), 50);
}

TEST(BlocksTest, DoNotReplaceWhatIsKnown) {
  Blocks blocks(100);
  blocks.Add(10, "abc", Keep::kAlways);
  blocks.Add(15, "fg", Keep::kAlways);
  blocks.Add(8, "XXXXXXXXXXX", Keep::kAlways);
  std::string all;
  while (all.size() < 11) all += At(blocks, 8 + all.size());
  EXPECT_EQ(all, "XXabcXXfgXX");
}

TEST(BlocksTest, ForgetTheOldestFirst) {
  Blocks blocks(10);
  blocks.Add(100, "always", Keep::kAlways);
  blocks.Add(0, "12345", Keep::kWhileThereIsRoom);
  blocks.Add(5, "67890", Keep::kWhileThereIsRoom);
  EXPECT_EQ(At(blocks, 0), "12345");
  blocks.Add(10, "x", Keep::kWhileThereIsRoom);
  EXPECT_EQ(At(blocks, 0), "");
  EXPECT_EQ(At(blocks, 5), "67890");
  EXPECT_EQ(At(blocks, 100), "always");
}

TEST(BlocksTest, KeepWhatIsLargerThanTheirRoomForOnce) {
  Blocks blocks(3);
  blocks.Add(0, "12345", Keep::kWhileThereIsRoom);
  EXPECT_EQ(At(blocks, 0), "12345");
}

TEST(BlocksTest, SayWhatWasTouched) {
  Blocks blocks(100);
  blocks.Add(0, "abc", Keep::kWhileThereIsRoom);
  blocks.Add(5, "fgh", Keep::kWhileThereIsRoom);
  At(blocks, 6);
  std::vector<Blocks::Block> touched = blocks.TakeTouched();
  ASSERT_EQ(touched.size(), 1);
  EXPECT_EQ(touched[0].offset, 5);
  EXPECT_EQ(touched[0].bytes, "fgh");
  EXPECT_TRUE(blocks.TakeTouched().empty());
}

TEST(BlocksTest, KeepWhatWasTouchedWhenTold) {
  Blocks blocks(6);
  blocks.Add(0, "abc", Keep::kWhileThereIsRoom);
  At(blocks, 0);
  blocks.KeepTouched();
  for (uint64_t offset = 10; offset < 50; offset += 5) {
    blocks.Add(offset, "xxxxx", Keep::kWhileThereIsRoom);
  }
  EXPECT_EQ(At(blocks, 0), "abc");
}

// Against the simplest thing that does the same.
TEST(BlocksTest, HoldWhatAMapOfBytesHolds) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  std::mt19937 random(seed);
  auto draw = [&](int to) { return std::uniform_int_distribution<int>(0, to)(random); };
  for (int round = 0; round < 200; ++round) {
    Blocks blocks(1 << 20);
    std::map<uint64_t, char> bytes;
    for (int i = 0; i < 30; ++i) {
      const auto offset = static_cast<uint64_t>(draw(100));
      const std::string some(static_cast<size_t>(draw(20)), static_cast<char>('a' + i % 26));
      blocks.Add(offset, some, draw(1) == 0 ? Keep::kAlways : Keep::kWhileThereIsRoom);
      for (size_t j = 0; j < some.size(); ++j) bytes.emplace(offset + j, some[j]);
    }
    for (uint64_t offset = 0; offset < 130; ++offset) {
      const std::string got = At(blocks, offset, 1);
      ASSERT_EQ(got, bytes.contains(offset) ? std::string(1, bytes[offset]) : "");
      const auto next = bytes.lower_bound(offset);
      if (got.empty()) {
        ASSERT_EQ(blocks.NextKnown(offset, 500), next == bytes.end() ? 500 : next->first);
      }
    }
  }
}

}  // namespace
}  // namespace transcribe
