// LogKeeper: from the output of processes to the log of a deployment, across restarts and kills.
#include "deploy/logs/log_keeper.h"

#include <condition_variable>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <signal.h>
#include <string>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "chains/core/text.h"
#include "chains/testing/status_matchers.h"
#include "tests/deploy/temp_folder.h"

namespace chains::deploy {
namespace {

using ::chains::testing::IsOk;
using ::chains::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class LogKeeperTest : public ::testing::Test {
 protected:
  LogKeeper::Options Options() {
    return {.folder = folder_ / "logs", .now = [] { return absl::FromUnixSeconds(1'700'000'000); }};
  }
  std::unique_ptr<LogKeeper> Make(LogKeeper::Options options) {
    auto keeper = LogKeeper::Create(std::move(options));
    EXPECT_THAT(keeper, IsOk());
    return *std::move(keeper);
  }
  std::unique_ptr<LogKeeper> Make() { return Make(Options()); }
  std::filesystem::path Output(const std::string& replica) { return folder_ / replica; }
  absl::Status Follow(LogKeeper& keeper, const std::string& replica) {
    return keeper.Follow(Output(replica), {.chain = "hello",
                                           .deployment = "hello-1",
                                           .chainlet = "hello.SayHello",
                                           .replica = replica});
  }
  void Write(const std::string& replica, std::string_view bytes) {
    std::ofstream(Output(replica), std::ios::app | std::ios::binary) << bytes;
  }
  static std::vector<v1::LogLine> Lines(LogKeeper& keeper, const LogFilter& filter = {}) {
    std::vector<v1::LogLine> lines;
    EXPECT_THAT(keeper.Read("hello-1", filter,
                            [&](const v1::LogLine& line) {
                              lines.push_back(line);
                              return true;
                            }),
                IsOk());
    return lines;
  }
  static std::vector<std::string> Messages(LogKeeper& keeper, const LogFilter& filter = {}) {
    std::vector<std::string> messages;
    for (const v1::LogLine& line : Lines(keeper, filter)) messages.push_back(line.message());
    return messages;
  }

  TempFolder folder_;
};

TEST_F(LogKeeperTest, LinesAreKeptWithWhoWroteThem) {
  const auto keeper = Make();
  ASSERT_THAT(Follow(*keeper, "SayHello-1"), IsOk());
  Write("SayHello-1", R"({"time":"2023-01-01T00:00:00Z","level":"info","message":"m",)"
                      R"("request_id":"r","trace_id":"t"})"
                      "\nplain\n");
  ASSERT_THAT(keeper->Pump(), IsOk());
  const std::vector<v1::LogLine> lines = Lines(*keeper);
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(lines[0].unix_ms(), 1'672'531'200'000);
  EXPECT_EQ(lines[0].level() + lines[0].message() + lines[0].request_id() + lines[0].trace_id(),
            "infomrt");
  EXPECT_EQ(lines[1].unix_ms(), 1'700'000'000'000);
  EXPECT_EQ(lines[1].message(), "plain");
  for (const v1::LogLine& line : lines) {
    EXPECT_EQ(line.chain(), "hello");
    EXPECT_EQ(line.deployment(), "hello-1");
    EXPECT_EQ(line.chainlet(), "hello.SayHello");
    EXPECT_EQ(line.replica(), "SayHello-1");
  }
}

TEST_F(LogKeeperTest, SeveralReplicasShareTheLogOfTheirDeployment) {
  const auto keeper = Make();
  ASSERT_THAT(Follow(*keeper, "a"), IsOk());
  ASSERT_THAT(Follow(*keeper, "b"), IsOk());
  Write("a", "1\n");
  Write("b", "2\n");
  ASSERT_THAT(keeper->Pump(), IsOk());
  EXPECT_THAT(Messages(*keeper), SizeIs(2));
  EXPECT_THAT(Messages(*keeper, {.replica = "b"}), ElementsAre("2"));
}

TEST_F(LogKeeperTest, AfterARestartNoLineIsLeftOutOrTwice) {
  Write("a", "1\n2\n3");
  {
    const auto keeper = Make();
    ASSERT_THAT(Follow(*keeper, "a"), IsOk());
    ASSERT_THAT(keeper->Pump(), IsOk());
    EXPECT_THAT(Messages(*keeper), ElementsAre("1", "2"));
    Write("a", "3\n4\n");  // taken when it ends
  }
  Write("a", "5\n");  // while there is none
  const auto keeper = Make();
  ASSERT_THAT(Follow(*keeper, "a"), IsOk());
  ASSERT_THAT(keeper->Pump(), IsOk());
  EXPECT_THAT(Messages(*keeper), ElementsAre("1", "2", "33", "4", "5"));
}

TEST_F(LogKeeperTest, WhenAProcessHasEndedItsLastLineNeedsNoNewline) {
  const auto keeper = Make();
  ASSERT_THAT(Follow(*keeper, "a"), IsOk());
  Write("a", "1\nterminate called");
  ASSERT_THAT(keeper->Unfollow(Output("a")), IsOk());
  EXPECT_THAT(Messages(*keeper), ElementsAre("1", "terminate called"));
  EXPECT_THAT(keeper->Unfollow(Output("a")), IsOk());
  // The next process on the same file.
  ASSERT_THAT(Follow(*keeper, "a"), IsOk());
  Write("a", "2\n");
  ASSERT_THAT(keeper->Pump(), IsOk());
  EXPECT_THAT(Messages(*keeper), ElementsAre("1", "terminate called", "2"));
}

TEST_F(LogKeeperTest, ADeploymentWithoutALogHasNoLinesAndABadNameIsRefused) {
  const auto keeper = Make();
  EXPECT_THAT(Messages(*keeper), IsEmpty());
  EXPECT_FALSE(std::filesystem::exists(folder_ / "logs/hello-1.jsonl"));
  for (const char* name : {"", "..", ".x", "a/b", "/etc/passwd"}) {
    EXPECT_THAT(keeper->Read(name, {}, [](const v1::LogLine&) { return true; }),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("no name")));
  }
}

TEST_F(LogKeeperTest, OneOutputIsFollowedOnce) {
  const auto keeper = Make();
  ASSERT_THAT(Follow(*keeper, "a"), IsOk());
  EXPECT_THAT(Follow(*keeper, "a"), StatusIs(absl::StatusCode::kAlreadyExists, HasSubstr("/a'")));
}

TEST_F(LogKeeperTest, ALogThatCannotBeKeptIsAProblemAndNothingIsLeftOut) {
  const auto keeper = Make({.folder = folder_ / "logs", .kept_bytes = 1000});
  ASSERT_THAT(Follow(*keeper, "a"), IsOk());
  // A folder stands where the log is to be rotated to.
  std::filesystem::create_directories(folder_ / "logs/hello-1.jsonl.1/x");
  std::string written;
  for (int i = 100; i < 106; ++i) Write("a", Text(i, "\n"));
  EXPECT_THAT(keeper->Pump(), StatusIs(absl::StatusCode::kInternal, HasSubstr("hello-1.jsonl")));
  EXPECT_THAT(keeper->problem(), StatusIs(absl::StatusCode::kInternal, HasSubstr("rotate")));
  std::filesystem::remove_all(folder_ / "logs/hello-1.jsonl.1");
  ASSERT_THAT(keeper->Pump(), IsOk());
  EXPECT_THAT(keeper->problem(), IsOk());
  const std::vector<std::string> messages = Messages(*keeper);
  EXPECT_EQ(messages.back(), "105");
}

TEST_F(LogKeeperTest, AnEndlessLineDoesNotFillTheDisk) {
  const auto keeper = Make();
  ASSERT_THAT(Follow(*keeper, "a"), IsOk());
  for (int i = 0; i < 40; ++i) {
    Write("a", std::string(100'000, 'x'));
    ASSERT_THAT(keeper->Pump(), IsOk());
  }
  struct stat found {};
  ASSERT_EQ(stat(Output("a").c_str(), &found), 0);
  EXPECT_LT(found.st_blocks * 512, 500'000);
  Write("a", "\nnext\n");
  ASSERT_THAT(keeper->Pump(), IsOk());
  const std::vector<std::string> messages = Messages(*keeper);
  ASSERT_THAT(messages, SizeIs(2));
  EXPECT_THAT(messages[0], ::testing::EndsWith("bytes more)"));
  EXPECT_EQ(messages[1], "next");
}

TEST_F(LogKeeperTest, ARemovedLogIsGone) {
  const auto keeper = Make();
  ASSERT_THAT(Follow(*keeper, "a"), IsOk());
  Write("a", "1\n");
  ASSERT_THAT(keeper->Unfollow(Output("a")), IsOk());
  ASSERT_THAT(keeper->Remove("hello-1"), IsOk());
  EXPECT_THAT(Messages(*keeper), IsEmpty());
  EXPECT_THAT(keeper->Remove("hello-1"), IsOk());
}

// Waits for the lines of a subscription, with a deadline.
class Follower {
 public:
  explicit Follower(LogKeeper& keeper) {
    auto subscription = keeper.Subscribe(
        "hello-1", {}, [](const v1::LogLine&) { return true; },
        [this] {
          const std::lock_guard lock(mutex_);
          ready_ = true;
          changed_.notify_all();
        });
    EXPECT_THAT(subscription, IsOk());
    subscription_ = *std::move(subscription);
  }
  std::vector<std::string> WaitFor(size_t count) {
    std::vector<std::string> messages;
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (messages.size() < count) {
      std::unique_lock lock(mutex_);
      if (!changed_.wait_until(lock, deadline, [this] { return ready_; })) break;
      ready_ = false;
      lock.unlock();
      for (const v1::LogLine& line : subscription_->Take().lines)
        messages.push_back(line.message());
    }
    return messages;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool ready_ = false;
  std::unique_ptr<LogSubscription> subscription_;
};

class OnItsThread : public LogKeeperTest, public ::testing::WithParamInterface<FileWatch::Way> {};

TEST_P(OnItsThread, WhoFollowsSeesLinesAsTheyAreWritten) {
  LogKeeper::Options options = Options();
  options.watch = GetParam();
  const auto keeper = Make(std::move(options));
  keeper->Start();
  ASSERT_THAT(Follow(*keeper, "a"), IsOk());
  Follower follower(*keeper);
  Write("a", "1\n");
  EXPECT_THAT(follower.WaitFor(1), ElementsAre("1"));
  Write("a", "2\n3\n");
  EXPECT_THAT(follower.WaitFor(2), ElementsAre("2", "3"));
}

INSTANTIATE_TEST_SUITE_P(, OnItsThread,
                         ::testing::Values(FileWatch::Way::kInotify, FileWatch::Way::kPoll),
                         [](const auto& info) {
                           return info.param == FileWatch::Way::kInotify ? "Inotify" : "Poll";
                         });

// A keeper in a child is killed again and again while lines are written.
TEST_F(LogKeeperTest, AfterKillsNoLineIsLeftOut) {
  constexpr int kKills = 20;
  std::mt19937 random(std::random_device{}());
  int written = 0;
  for (int kill_number = 0; kill_number < kKills; ++kill_number) {
    int ends[2];
    ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      auto keeper = LogKeeper::Create(Options());
      if (!keeper.ok() || !Follow(**keeper, "a").ok()) _exit(1);
      while ((*keeper)->Pump().ok()) {
        if (write(ends[1], "x", 1) != 1) break;
      }
      _exit(2);
    }
    close(ends[1]);
    // It is alive and reads; then some more of it, and the end.
    char ignored = 0;
    ASSERT_EQ(read(ends[0], &ignored, 1), 1);
    const int more = std::uniform_int_distribution<int>(1, 400)(random);
    std::string lines;
    for (int i = 0; i < more; ++i) {
      lines += Text(++written, "\n");
      if (i % 50 == 0) Write("a", std::exchange(lines, ""));
    }
    Write("a", lines);
    ASSERT_EQ(kill(child, SIGKILL), 0);
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status)) << status;
    close(ends[0]);
  }
  const auto keeper = Make();
  ASSERT_THAT(Follow(*keeper, "a"), IsOk());
  ASSERT_THAT(keeper->Pump(), IsOk());
  std::map<std::string, int> seen;
  for (const std::string& message : Messages(*keeper)) ++seen[message];
  for (int number = 1; number <= written; ++number) {
    ASSERT_GE(seen[Text(number)], 1) << "of " << written;
  }
  EXPECT_EQ(seen.size(), static_cast<size_t>(written)) << "half a line was kept";
}

}  // namespace
}  // namespace chains::deploy
