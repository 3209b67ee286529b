// chains-agent as a process, with programs of chains as its children.
#include <csignal>
#include <filesystem>
#include <fstream>
#include <poll.h>
#include <thread>

#include "absl/strings/ascii.h"
#include "tests/deploy/agent/agent_process_fixture.h"

namespace chains::deploy {
namespace {

namespace fs = std::filesystem;
using ::chains::testing::IsOk;
using ::chains::testing::StatusIs;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

TEST_F(AgentProcessTest, AProgramIsFetchedStartedAndExchangedInPlace) {
  ASSERT_TRUE(Becomes([this] { return Report().pod() == "hello-x7k2p"; }));
  EXPECT_EQ(Report().node(), "node1");
  platform_.Order(ProbeAs("Steps-1"));
  ASSERT_TRUE(Becomes([this] { return IsReady("Steps-1"); }));
  EXPECT_THAT(Steps(2, 0), ::testing::Eq(absl::StatusOr<int>(2)));
  const int pid = Report().pid();
  EXPECT_TRUE(Lives(pid));
  // Its output is the agent's too, and the platform's.
  EXPECT_TRUE(Becomes([this] { return OutputOf("Steps-1").find("serving") != std::string::npos; }));
  EXPECT_THAT(ContentOf(folder_ / "agent.log"), HasSubstr("serving probe.Step"));

  platform_.Order(FragileAs("Voice-2", "a soprano"));
  ASSERT_TRUE(Becomes([this] { return IsReady("Voice-2"); }));
  EXPECT_FALSE(Lives(pid));
  const absl::StatusOr<std::string> said = Speak();
  ASSERT_THAT(said.status(), IsOk());
  EXPECT_EQ(*said, "a soprano");
  const std::optional<v1::ReplicaEnded> end = EndOf("Steps-1");
  ASSERT_TRUE(end);
  EXPECT_TRUE(end->asked());
  EXPECT_EQ(end->how(), "exited with 0");
  // What only the first one had is gone.
  EXPECT_TRUE(Becomes(
      [this] { return std::distance(fs::directory_iterator(folder_ / "work/bundles"), {}) == 1; }));
  // The secret was for this user alone, and goes with its replica.
  platform_.Order(Nothing());
  ASSERT_TRUE(Becomes([this] { return EndOf("Voice-2").has_value(); }));
  for (const auto& each : fs::recursive_directory_iterator(folder_ / "work/run")) {
    EXPECT_THAT(ContentOf(each.path()), Not(HasSubstr("soprano"))) << each.path();
  }
}

TEST_F(AgentProcessTest, ACrashAtTheStartIsReportedWithWhatWasSaidLast) {
  platform_.Order(FragileAs("Voice-1", "crash"));
  ASSERT_TRUE(Becomes([this] { return EndOf("Voice-1").has_value(); }));
  const v1::ReplicaEnded end = *EndOf("Voice-1");
  EXPECT_FALSE(end.asked());
  EXPECT_THAT(end.how(), HasSubstr("signal 6 (Aborted)"));
  EXPECT_THAT(std::vector<std::string>(end.last_lines().begin(), end.last_lines().end()),
              Contains("the voice broke"));
  EXPECT_THAT(OutputOf("Voice-1"), HasSubstr("the voice broke"));
  // The same pod runs the next.
  platform_.Order(FragileAs("Voice-2", "better"));
  EXPECT_TRUE(Becomes([this] { return IsReady("Voice-2"); }));
}

TEST_F(AgentProcessTest, AProgramThatIsKilledIsReported) {
  platform_.Order(ProbeAs("Steps-1"));
  ASSERT_TRUE(Becomes([this] { return IsReady("Steps-1"); }));
  ASSERT_EQ(::kill(Report().pid(), SIGKILL), 0);
  ASSERT_TRUE(Becomes([this] { return EndOf("Steps-1").has_value(); }));
  EXPECT_THAT(EndOf("Steps-1")->how(), HasSubstr("killed by signal 9 (Killed)"));
  EXPECT_FALSE(EndOf("Steps-1")->asked());
}

TEST_F(AgentProcessTest, APlatformThatGoesAndComesBackTouchesNothing) {
  platform_.Order(ProbeAs("Steps-1"));
  ASSERT_TRUE(Becomes([this] { return IsReady("Steps-1"); }));
  const int pid = Report().pid();
  platform_.Stop();
  const absl::StatusOr<int> alone = Steps(1, 0);
  EXPECT_THAT(alone.status(), IsOk());
  platform_.Start();
  platform_.Look([](PlatformInTest::Seen& seen) {
    seen.pods.reports.clear();
    seen.control.replicas.clear();
  });
  ASSERT_TRUE(Becomes([this] { return Report().replica() == "Steps-1" && IsReady("Steps-1"); }));
  EXPECT_EQ(Report().pid(), pid);
  EXPECT_FALSE(EndOf("Steps-1"));
}

TEST_F(AgentProcessTest, APodThatEndsLetsALongCallFinish) {
  platform_.Order(ProbeAs("Steps-1"));
  ASSERT_TRUE(Becomes([this] { return IsReady("Steps-1"); }));
  const int pid = Report().pid();
  absl::StatusOr<int> answer = absl::UnknownError("not asked");
  std::thread caller([&] { answer = Steps(1, 1500); });
  ASSERT_TRUE(Becomes([this] {
    return platform_.Look([](PlatformInTest::Seen& seen) {
      for (const v1::ChainletLoad& load : seen.control.replicas["Steps-1"].loads()) {
        if (load.chainlet() == "probe.Steps" && load.in_flight() == 1) return true;
      }
      return false;
    });
  }));
  EXPECT_THAT(Serves(), IsOk());
  agent_->Signal(SIGTERM);
  ASSERT_TRUE(Becomes([this] { return Report().leaving(); }));
  EXPECT_TRUE(Becomes([this] { return !Serves().ok(); }));
  EXPECT_TRUE(Lives(pid));
  caller.join();
  EXPECT_THAT(answer.status(), IsOk());
  EXPECT_EQ(AgentEnds(), "exited with 0");
  EXPECT_FALSE(Lives(pid));
  ASSERT_TRUE(EndOf("Steps-1"));
  EXPECT_EQ(EndOf("Steps-1")->how(), "exited with 0");
}

TEST_F(AgentProcessTest, AnAgentThatIsKilledTakesItsProgramAlong) {
  platform_.Order(ProbeAs("Steps-1"));
  ASSERT_TRUE(Becomes([this] { return IsReady("Steps-1"); }));
  const int pid = Report().pid();
  agent_->Signal(SIGKILL);
  EXPECT_THAT(AgentEnds(), HasSubstr("signal 9"));
  EXPECT_TRUE(Becomes([pid] { return !Lives(pid); }));
  platform_.Look([](PlatformInTest::Seen& seen) { seen.pods.reports.clear(); });
  StartAgent();  // as a container that is started again
  ASSERT_TRUE(Becomes([this] { return EndOf("Steps-1").has_value(); }));
  EXPECT_THAT(EndOf("Steps-1")->how(), HasSubstr("container"));
  platform_.Order(ProbeAs("Steps-2"));
  EXPECT_TRUE(Becomes([this] { return IsReady("Steps-2"); }));
}

TEST_F(AgentProcessTest, NobodyIsReadyBeforeItsProgramIs) {
  ASSERT_TRUE(Becomes([this] { return Report().pod() == "hello-x7k2p"; }));
  EXPECT_THAT(Serves(), StatusIs(absl::StatusCode::kUnavailable));
  platform_.Order(ProbeAs("Steps-1"));
  ASSERT_TRUE(Becomes([this] { return Serves().ok(); }));
  EXPECT_THAT(Steps(1, 0).status(), IsOk());
}

TEST_F(AgentProcessTest, WhoIgnoresThatItIsToLeaveIsEndedByForce) {
  platform_.Order(ScriptAs("Script-1", "trap 'echo deaf' TERM; echo up; while :; do read x; done"));
  ASSERT_TRUE(Becomes([this] { return OutputOf("Script-1") == "up\n"; }));
  v1::PodOrders orders = Nothing();
  orders.set_patience_ms(100);
  platform_.Order(orders);
  ASSERT_TRUE(Becomes([this] { return EndOf("Script-1").has_value(); }));
  EXPECT_TRUE(EndOf("Script-1")->asked());
  EXPECT_THAT(EndOf("Script-1")->how(), HasSubstr("killed by signal 9"));
}

// A process that stays a zombie keeps its number: in the end there are none left.
TEST_F(AgentProcessTest, WhatLosesItsParentIsWaitedFor) {
  platform_.Order(
      ScriptAs("Script-1", "sh -c 'sh -c \"echo \\$\\$; exec true\" &'; exec tail -f /dev/null"));
  ASSERT_TRUE(Becomes([this] { return OutputOf("Script-1").ends_with("\n"); }));
  const fs::path orphan = Text("/proc/", absl::StripAsciiWhitespace(OutputOf("Script-1")));
  EXPECT_THAT(orphan.string(), ::testing::MatchesRegex("/proc/[0-9]+"));
  EXPECT_TRUE(Becomes([&orphan] { return !fs::exists(orphan); }));
  EXPECT_EQ(Report().replica(), "Script-1");
}

TEST_F(AgentProcessTest, ADownloadThatBreaksGoesOnWhereItWas) {
  platform_.Look([](PlatformInTest::Seen& seen) { seen.bundles.breaks_after = 3; });
  platform_.Order(ProbeAs("Steps-1"));
  ASSERT_TRUE(Becomes([this] { return IsReady("Steps-1"); }));
  const std::vector<uint64_t> offsets =
      platform_.Look([](PlatformInTest::Seen& seen) { return seen.bundles.offsets; });
  ASSERT_GT(offsets.size(), 2u);
  for (size_t i = 1; i < offsets.size(); ++i) {
    EXPECT_EQ(offsets[i], i * 3 * BundleService::kPiece);
  }
}

TEST_F(AgentProcessTest, AFileThatIsDamagedOnThePlatformIsNotRun) {
  v1::PodOrders orders = ProbeAs("Steps-1");
  const fs::path blob = platform_.BlobOf(PROBE_PROGRAM);
  fs::permissions(blob, fs::perms::owner_all);
  std::fstream(blob, std::ios::in | std::ios::out | std::ios::binary) << "damaged";
  platform_.Order(orders);
  ASSERT_TRUE(Becomes([this] { return EndOf("Steps-1").has_value(); }));
  EXPECT_THAT(EndOf("Steps-1")->how(),
              AllOf(HasSubstr("could not be started"), HasSubstr("the file probe of the bundle")));
}

TEST(AgentFlagsTest, WhatIsMissingOrWrongIsSaid) {
  const TempFolder folder;
  std::ofstream(folder / "token") << "token\n";
  const std::vector<std::string> all = {"--platform",   "127.0.0.1:1",    "--deployment", "3f9a",
                                        "--token-file", folder / "token", "--pod",        "p",
                                        "--work",       folder / "w"};
  const auto says = [&](std::vector<std::string> arguments) {
    const Launch launch{.program = AGENT_PROGRAM,
                        .arguments = std::move(arguments),
                        .folder = folder.path(),
                        .output = folder / "said"};
    fs::remove(folder / "said");
    absl::StatusOr<Process> agent = Process::Start(launch);
    EXPECT_THAT(agent.status(), IsOk());
    pollfd end{.fd = agent->handle(), .events = POLLIN, .revents = 0};
    EXPECT_EQ(::poll(&end, 1, 20'000), 1);
    EXPECT_THAT(agent->HowItEnded(), Not(HasSubstr("exited with 0")));
    return ContentOf(folder / "said");
  };
  EXPECT_THAT(says({}), HasSubstr("--platform is required"));
  const std::string nobody = Text("127.0.0.1:", FreePort());
  EXPECT_THAT(says({"--check", nobody}), HasSubstr(nobody));
  EXPECT_THAT(says(all), AllOf(HasSubstr("--ip"), HasSubstr("CHAINS_POD_IP")));
  std::vector<std::string> wrong = all;
  wrong.insert(wrong.end(), {"--ip", "127.0.0.1", "--drain", "soon"});
  EXPECT_THAT(says(wrong), HasSubstr("--drain soon"));
  std::vector<std::string> no_token = all;
  no_token[5] = folder / "nothing";
  EXPECT_THAT(says(no_token), HasSubstr("--token-file"));
}

}  // namespace
}  // namespace chains::deploy
