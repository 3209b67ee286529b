#include "chains/chain/vitals.h"

#include <filesystem>
#include <fstream>
#include <string>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "chains/chain/vitals_monitor.h"
#include "chains/contract/push_back.h"
#include "chains/core/text.h"
#include "chains/testing/fake_clock.h"

namespace chains::internal {
namespace {

using ::testing::HasSubstr;

constexpr uint64_t kMiB = uint64_t{1} << 20;

Vitals Roomy() {
  Vitals vitals;
  vitals.descriptors = {.used = 20, .of = 1024};
  vitals.threads = {.used = 10, .of = 500};
  vitals.memory = {.used = 100 * kMiB, .of = 512 * kMiB};
  vitals.disk = {.used = 100 * kMiB, .of = 100'000 * kMiB};
  vitals.disk_of = "/data";
  return vitals;
}

std::string Unfit(VitalsJudge& judge, const Vitals& vitals) {
  return std::string(MessageOf(judge.Judge(vitals).fit));
}
// … and goes on.
std::string Strain(VitalsJudge& judge, const Vitals& vitals) {
  const Judgement found = judge.Judge(vitals);
  EXPECT_TRUE(found.fit.ok()) << found.fit;
  return std::string(MessageOf(found.strained));
}
bool Fine(VitalsJudge& judge, const Vitals& vitals) {
  const Judgement found = judge.Judge(vitals);
  return found.fit.ok() && found.strained.ok();
}

TEST(VitalsJudge, TakesCallsWhereThereIsRoomOrNobodyKnows) {
  VitalsJudge judge;
  EXPECT_TRUE(Fine(judge, Roomy()));
  EXPECT_TRUE(Fine(judge, Vitals()));
}

TEST(VitalsJudge, NamesWhatIsUsedUpWithNumbers) {
  VitalsJudge judge;
  Vitals vitals = Roomy();
  vitals.descriptors.used = 1000;
  EXPECT_THAT(Strain(judge, vitals), HasSubstr("file descriptors: 1000 of 1024"));
  vitals = Roomy();
  vitals.memory.used = 497 * kMiB;
  EXPECT_THAT(Unfit(judge, vitals), HasSubstr("memory: 497 of 512 MiB are used"));
  vitals = Roomy();
  vitals.threads.used = 498;
  EXPECT_THAT(Strain(judge, vitals), HasSubstr("threads: 498 of 500"));
  vitals = Roomy();
  vitals.starts_threads = false;
  EXPECT_THAT(Strain(judge, vitals), HasSubstr("starts no more"));
  vitals = Roomy();
  vitals.disk.used = vitals.disk.of - 15 * kMiB;
  EXPECT_THAT(Unfit(judge, vitals), HasSubstr("99985 of 100000 MiB are used where /data is"));
  EXPECT_TRUE(Fine(judge, Roomy()));
}

// A replica of 64 MiB may use most of them, and a disk of a terabyte has room in its last
// hundredth.
TEST(VitalsJudge, AsksForAReserveThatFitsWhatThereIs) {
  VitalsJudge judge;
  Vitals vitals;
  vitals.memory = {.used = 55 * kMiB, .of = 64 * kMiB};
  EXPECT_TRUE(Fine(judge, vitals));
  vitals = Vitals();
  vitals.disk = {.used = 1'000'000 * kMiB - 20 * kMiB, .of = 1'000'000 * kMiB};
  EXPECT_TRUE(Fine(judge, vitals));
  vitals = Vitals();
  vitals.descriptors = {.used = 50, .of = 64};
  EXPECT_TRUE(Fine(judge, vitals));
}

TEST(VitalsJudge, WhatWasUsedUpMustHaveMoreRoomBeforeItCounts) {
  VitalsJudge judge;
  Vitals vitals = Roomy();
  vitals.descriptors.used = 992;
  EXPECT_FALSE(Fine(judge, vitals));
  vitals.descriptors.used = 985;
  EXPECT_FALSE(Fine(judge, vitals));
  vitals.descriptors.used = 950;
  EXPECT_TRUE(Fine(judge, vitals));
  vitals.descriptors.used = 985;
  EXPECT_TRUE(Fine(judge, vitals));
}

// Calls that take much each must be refused before what is left is only what one takes.
TEST(VitalsJudge, AsksForRoomForWhatMemoryGrowsBy) {
  VitalsJudge judge;
  Vitals vitals = Roomy();
  vitals.memory.used = (512 - 60) * kMiB;
  EXPECT_TRUE(Fine(judge, vitals));
  vitals.memory_growth = 25 * kMiB;
  EXPECT_TRUE(Fine(judge, vitals));
  vitals.memory.used = (512 - 45) * kMiB;
  EXPECT_THAT(Unfit(judge, vitals), HasSubstr("and lately it grew by 25 at once"));
  vitals.memory.used = (512 - 90) * kMiB;
  EXPECT_FALSE(Fine(judge, vitals));
  vitals.memory_growth = 1 * kMiB;
  EXPECT_TRUE(Fine(judge, vitals));
  // However much it grew by, a quarter is the most that is asked for.
  vitals.memory = {.used = 300 * kMiB, .of = 512 * kMiB};
  vitals.memory_growth = 300 * kMiB;
  EXPECT_TRUE(Fine(judge, vitals));
}

TEST(MemoryGrowth, IsTheMostOfLooksNearEachOtherAndForgotten) {
  MemoryGrowth growth;
  const absl::Time start = absl::UnixEpoch();
  EXPECT_EQ(growth.Saw(100 * kMiB, start), 0u);
  EXPECT_EQ(growth.Saw(400 * kMiB, start + absl::Milliseconds(300)), 0u);
  EXPECT_EQ(growth.Saw(425 * kMiB, start + absl::Milliseconds(310)), 25 * kMiB);
  EXPECT_NEAR(growth.Saw(427 * kMiB, start + absl::Milliseconds(320)), 25.0 * kMiB, kMiB);
  EXPECT_NEAR(growth.Saw(300 * kMiB, start + absl::Milliseconds(2320)), 25.0 / 4 * kMiB, kMiB);
}

TEST(LookAgainIn, HalfOfWhatIsLeftAtAGibibyteASecondAndNeverWithoutALimit) {
  EXPECT_EQ(LookAgainIn({.used = 0, .of = 0}), absl::InfiniteDuration());
  EXPECT_EQ(LookAgainIn({.used = 0, .of = 2048 * kMiB}), absl::Seconds(1));
  EXPECT_EQ(LookAgainIn({.used = 1948 * kMiB, .of = 2048 * kMiB}), absl::Seconds(100.0 / 2048));
  EXPECT_EQ(LookAgainIn({.used = 2040 * kMiB, .of = 2048 * kMiB}), absl::Milliseconds(10));
  EXPECT_EQ(LookAgainIn({.used = 3000 * kMiB, .of = 2048 * kMiB}), absl::Milliseconds(10));
}

class VitalsReaderTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::filesystem::create_directories(folder_ / "groups/a/b");
    Write("cgroup", "0::/a/b\n");
    Write("groups/a/b/memory.current", "104857600\n");
    Write("groups/a/b/memory.max", "209715200\n");
    Write("groups/a/b/memory.stat", "anon 1\ninactive_file 52428800\nactive_file 7\n");
    Write("groups/a/b/pids.current", "12\n");
    Write("groups/a/b/pids.max", "max\n");
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  void Write(const std::string& name, const std::string& text) {
    std::ofstream(folder_ / name) << text;
  }
  Vitals Read() {
    VitalsReader::Options options;
    options.disks = {folder_, "/no/such/folder"};
    options.cgroup_file = folder_ / "cgroup";
    options.cgroups = folder_ / "groups";
    return VitalsReader(std::move(options)).Read();
  }

  const std::filesystem::path folder_ =
      std::filesystem::path(::testing::TempDir()) / Text("vitals_", getpid());
};

TEST_F(VitalsReaderTest, ReadsItsCgroupWithoutWhatTheKernelGivesUp) {
  const Vitals vitals = Read();
  EXPECT_EQ(vitals.memory.used, 52428793u);
  EXPECT_EQ(vitals.memory.of, 209715200u);
  EXPECT_EQ(vitals.threads.of, 0u);
  EXPECT_TRUE(vitals.starts_threads);
  EXPECT_GT(vitals.disk.of, 0u);
  EXPECT_EQ(vitals.disk_of, folder_.string());
  Write("groups/a/b/pids.max", "500\n");
  EXPECT_EQ(Read().threads.used, 12u);
  EXPECT_EQ(Read().threads.of, 500u);
}

TEST_F(VitalsReaderTest, WithoutACgroupItReadsWhatTheProcessMayHave) {
  Write("cgroup", "garbage\n12:memory:/old\n");
  const Vitals vitals = Read();
  EXPECT_EQ(vitals.threads.of, 0u);
  EXPECT_GT(vitals.descriptors.of, vitals.descriptors.used);
  EXPECT_GT(vitals.descriptors.used, 2u);
  VitalsJudge judge;
  EXPECT_TRUE(Fine(judge, vitals));
}

TEST_F(VitalsReaderTest, SeesEveryDescriptorThatIsTaken) {
  const uint64_t before = Read().descriptors.used;
  int ends[2] = {-1, -1};
  ASSERT_EQ(pipe(ends), 0);
  EXPECT_GE(Read().descriptors.used, before + 2);
  close(ends[0]);
  close(ends[1]);
}

TEST(VitalsMonitor, TellsWhenItChangesAndNotWithEveryLook) {
  testing::FakeClock clock;
  Vitals vitals = Roomy();
  std::vector<Judgement> told;
  const VitalsMonitor::Read read{.all = [&] { return vitals; },
                                 .memory = [&] { return vitals.memory; }};
  VitalsMonitor monitor(clock, read, absl::Seconds(1),
                        [&](const Judgement& found) { told.push_back(found); });
  const auto pass = [&clock] {
    for (int i = 0; i < 3; ++i) {
      clock.Advance(absl::Seconds(1));
      clock.Settle();
    }
  };
  pass();
  EXPECT_TRUE(told.empty());
  vitals.memory.used = vitals.memory.of;
  pass();
  ASSERT_EQ(told.size(), 1u);
  const absl::Status refusal = RefusalOf("SayHello-1", told[0].fit);
  EXPECT_EQ(refusal.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(MessageOf(refusal)), HasSubstr("SayHello-1 takes no calls at present"));
  EXPECT_EQ(RetryAfterOf(refusal), absl::Milliseconds(500));
  vitals = Roomy();
  pass();
  ASSERT_EQ(told.size(), 2u);
  EXPECT_TRUE(told[1].fit.ok());
}

// 375 MiB a second, in lumps of 25: it must see in time that the next would be too many, and take
// calls again soon after they have ended.
TEST(VitalsMonitor, RefusesBeforeMemoryThatFillsFastIsGone) {
  testing::FakeClock clock;
  Vitals vitals = Roomy();
  bool refuses = false;
  const VitalsMonitor::Read read{.all = [&] { return vitals; },
                                 .memory = [&] { return vitals.memory; }};
  VitalsMonitor monitor(clock, read, absl::Milliseconds(500),
                        [&](const Judgement& found) { refuses = !found.fit.ok(); });
  for (int passed = 0; passed < 2000; ++passed) {
    if (passed % 66 == 0 && !refuses) vitals.memory.used += 25 * kMiB;
    ASSERT_LE(vitals.memory.used, vitals.memory.of - 16 * kMiB);
    clock.Advance(absl::Milliseconds(1));
    clock.Settle();
  }
  EXPECT_TRUE(refuses);
  vitals.memory.used = 100 * kMiB;
  for (int passed = 0; refuses && passed < 200; ++passed) {
    clock.Advance(absl::Milliseconds(1));
    clock.Settle();
  }
  EXPECT_FALSE(refuses);
}

}  // namespace
}  // namespace chains::internal
