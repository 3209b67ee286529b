// In a folder that looks like the kernel's, where files have to be there first.
#include "deploy/fleets/local/cgroups.h"

#include <fstream>
#include <iterator>
#include <string>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "chains/testing/status_matchers.h"
#include "tests/deploy/temp_folder.h"

namespace chains::deploy {
namespace {

namespace fs = std::filesystem;
using ::chains::testing::IsOk;
using ::chains::testing::StatusIs;
using ::testing::HasSubstr;

void WriteFile(const fs::path& file, const std::string& text) { std::ofstream(file) << text; }

std::string TextOfFile(const fs::path& file) {
  std::ifstream opened(file);
  return {std::istreambuf_iterator<char>(opened), {}};
}

class CgroupsTest : public ::testing::Test {
 protected:
  CgroupsTest() {
    WriteFile(own() / "cgroup.controllers", "cpuset cpu memory pids\n");
    WriteFile(own() / "cgroup.subtree_control", "");
    WriteFile(own() / "cgroup.procs", "");
    fs::create_directories(own() / "platform");
    WriteFile(own() / "platform/cgroup.procs", "");
  }
  // What the kernel puts into a new cgroup.
  void Prepare(const std::string& name) {
    fs::create_directories(own() / name);
    for (const char* file : {"memory.max", "cpu.weight", "cgroup.procs", "cgroup.kill"}) {
      WriteFile(own() / name / file, "");
    }
  }
  // As the kernel does when nobody is in it.
  void Empty(const std::string& name) {
    for (const auto& each : fs::directory_iterator(own() / name)) fs::remove(each.path());
  }
  const fs::path& own() const { return folder_.path(); }

 private:
  TempFolder folder_;
};

TEST_F(CgroupsTest, ThePlatformGoesBelowSoThatItsOwnCanBeDivided) {
  absl::StatusOr<Cgroups> cgroups = Cgroups::Take(own());
  ASSERT_THAT(cgroups.status(), IsOk());
  EXPECT_EQ(cgroups->root(), own());
  EXPECT_EQ(TextOfFile(own() / "platform/cgroup.procs"), std::to_string(getpid()));
  EXPECT_EQ(TextOfFile(own() / "cgroup.subtree_control"), "+memory +cpu");
}

TEST_F(CgroupsTest, WithoutTheControllerOfMemoryThereAreNone) {
  WriteFile(own() / "cgroup.controllers", "cpu pids\n");
  EXPECT_THAT(Cgroups::Take(own()).status(),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("'memory'")));
  EXPECT_EQ(TextOfFile(own() / "platform/cgroup.procs"), "");
}

TEST_F(CgroupsTest, WithoutTheControllerOfCpusMemoryIsStillLimited) {
  WriteFile(own() / "cgroup.controllers", "memory\n");
  absl::StatusOr<Cgroups> cgroups = Cgroups::Take(own());
  ASSERT_THAT(cgroups.status(), IsOk());
  EXPECT_EQ(TextOfFile(own() / "cgroup.subtree_control"), "+memory");
  Prepare("replica-1");
  fs::remove(own() / "replica-1/cpu.weight");
  EXPECT_THAT(cgroups->Make("replica-1", {.memory_bytes = 7, .cpus = 2}).status(), IsOk());
  EXPECT_EQ(TextOfFile(own() / "replica-1/memory.max"), "7");
}

TEST_F(CgroupsTest, WhereItMayNotBeDividedAllIsAsItWas) {
  fs::remove(own() / "cgroup.subtree_control");
  EXPECT_THAT(Cgroups::Take(own()).status(),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("cgroup.subtree_control")));
  EXPECT_EQ(TextOfFile(own() / "cgroup.procs"), std::to_string(getpid()));
}

