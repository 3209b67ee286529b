// Each in a process of its own, for what it gives up is gone for good.
#include "chains/core/hardening.h"

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include <gtest/gtest.h>

namespace chains::internal {
namespace {

// What `work` answers, from a child.
template <typename Work>
int InChild(const Work& work) {
  const pid_t child = fork();
  if (child == 0) _exit(work());
  int status = 0;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  return status;
}

template <typename Work>
bool Holds(const Work& work) {
  const int status = InChild([&] { return work() ? 0 : 1; });
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

bool HardenedAll() { return Harden().empty(); }

class HardeningTest : public ::testing::Test {
 protected:
  void SetUp() override {
    unsetenv("CHAINS_HARDENING");
    if (!HardeningIsOn(true)) GTEST_SKIP() << "SKIPPED: a sanitizer traces its own process";
    const auto permitted = [] { return GainNoPrivileges().ok() && RefuseDangerousCalls().ok(); };
    if (!Holds(permitted)) GTEST_SKIP() << "SKIPPED: this system permits no filter";
  }
};

TEST_F(HardeningTest, CallsThatNoChainletNeedsAreRefused) {
  const auto refused = [](auto call) {
    return Holds([&] {
      errno = 0;
      return HardenedAll() && call() == -1 && errno == EPERM;
    });
  };
  EXPECT_TRUE(refused([] { return ptrace(PTRACE_TRACEME, 0, nullptr, nullptr); }));
  EXPECT_TRUE(refused([] { return mount(nullptr, nullptr, nullptr, 0, nullptr); }));
  EXPECT_TRUE(refused([] { return syscall(SYS_bpf, 0, nullptr, 0); }));
  EXPECT_TRUE(refused([] { return syscall(SYS_unshare, 0); }));
  EXPECT_TRUE(refused([] { return syscall(SYS_process_vm_readv, 0, nullptr, 0, nullptr, 0, 0); }));
#if defined(__x86_64__)
  EXPECT_TRUE(refused([] { return syscall(0x40000000 | SYS_getpid); }));
#endif
}

// Without the filter the same calls get another answer: the test above sees the filter.
TEST_F(HardeningTest, WithoutTheFilterTheseCallsGetAnotherAnswer) {
  EXPECT_TRUE(Holds([] { return ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) == 0; }));
  EXPECT_TRUE(Holds(
      [] { return syscall(SYS_process_vm_readv, getpid(), nullptr, 0, nullptr, 0, 0) == 0; }));
}

TEST_F(HardeningTest, AllElseGoesOn) {
  EXPECT_TRUE(Holds([] {
    if (!HardenedAll()) return false;
    bool ran = false;
    std::thread([&ran] { ran = true; }).join();
    const int file = open("/dev/null", O_RDONLY | O_CLOEXEC);
    return ran && file >= 0 && std::system("exit 3") != -1;
  }));
}

TEST_F(HardeningTest, ThreadsThatAreThereAlreadyAreFilteredToo) {
  EXPECT_TRUE(Holds([] {
    std::atomic<bool> hardened = false;
    std::atomic<int> outcome = 0;
    std::thread early([&] {
      hardened.wait(false);
      outcome = syscall(SYS_unshare, 0) == -1 && errno == EPERM ? 1 : 2;
    });
    const bool all = HardenedAll();
    hardened = true;
    hardened.notify_all();
    early.join();
    return all && outcome == 1;
  }));
}

TEST_F(HardeningTest, NothingItStartsGainsPrivileges) {
  EXPECT_TRUE(Holds([] { return HardenedAll() && prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1; }));
}

TEST_F(HardeningTest, ACrashLeavesNoCore) {
  const auto crash = [](bool hardened) {
    return InChild([hardened] {
      const rlimit any{.rlim_cur = RLIM_INFINITY, .rlim_max = RLIM_INFINITY};
      setrlimit(RLIMIT_CORE, &any);
      if (chdir(::testing::TempDir().c_str()) != 0) return 1;
      if (hardened && !HardenedAll()) return 1;
      std::signal(SIGABRT, SIG_DFL);
      std::abort();
    });
  };
  const int status = crash(true);
  EXPECT_TRUE(WIFSIGNALED(status));
  EXPECT_FALSE(WCOREDUMP(status));
  EXPECT_TRUE(Holds([] { return HardenedAll() && prctl(PR_GET_DUMPABLE) == 0; }));
}

TEST_F(HardeningTest, TheEnvironmentTurnsItOff) {
  setenv("CHAINS_HARDENING", "off", 1);
  EXPECT_FALSE(HardeningIsOn(true));
  setenv("CHAINS_HARDENING", "on", 1);
  EXPECT_TRUE(HardeningIsOn(false));
  unsetenv("CHAINS_HARDENING");
  EXPECT_FALSE(HardeningIsOn(false));
}

}  // namespace
}  // namespace chains::internal
