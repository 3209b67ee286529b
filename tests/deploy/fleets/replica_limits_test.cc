// With programs of the system in the place of replicas.
#include "deploy/fleets/local/replica_limits.h"

#include <csignal>
#include <fstream>
#include <iterator>
#include <poll.h>
#include <sched.h>
#include <string>
#include <sys/resource.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "chains/core/text.h"
#include "chains/testing/status_matchers.h"
#include "tests/deploy/temp_folder.h"

namespace chains::deploy {
namespace {

namespace fs = std::filesystem;
using ::chains::testing::IsOk;
using ::testing::EndsWith;
using ::testing::HasSubstr;

constexpr int kPatienceMs = 30'000;

std::string ReadFile(const fs::path& file) {
  std::ifstream opened(file);
  return {std::istreambuf_iterator<char>(opened), {}};
}

class ReplicaLimitsTest : public ::testing::Test {
 protected:
  ReplicaLimitsTest() {
    spec_.deployment = "3f9a";
    spec_.name = "Voice-7";
    spec_.resources.set_memory_bytes(1 << 28);
  }
  Launch To(const std::string& program, std::vector<std::string> arguments) const {
    return {.program = program,
            .arguments = std::move(arguments),
            .environment = {},
            .folder = folder_.path(),
            .output = output()};
  }
  // A cgroup as the kernel makes it.
  fs::path PrepareGroup(const std::string& name) const {
    const fs::path group = folder_ / "groups" / name;
    fs::create_directories(group);
    for (const char* file : {"memory.max", "cpu.weight", "cgroup.procs"}) {
      std::ofstream(group / file) << "";
    }
    return group;
  }
  Cgroups TakeGroups() const {
    PrepareGroup("platform");
    const fs::path own = folder_ / "groups";
    std::ofstream(own / "cgroup.controllers") << "cpu memory";
    std::ofstream(own / "cgroup.subtree_control") << "";
    return *Cgroups::Take(own);
  }
  std::string output() const { return folder_ / "output"; }

  static rlimit DataLimit(const Process& process) {
    rlimit limit{};
    EXPECT_EQ(prlimit(process.pid(), RLIMIT_DATA, nullptr, &limit), 0);
    return limit;
  }
  static void Await(const Process& process) {
    pollfd ended{.fd = process.handle(), .events = POLLIN, .revents = 0};
    ASSERT_EQ(poll(&ended, 1, kPatienceMs), 1);
    process.HowItEnded();
  }
  static void End(const Process& process) {
    process.Signal(SIGKILL);
    Await(process);
  }

  TempFolder folder_;
  ReplicaSpec spec_;
};

TEST_F(ReplicaLimitsTest, WithoutCgroupsItsDataIsLimited) {
  if (!kLimitsData) GTEST_SKIP() << "not for sanitizers";
  ReplicaLimits limits({});
  absl::StatusOr<Process> process = limits.Start(spec_, To("/bin/sleep", {"60"}));
  ASSERT_THAT(process, IsOk());
  const rlimit limit = DataLimit(*process);
  EXPECT_GT(limit.rlim_cur, (1ULL << 28) + (1ULL << 30));
  EXPECT_EQ(limit.rlim_max - limit.rlim_cur, 64 << 20);  // for its last words
  End(*process);
  EXPECT_EQ(limits.Ended("3f9a", "Voice-7"), "");
}

TEST_F(ReplicaLimitsTest, WhoDeclaresNoMemoryMayHaveAny) {
  ReplicaLimits limits({});
  spec_.resources.clear_memory_bytes();
  absl::StatusOr<Process> process = limits.Start(spec_, To("/bin/sleep", {"60"}));
  ASSERT_THAT(process, IsOk());
  EXPECT_EQ(DataLimit(*process).rlim_cur, RLIM_INFINITY);
  End(*process);
}

TEST_F(ReplicaLimitsTest, InACgroupItsMemoryIsWhatItDeclaresAndTheRuntimes) {
  ReplicaLimits limits({.cgroups = TakeGroups()});
  const fs::path group = PrepareGroup("replica-3f9a-7");
  absl::StatusOr<Process> process = limits.Start(spec_, To("/bin/sleep", {"60"}));
  ASSERT_THAT(process, IsOk());
  EXPECT_EQ(DataLimit(*process).rlim_cur, RLIM_INFINITY);
  EXPECT_EQ(ReadFile(group / "memory.max"), Text((1 << 28) + (64 << 20)));
  EXPECT_EQ(ReadFile(group / "cgroup.procs"), Text(process->pid()));
  End(*process);
  std::ofstream(group / "memory.events") << "oom_kill 1\n";
  EXPECT_THAT(limits.Ended("3f9a", "Voice-7"), HasSubstr("used up the memory"));
}

TEST_F(ReplicaLimitsTest, WhereItsCgroupCannotBeMadeItsDataIsLimited) {
  if (!kLimitsData) GTEST_SKIP() << "not for sanitizers";
  ReplicaLimits limits({.cgroups = TakeGroups()});
  absl::StatusOr<Process> process = limits.Start(spec_, To("/bin/sleep", {"60"}));
  ASSERT_THAT(process, IsOk());
  EXPECT_LT(DataLimit(*process).rlim_cur, RLIM_INFINITY);
  End(*process);
  EXPECT_EQ(limits.Ended("3f9a", "Voice-7"), "");
}

TEST_F(ReplicaLimitsTest, OneWithACpuOfItsOwnStartsThere) {
  const CpuSet all = CpusOfThisThread();
  if (all.size() < 2) GTEST_SKIP() << "this machine has one CPU";
  ReplicaLimits limits({.pins = CpuPins(all)});
  spec_.resources.set_cpus(1);
  absl::StatusOr<Process> process =
      limits.Start(spec_, To("/bin/grep", {"Cpus_allowed_list", "/proc/self/status"}));
  ASSERT_THAT(process, IsOk());
  Await(*process);
  EXPECT_THAT(ReadFile(output()), EndsWith(Text("\t", all.back(), "\n")));
  EXPECT_EQ(CpusOfThisThread(), all);
}

TEST_F(ReplicaLimitsTest, OthersLeaveTheCpusOfWhoHasSomeOfItsOwn) {
  const CpuSet all = CpusOfThisThread();
  if (all.size() < 2) GTEST_SKIP() << "this machine has one CPU";
  ReplicaLimits limits({.pins = CpuPins(all)});
  spec_.resources.set_cpus(0.5);
  absl::StatusOr<Process> shares = limits.Start(spec_, To("/bin/sleep", {"60"}));
  ASSERT_THAT(shares, IsOk());
  spec_.name = "Voice-8";
  spec_.resources.set_cpus(1);
  absl::StatusOr<Process> owns = limits.Start(spec_, To("/bin/sleep", {"60"}));
  ASSERT_THAT(owns, IsOk());
  const auto allowed = [&] {
    cpu_set_t mask;
    EXPECT_EQ(sched_getaffinity(shares->pid(), sizeof(mask), &mask), 0);
    return static_cast<size_t>(CPU_COUNT(&mask));
  };
  EXPECT_EQ(allowed(), all.size() - 1);
  End(*owns);
  limits.Ended("3f9a", "Voice-8");
  EXPECT_EQ(allowed(), all.size());
  End(*shares);
}

}  // namespace
}  // namespace chains::deploy