TEST_F(CgroupsTest, AReplicaIsHeldToWhatItDeclares) {
  absl::StatusOr<Cgroups> cgroups = Cgroups::Take(own());
  ASSERT_THAT(cgroups.status(), IsOk());
  Prepare("replica-1");
  absl::StatusOr<fs::path> group =
      cgroups->Make("replica-1", {.memory_bytes = 1 << 28, .cpus = 0.5});
  ASSERT_THAT(group.status(), IsOk());
  EXPECT_EQ(TextOfFile(*group / "memory.max"), "268435456");
  EXPECT_EQ(TextOfFile(*group / "cpu.weight"), "50");
  ASSERT_THAT(Cgroups::Enter(*group, 4711), IsOk());
  EXPECT_EQ(TextOfFile(*group / "cgroup.procs"), "4711");
}

TEST_F(CgroupsTest, WithoutALimitMemoryIsUnlimitedAndAShareIsThatOfOneCpu) {
  absl::StatusOr<Cgroups> cgroups = Cgroups::Take(own());
  ASSERT_THAT(cgroups.status(), IsOk());
  Prepare("replica-1");
  ASSERT_THAT(cgroups->Make("replica-1", {}).status(), IsOk());
  EXPECT_EQ(TextOfFile(own() / "replica-1/memory.max"), "max");
  EXPECT_EQ(TextOfFile(own() / "replica-1/cpu.weight"), "100");
  Prepare("replica-2");
  ASSERT_THAT(cgroups->Make("replica-2", {.cpus = 1e9}).status(), IsOk());
  EXPECT_EQ(TextOfFile(own() / "replica-2/cpu.weight"), "10000");
}

TEST_F(CgroupsTest, OneThatCannotBeLimitedIsNotLeft) {
  absl::StatusOr<Cgroups> cgroups = Cgroups::Take(own());
  ASSERT_THAT(cgroups.status(), IsOk());
  EXPECT_THAT(cgroups->Make("replica-1", {}).status(),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("memory.max")));
  EXPECT_FALSE(fs::exists(own() / "replica-1"));
}

TEST_F(CgroupsTest, SaysWhetherMemoryWasWhatEndedAReplica) {
  EXPECT_FALSE(Cgroups::KilledForMemory(own()));
  WriteFile(own() / "memory.events", "low 0\nhigh 0\nmax 17\noom 0\noom_kill 0\n");
  EXPECT_FALSE(Cgroups::KilledForMemory(own()));
  WriteFile(own() / "memory.events", "low 0\nhigh 0\nmax 17\noom 1\noom_kill 1\n");
  EXPECT_TRUE(Cgroups::KilledForMemory(own()));
}

TEST_F(CgroupsTest, OneThatTheKernelStillHasIsRemovedWithALaterOne) {
  absl::StatusOr<Cgroups> cgroups = Cgroups::Take(own());
  ASSERT_THAT(cgroups.status(), IsOk());
  Prepare("replica-1");
  Prepare("replica-2");
  cgroups->Remove(own() / "replica-1");
  EXPECT_EQ(TextOfFile(own() / "replica-1/cgroup.kill"), "1");
  EXPECT_TRUE(fs::exists(own() / "replica-1"));
  Empty("replica-1");
  Empty("replica-2");
  cgroups->Remove(own() / "replica-2");
  EXPECT_FALSE(fs::exists(own() / "replica-1"));
  EXPECT_FALSE(fs::exists(own() / "replica-2"));
}

TEST_F(CgroupsTest, TheOwnOneIsFoundByItsLine) {
  WriteFile(own() / "proc", "4:memory:/elsewhere\n0::/user.slice/run-7.scope\n");
  absl::StatusOr<fs::path> found = OwnCgroup(own() / "proc", own());
  ASSERT_THAT(found.status(), IsOk());
  EXPECT_EQ(*found, own() / "user.slice/run-7.scope");
  WriteFile(own() / "proc", "4:memory:/elsewhere\n");
  EXPECT_THAT(OwnCgroup(own() / "proc", own()).status(), StatusIs(absl::StatusCode::kNotFound));
  fs::remove(own() / "cgroup.controllers");
  EXPECT_THAT(OwnCgroup(own() / "proc", own()).status(),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("no cgroup v2")));
}

}  // namespace
}  // namespace chains::deploy
