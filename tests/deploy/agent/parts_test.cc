#include <array>
#include <csignal>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <string>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "deploy/agent/backoff.h"
#include "deploy/agent/fd_poller.h"
#include "deploy/agent/memory_kills.h"
#include "deploy/agent/output_copy.h"
#include "deploy/agent/output_ring.h"
#include "deploy/logs/last_lines.h"
#include "tests/deploy/temp_folder.h"

namespace chains::deploy {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;

TEST(OutputRingTest, WhatDoesNotFitIsForgottenAndItShows) {
  OutputRing ring(4);
  ring.Append("abc");
  EXPECT_EQ(ring.From(1, 10), "bc");
  EXPECT_EQ(ring.From(0, 2), "ab");
  EXPECT_EQ(ring.From(3, 10), "");
  EXPECT_EQ(ring.From(100, 10), "");
  ring.Append("0123456789");
  EXPECT_EQ(ring.end(), 13u);
  EXPECT_GE(ring.first(), 5u);
  EXPECT_EQ(ring.From(0, 100), std::string("abc0123456789").substr(ring.first()));
  EXPECT_EQ(ring.Tail(2), "89");
}

TEST(OutputRingTest, WhatIsKeptDoesNotGoBackOrBeyondTheEnd) {
  OutputRing ring(10);
  ring.Append("abcdef");
  ring.Keep(4);
  ring.Keep(2);
  EXPECT_EQ(ring.kept(), 4u);
  ring.Keep(1000);
  EXPECT_EQ(ring.kept(), 6u);
}

TEST(LastLinesTest, OfBytesTheyAreTheLast) {
  EXPECT_THAT(LastLinesOf("one\ntwo\nthree", 2), ElementsAre("two", "three"));
}

TEST(BackoffTest, ItDoublesUpToASecond) {
  Backoff backoff;
  EXPECT_EQ(backoff.Next(), absl::Milliseconds(50));
  EXPECT_EQ(backoff.Next(), absl::Milliseconds(100));
  for (int i = 0; i < 10; ++i) backoff.Next();
  EXPECT_EQ(backoff.Next(), absl::Seconds(1));
  backoff.Reset();
  EXPECT_EQ(backoff.Next(), absl::Milliseconds(50));
}

class MemoryKillsTest : public ::testing::Test {
 protected:
  void Write(const std::string& path, const std::string& text) const {
    fs::create_directories((folder_ / path).parent_path());
    std::ofstream(folder_ / path) << text;
  }
  int64_t Kills() const { return MemoryKills(folder_ / "proc", folder_ / "mount"); }
  const TempFolder folder_;
};

TEST_F(MemoryKillsTest, OfVersion2) {
  Write("proc", "0::/kubepods/pod1\n");
  Write("mount/kubepods/pod1/memory.events", "low 0\nhigh 3\nmax 9\noom 2\noom_kill 2\n");
  EXPECT_EQ(Kills(), 2);
}

TEST_F(MemoryKillsTest, OfAContainerThatSeesItselfAsTheRoot) {
  Write("proc", "0::/\n");
  Write("mount/memory.events", "oom 1\noom_kill 1\n");
  EXPECT_EQ(Kills(), 1);
}

TEST_F(MemoryKillsTest, OfVersion1) {
  Write("proc", "5:cpu,cpuacct:/a\n4:memory:/kubepods/pod1\n");
  Write("mount/memory/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 4\n");
  EXPECT_EQ(Kills(), 4);
}

TEST_F(MemoryKillsTest, OfNothingThereAreNone) {
  EXPECT_EQ(Kills(), 0);
  EXPECT_GE(MemoryKills(), 0);
}

class PipeTest : public ::testing::Test {
 protected:
  PipeTest() { EXPECT_EQ(pipe2(ends_.data(), O_CLOEXEC | O_NONBLOCK), 0); }
  ~PipeTest() override {
    close(ends_[0]);
    close(ends_[1]);
  }
  std::string ReadAll() const {
    std::string all;
    std::array<char, 4096> buffer;
    ssize_t count = 0;
    while ((count = read(ends_[0], buffer.data(), buffer.size())) > 0) {
      all.append(buffer.data(), static_cast<size_t>(count));
    }
    return all;
  }
  std::array<int, 2> ends_{};
  FdPoller poller_;
};

TEST_F(PipeTest, WhoIsForgottenIsNotCalledThoughItIsReady) {
  int calls = 0;
  ASSERT_TRUE(poller_.Watch(ends_[0], FdPoller::kReadable, [&] { ++calls; }));
  EXPECT_EQ(poller_.Poll(), 0);
  ASSERT_EQ(write(ends_[1], "x", 1), 1);
  EXPECT_EQ(poller_.Poll(), 1);
  EXPECT_EQ(poller_.Poll(), 1);  // nobody has read it
  EXPECT_EQ(calls, 2);
  poller_.Forget(ends_[0]);
  EXPECT_EQ(poller_.Poll(), 0);
}

TEST_F(PipeTest, WhoForgetsItselfWhileItIsCalledIsCalledNoMore) {
  int calls = 0;
  poller_.Watch(ends_[1], FdPoller::kWritable, [&] {
    poller_.Forget(ends_[1]);
    ++calls;
  });
  poller_.Poll();
  poller_.Poll();
  EXPECT_EQ(calls, 1);
}

TEST_F(PipeTest, ACopyWaitsForItsReaderWithoutHoldingUpTheLoop) {
  OutputCopy copy(poller_, ends_[1]);
  int rooms = 0;
  copy.WhenRoom([&] { ++rooms; });
  std::string all, read;
  while (!copy.full()) {
    const std::string piece(10'000, static_cast<char>('a' + all.size() / 10'000 % 26));
    copy.Write(piece);
    all += piece;
  }
  EXPECT_EQ(poller_.Poll(), 0);  // nobody reads
  EXPECT_EQ(rooms, 0);
  while (read.size() < all.size()) {
    const std::string more = ReadAll();
    read += more;
    const int called = poller_.Poll();
    ASSERT_TRUE(!more.empty() || called > 0) << read.size() << " of " << all.size();
  }
  EXPECT_EQ(read, all);
  EXPECT_EQ(rooms, 1);
  EXPECT_EQ(poller_.Poll(), 0);
}

TEST_F(PipeTest, ACopyThatNobodyReadsAnyMoreIsDropped) {
  signal(SIGPIPE, SIG_IGN);
  OutputCopy copy(poller_, ends_[1]);
  close(ends_[0]);
  ends_[0] = -1;
  for (int i = 0; i < 100; ++i) copy.Write(std::string(10'000, 'x'));
  EXPECT_FALSE(copy.full());
}

}  // namespace
}  // namespace chains::deploy
