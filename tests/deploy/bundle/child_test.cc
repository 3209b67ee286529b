#include "deploy/bundle/child.h"

#include <signal.h>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/numbers.h"
#include "absl/time/clock.h"
#include "chains/testing/status_matchers.h"
#include "tests/deploy/bundle/temporary_folder.h"

namespace chains::deploy {
namespace {

using ::chains::testing::StatusIs;
using ::testing::AnyOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Matches;

ChildOptions Shell(const std::string& script) { return {.arguments = {"sh", "-c", script}}; }

TEST(ChildTest, KeepsBothStreamsApart) {
  const ChildResult result = RunChild(Shell("echo out; echo err >&2; exit 3")).value();
  EXPECT_EQ(result.output, "out\n");
  EXPECT_EQ(result.errors, "err\n");
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_EQ(result.HowItEnded(), "ended with exit code 3");
}

TEST(ChildTest, ShowsLinesAsTheyCome) {
  std::vector<std::string> lines;
  ChildOptions options = Shell("printf 'one\\ntwo\\nwithout an end'");
  options.on_line = [&](std::string_view line) { lines.emplace_back(line); };
  ASSERT_TRUE(RunChild(options).ok());
  EXPECT_THAT(lines, ElementsAre("one", "two", "without an end"));
}

TEST(ChildTest, ReadsMoreThanAPipeHolds) {
  const ChildResult result = RunChild(Shell("head -c 3000000 /dev/zero")).value();
  EXPECT_EQ(result.output.size(), 3'000'000u);
}

TEST(ChildTest, BoundsWhatItReads) {
  ChildOptions options = Shell("cat /dev/zero");
  options.max_output = 1 << 20;
  EXPECT_THAT(RunChild(options),
              StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("prints more than")));
}

TEST(ChildTest, SaysWhichSignalEndedIt) {
  const ChildResult result = RunChild(Shell("kill -SEGV $$")).value();
  EXPECT_EQ(result.signal, SIGSEGV);
  EXPECT_FALSE(result.ok());
  EXPECT_EQ(result.HowItEnded(), "was ended by signal 11 (Segmentation fault)");
}

TEST(ChildTest, RunsWithFolderAndEnvironment) {
  const TemporaryFolder folder;
  ChildOptions options = Shell("echo $GREETING; pwd; test -n \"$PATH\"");
  options.folder = folder.path();
  options.environment = {"GREETING=hello"};
  EXPECT_EQ(RunChild(options).value().output, "hello\n" + folder.path() + "\n");
}

TEST(ChildTest, SaysThatThereIsNoSuchProgram) {
  EXPECT_THAT(RunChild({.arguments = {"no-such-program"}}),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("cannot run no-such-program")));
  EXPECT_FALSE(IsProgramInPath("no-such-program"));
  EXPECT_TRUE(IsProgramInPath("sh"));
}

// Both the shell and what it started end, also where they do not listen to SIGTERM.
TEST(ChildTest, EndsTheWholeGroupWhenItIsStopped) {
  std::stop_source stop;
  std::vector<pid_t> pids;
  ChildOptions options =
      Shell("trap '' TERM; cat </dev/zero >/dev/null & echo $$; echo $!; wait; wait");
  options.stop = stop.get_token();
  options.on_line = [&](std::string_view line) {
    int pid = 0;
    ASSERT_TRUE(absl::SimpleAtoi(std::string(line), &pid));
    pids.push_back(pid);
    if (pids.size() == 2) stop.request_stop();
  };
  EXPECT_THAT(RunChild(options), StatusIs(absl::StatusCode::kCancelled, HasSubstr("stopped")));
  ASSERT_EQ(pids.size(), 2u);
  EXPECT_EQ(kill(pids[0], 0), -1);
  // Its second process may be waited for by somebody else, but it is no longer running; on a busy
  // machine, soon.
  const auto state = [&] { return TextOfFile("/proc/" + std::to_string(pids[1]) + "/stat"); };
  const absl::Time deadline = absl::Now() + absl::Seconds(10);
  while (!Matches(AnyOf(std::string(), HasSubstr(") Z ")))(state()) && absl::Now() < deadline) {
    std::this_thread::yield();
  }
  EXPECT_THAT(state(), AnyOf("", HasSubstr(") Z ")));
}

TEST(ChildTest, EndsWhatTakesTooLong) {
  ChildOptions options = Shell("exec cat /dev/zero >/dev/null");
  options.timeout = absl::Milliseconds(50);
  EXPECT_THAT(RunChild(options),
              StatusIs(absl::StatusCode::kDeadlineExceeded, HasSubstr("did not end within 50ms")));
}

// What it has left in the background keeps its output open; that is not waited for.
TEST(ChildTest, DoesNotWaitForWhatItLeftBehind) {
  const absl::Time begin = absl::Now();
  EXPECT_EQ(RunChild(Shell("tail -f /dev/null & echo done")).value().output, "done\n");
  EXPECT_LT(absl::Now() - begin, absl::Seconds(20));
}

TEST(ChildTest, ShowsTheLastLines) {
  EXPECT_EQ(LastLines("one\n\ntwo\nthree\n", 2), "  two\n  three");
  EXPECT_EQ(LastLines("", 2), "");
}

}  // namespace
}  // namespace chains::deploy
