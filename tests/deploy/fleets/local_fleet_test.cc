// LocalFleet with real processes: shell scripts in the place of a chain's program.
#include "deploy/fleets/local/local_fleet.h"

#include <condition_variable>
#include <csignal>
#include <fcntl.h>
#include <fstream>
#include <optional>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "chains/core/text.h"
#include "deploy/fleets/local/run_folder.h"
#include "tests/deploy/temp_folder.h"

namespace chains::deploy {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsSupersetOf;
using ::testing::Not;

constexpr absl::Duration kDeadline = absl::Seconds(60);
// Takes the lock of its folder, as a chain's program does, and lives on.
constexpr char kServe[] =
    "exec 9>>lock; flock 9; echo $$ >lock; echo serving; exec tail -f /dev/null";

std::string ContentOf(const std::filesystem::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

// Looks again and again; the machine may be slow.
template <typename F>
bool Until(F is_so) {
  const absl::Time deadline = absl::Now() + kDeadline;
  while (!is_so()) {
    if (absl::Now() > deadline) return false;
    std::this_thread::yield();
  }
  return true;
}

class LocalFleetTest : public ::testing::Test {
 protected:
  LocalFleetTest() { Open(); }
  ~LocalFleetTest() override {
    fleet_.reset();
    for (const auto& [name, pid] : pids_) ::kill(pid, SIGKILL);
  }

  void Open(std::vector<std::string> flags = {}) {
    LocalFleet::Hooks hooks;
    hooks.output_begins = [this](const FoundReplica& replica, const std::string& output) {
      const std::lock_guard lock(mutex_);
      pids_[replica.name] = replica.pid;
      outputs_[replica.name] = output;
      changed_.notify_all();
    };
    hooks.output_ends = [](const std::string&) {};
    hooks.last_lines = [](const std::string& output) -> std::vector<std::string> {
      return absl::StrSplit(ContentOf(output), '\n', absl::SkipEmpty());
    };
    hooks.on_exit = [this](ReplicaExit exit) {
      const std::lock_guard lock(mutex_);
      pids_.erase(exit.name);
      exits_.push_back(std::move(exit));
      changed_.notify_all();
    };
    fleet_ = std::make_unique<LocalFleet>(folder_ / "run", std::move(hooks), ReplicaLimits::Means(),
                                          std::move(flags));
  }

  ReplicaSpec Spec(const std::string& script, const std::string& name = "Say-abcde") {
    const std::filesystem::path program = folder_ / (name + ".sh");
    std::ofstream(program) << "#!/bin/sh\n" << script << "\n";
    ::chmod(program.c_str(), 0700);
    ReplicaSpec spec;
    spec.deployment = "d1";
    spec.chain = "hello";
    spec.name = name;
    spec.unit = "u1";
    spec.revision = 7;
    spec.chainlets = {"hello.SayHello"};
    spec.folder = folder_.path();
    spec.program = name + ".sh";
    spec.environment = "production";
    spec.token = "the token";
    spec.platform = "unix:/platform";
    return spec;
  }
  std::string Output(const std::string& name = "Say-abcde") {
    const std::lock_guard lock(mutex_);
    return outputs_[name];
  }
  int Pid(const std::string& name = "Say-abcde") {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, absl::ToChronoSeconds(kDeadline), [&] { return pids_[name] > 0; });
    return pids_[name];
  }
  ReplicaExit NextExit() {
    std::unique_lock lock(mutex_);
    const bool came = changed_.wait_for(lock, absl::ToChronoSeconds(kDeadline),
                                        [this] { return !exits_.empty(); });
    if (!came) {
      ADD_FAILURE() << "nobody ended";
      return {};
    }
    ReplicaExit exit = std::move(exits_.front());
    exits_.erase(exits_.begin());
    return exit;
  }
  bool Serves(const std::string& name = "Say-abcde") {
    const int pid = Pid(name);
    const RunFolder folder(folder_ / "run", "d1", name);
    return Until([&] { return LockHolder(folder.lock()) == pid; });
  }

  const TempFolder folder_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, int> pids_;             // guarded by mutex_, as what follows
  std::map<std::string, std::string> outputs_;  // by replica
  std::vector<ReplicaExit> exits_;
  std::unique_ptr<LocalFleet> fleet_;
};

TEST_F(LocalFleetTest, TellsTheProgramWhoItIsAndKeepsWhatItPrints) {
  ReplicaSpec spec = Spec("echo \"$@\"; pwd; cat secrets/voice; echo oops >&2; exit 3");
  spec.secrets["voice"] = "low";
  spec.assets["model"] = "/assets/model";
  fleet_->Start(spec);
  const ReplicaExit exit = NextExit();
  EXPECT_EQ(exit.deployment, "d1");
  EXPECT_EQ(exit.name, "Say-abcde");
  EXPECT_EQ(exit.how, "exited with 3");
  EXPECT_FALSE(exit.asked);
  const std::string run = folder_ / "run/d1/abcde";
  ASSERT_EQ(exit.last_lines.size(), 3u);
  EXPECT_THAT(exit.last_lines[0],
              AllOf(HasSubstr("serve --chainlets hello.SayHello"),
                    HasSubstr(Text("--listen unix:", run, "/s ")),
                    HasSubstr("--platform unix:/platform"), HasSubstr("--environment production"),
                    HasSubstr(Text("--secret voice=", run, "/secrets/voice")),
                    HasSubstr("--asset model=/assets/model"), Not(HasSubstr("the token")),
                    Not(HasSubstr("low"))));
  EXPECT_EQ(exit.last_lines[1], std::filesystem::canonical(run));
  EXPECT_EQ(exit.last_lines[2], "lowoops");
  EXPECT_EQ(ContentOf(run + "/token"), "the token");
  fleet_->Forget("d1", "Say-abcde");
  EXPECT_TRUE(Until([&] { return !std::filesystem::exists(folder_ / "run/d1"); }));
}

TEST_F(LocalFleetTest, TellsEveryProgramWhatThePlatformWasToldOfFaultsAndPolicies) {
  fleet_.reset();
  Open({"--fault", "SayHello: 1% UNAVAILABLE", "--no-hedge"});
  fleet_->Start(Spec("printf '<%s>' \"$@\"; exit 0"));
  const ReplicaExit exit = NextExit();
  ASSERT_EQ(exit.last_lines.size(), 1u);
  EXPECT_THAT(exit.last_lines[0], HasSubstr("<--fault><SayHello: 1% UNAVAILABLE><--no-hedge>"));
}

TEST_F(LocalFleetTest, NobodyElseMayReadItsFolder) {
  ReplicaSpec spec = Spec("exit 0");
  spec.secrets["voice"] = "low";
  fleet_->Start(spec);
  NextExit();
  for (const char* path : {"run/d1", "run/d1/abcde", "run/d1/abcde/secrets"}) {
    struct stat info {};
    ASSERT_EQ(::stat((folder_ / path).c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777, 0700u) << path;
  }
  for (const char* path : {"token", "intent", "output", "secrets/voice"}) {
    struct stat info {};
    ASSERT_EQ(::stat((folder_ / "run/d1/abcde" / path).c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0077, 0u) << path;
  }
}

TEST_F(LocalFleetTest, SaysWhichSignalEndedIt) {
  fleet_->Start(Spec("kill -SEGV $$"));
  EXPECT_EQ(NextExit().how, "killed by signal 11 (Segmentation fault)");
}

TEST_F(LocalFleetTest, SaysWhyAProgramCannotBeStarted) {
  ReplicaSpec spec = Spec("exit 0");
  spec.program = "nothing";
  fleet_->Start(spec);
  EXPECT_THAT(NextExit().how, AllOf(HasSubstr("/nothing"), HasSubstr("No such file")));
}

TEST_F(LocalFleetTest, NamesASocketsPathThatIsTooLong) {
  ReplicaSpec spec = Spec("exit 0");
  spec.deployment = std::string(100, 'd');
  fleet_->Start(spec);
  EXPECT_THAT(NextExit().how, AllOf(HasSubstr("/s has "), HasSubstr("shorter --home")));
  EXPECT_FALSE(std::filesystem::exists(folder_ / "run"));
}

TEST_F(LocalFleetTest, AsksItToLeaveAndForcesItWhenItDoesNot) {
  fleet_->Start(Spec(Text("trap 'echo leaving; exit 0' TERM; echo up; while :; do :; done")));
  ASSERT_GT(Pid(), 0);
  ASSERT_TRUE(Until([this] { return ContentOf(Output()) == "up\n"; }));
  fleet_->Stop("d1", "Say-abcde", kDeadline);
  ReplicaExit exit = NextExit();
  EXPECT_TRUE(exit.asked);
  EXPECT_EQ(exit.how, "exited with 0");
  EXPECT_EQ(exit.last_lines.back(), "leaving");

  fleet_->Start(Spec("trap '' TERM; echo up; exec tail -f /dev/null", "Say-other"));
  ASSERT_GT(Pid("Say-other"), 0);
  ASSERT_TRUE(Until([this] { return ContentOf(Output("Say-other")) == "up\n"; }));
  fleet_->Stop("d1", "Say-other", absl::Milliseconds(50));
  exit = NextExit();
  EXPECT_TRUE(exit.asked);
  EXPECT_EQ(exit.how, "killed by signal 9 (Killed)");
}

TEST_F(LocalFleetTest, WhatItStartedEndsWithIt) {
  fleet_->Start(Spec("tail -f /dev/null & echo $!; exit 1"));
  const ReplicaExit exit = NextExit();
  ASSERT_EQ(exit.last_lines.size(), 1u);
  const int helper = std::stoi(exit.last_lines[0]);
  // Gone, or a zombie that nobody has waited for.
  EXPECT_TRUE(Until([helper] {
    const std::string state = ContentOf(Text("/proc/", helper, "/stat"));
    return state.empty() || state.find(") Z") != std::string::npos;
  }));
}

TEST_F(LocalFleetTest, ItsDataIsLimited) {
  if (!kLimitsData) GTEST_SKIP() << "a sanitizer reserves more";
  ReplicaSpec spec = Spec(kServe);
  spec.resources.set_memory_bytes(int64_t{2} << 30);
  fleet_->Start(spec);
  rlimit limit{};
  ASSERT_EQ(prlimit(Pid(), RLIMIT_DATA, nullptr, &limit), 0);
  EXPECT_GT(limit.rlim_cur, rlim_t{2} << 30);
  EXPECT_NE(limit.rlim_cur, RLIM_INFINITY);
}

TEST_F(LocalFleetTest, NothingOfThePlatformsEnvironmentLeaks) {
  ASSERT_EQ(::setenv("CHAINS_API_KEY", "ck_secret", 1), 0);
  ReplicaSpec spec = Spec("env");
  spec.gpus = {1, 3};
  fleet_->Start(spec);
  std::vector<std::string> names;
  const ReplicaExit exit = NextExit();
  for (const std::string& line : exit.last_lines) names.push_back(line.substr(0, line.find('=')));
  EXPECT_THAT(exit.last_lines, Contains("CUDA_VISIBLE_DEVICES=1,3"));
  const std::vector<std::string> may = {
      "PATH", "HOME", "LANG", "TZ", "TMPDIR", "PWD", "_", "OLDPWD", "CUDA_VISIBLE_DEVICES",
      "SHLVL"};
  EXPECT_THAT(may, IsSupersetOf(names));
  ::unsetenv("CHAINS_API_KEY");
}

TEST_F(LocalFleetTest, NoDescriptorIsInherited) {
  const int leaks = ::fcntl(STDIN_FILENO, F_DUPFD, 100);  // a library may forget O_CLOEXEC
  ASSERT_GE(leaks, 100);
  fleet_->Start(Spec("exec ls -l /proc/self/fd"));
  const std::string said = absl::StrJoin(NextExit().last_lines, "\n");
  EXPECT_THAT(said, AllOf(HasSubstr("0 -> /dev/null"), HasSubstr("1 -> "), HasSubstr("2 -> ")));
  EXPECT_THAT(said, Not(HasSubstr(Text(leaks, " -> "))));
  ::close(leaks);
}

TEST_F(LocalFleetTest, AReplicaOutlivesTheFleetAndIsFoundAgain) {
  ReplicaSpec spec = Spec(kServe);
  spec.gpus = {2};
  fleet_->Start(spec);
  ASSERT_TRUE(Serves());
  const int pid = Pid();
  fleet_.reset();
  EXPECT_EQ(::kill(pid, 0), 0);
  Open();
  const absl::StatusOr<std::vector<FoundReplica>> found = fleet_->Find();
  ASSERT_TRUE(found.ok()) << found.status();
  ASSERT_EQ(found->size(), 1u);
  const FoundReplica& replica = found->front();
  EXPECT_EQ(replica.pid, pid);
  EXPECT_EQ(replica.deployment, "d1");
  EXPECT_EQ(replica.chain, "hello");
  EXPECT_EQ(replica.name, "Say-abcde");
  EXPECT_EQ(replica.unit, "u1");
  EXPECT_EQ(replica.revision, 7u);
  EXPECT_EQ(replica.chainlets, std::vector<std::string>{"hello.SayHello"});
  EXPECT_EQ(replica.gpus, std::vector<int>{2});
  EXPECT_TRUE(exits_.empty());
  fleet_->Stop("d1", "Say-abcde", kDeadline);
  const ReplicaExit exit = NextExit();
  EXPECT_TRUE(exit.asked);
  EXPECT_EQ(exit.last_lines, std::vector<std::string>{"serving"});
}

TEST_F(LocalFleetTest, WhatIsLeftOfADeadReplicaIsRemoved) {
  fleet_->Start(Spec(kServe));
  fleet_->Start(Spec(kServe, "Say-lives"));
  ASSERT_TRUE(Serves());
  ASSERT_TRUE(Serves("Say-lives"));
  const int dead = Pid();
  fleet_.reset();
  ASSERT_EQ(::kill(dead, SIGKILL), 0);
  const std::string lock = folder_ / "run/d1/abcde/lock";
  ASSERT_TRUE(Until([&] { return LockHolder(lock) == 0; }));
  Open();
  const absl::StatusOr<std::vector<FoundReplica>> found = fleet_->Find();
  ASSERT_TRUE(found.ok());
  ASSERT_EQ(found->size(), 1u);
  EXPECT_EQ(found->front().name, "Say-lives");
  EXPECT_FALSE(std::filesystem::exists(folder_ / "run/d1/abcde"));
}

TEST_F(LocalFleetTest, ToStopOneThatIsGoneDoesNothing) {
  fleet_->Stop("d1", "Say-abcde", kDeadline);
  fleet_->Start(Spec("exit 0"));
  EXPECT_FALSE(NextExit().asked);
}

}  // namespace
}  // namespace chains::deploy
