// OutputFile, LastLines, KeptLog: files that grow, and stay small.
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <memory>
#include <signal.h>
#include <string>
#include <sys/resource.h>
#include <sys/stat.h>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "chains/core/text.h"
#include "chains/testing/status_matchers.h"
#include "deploy/logs/kept_log.h"
#include "deploy/logs/last_lines.h"
#include "deploy/logs/output_file.h"
#include "tests/deploy/temp_folder.h"

namespace chains::deploy {
namespace {

using ::chains::testing::IsOk;
using ::chains::testing::IsOkAndHolds;
using ::chains::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class OutputFileTest : public ::testing::Test {
 protected:
  void Append(std::string_view bytes) {
    std::ofstream(file_, std::ios::app | std::ios::binary) << bytes;
  }
  OutputFile MustOpen(OutputFile::Room room = OutputFile::Room::kPunch) {
    auto file = OutputFile::Open(file_, room);
    EXPECT_THAT(file, IsOk());
    return *std::move(file);
  }
  uint64_t DiskBytes() {
    struct stat found {};
    EXPECT_EQ(stat(file_.c_str(), &found), 0);
    return static_cast<uint64_t>(found.st_blocks) * 512;
  }

  TempFolder folder_;
  const std::filesystem::path file_ = folder_ / "output";
};

TEST_F(OutputFileTest, ItGoesOnWhereItWasConsumedAlsoAfterARestart) {
  Append("one\ntwo");
  {
    OutputFile file = MustOpen();
    EXPECT_THAT(file.Read(), IsOkAndHolds("one\ntwo"));
    EXPECT_THAT(file.Consumed(4), IsOk());
    EXPECT_THAT(file.Read(), IsOkAndHolds("two"));
  }
  Append("!");
  OutputFile file = MustOpen();
  EXPECT_THAT(file.Read(), IsOkAndHolds("two!"));
  EXPECT_THAT(file.Consumed(4), IsOk());
  EXPECT_THAT(file.Read(), IsOkAndHolds(""));
}

TEST_F(OutputFileTest, AFileThatIsAnotherOneIsReadFromItsBegin) {
  Append("old old old");
  EXPECT_THAT(MustOpen().Consumed(11), IsOk());
  std::filesystem::rename(file_, folder_ / "away");
  Append("new");
  EXPECT_THAT(MustOpen().Read(), IsOkAndHolds("new"));
}

TEST_F(OutputFileTest, AFileThatWasTruncatedIsReadFromItsBegin) {
  Append("old old old");
  OutputFile file = MustOpen();
  EXPECT_THAT(file.Consumed(11), IsOk());
  std::filesystem::resize_file(file_, 0);
  Append("new");
  EXPECT_THAT(file.Read(), IsOkAndHolds("new"));
}

TEST_F(OutputFileTest, APositionThatCannotBeReadIsAsNone) {
  Append("one");
  std::ofstream(file_.string() + ".position") << "99999999999999999999999 nonsense";
  EXPECT_THAT(MustOpen().Read(), IsOkAndHolds("one"));
}

TEST_F(OutputFileTest, WhatWasConsumedIsGivenBackWithoutLossAndTheEndStays) {
  OutputFile file = MustOpen();
  std::string line(1000, 'x');
  for (int i = 0; i < 3000; ++i) {
    const std::string text = Text(i, line, "\n");
    Append(text);
    EXPECT_THAT(file.Read(), IsOkAndHolds(text));
    ASSERT_THAT(file.Consumed(text.size()), IsOk());
  }
  EXPECT_LT(DiskBytes(), 300'000u);
  EXPECT_THAT(LastLines(file_, 2), ElementsAre("2998" + line, "2999" + line));
  Append("next");
  EXPECT_THAT(MustOpen().Read(), IsOkAndHolds("next"));
}

TEST_F(OutputFileTest, WhereHolesCannotBeMadeItIsTruncatedWhenAllWasConsumed) {
  OutputFile file = MustOpen(OutputFile::Room::kTruncate);
  const std::string bytes(100'000, 'x');
  Append(bytes);
  ASSERT_THAT(file.Consumed(99'999), IsOk());
  EXPECT_EQ(std::filesystem::file_size(file_), 100'000u);
  ASSERT_THAT(file.Consumed(1), IsOk());
  EXPECT_EQ(std::filesystem::file_size(file_), 0u);
  Append("next");
  EXPECT_THAT(file.Read(), IsOkAndHolds("next"));
  EXPECT_THAT(MustOpen().Read(), IsOkAndHolds("next"));
}

TEST_F(OutputFileTest, TheLastLinesAreMessagesAndWhatHasNoEndYet) {
  Append("one\n{\"message\":\"two\",\"level\":\"error\"}\nthree\xff");
  EXPECT_THAT(LastLines(file_, 2), ElementsAre("two", "three\xEF\xBF\xBD"));
  EXPECT_THAT(LastLines(file_, 9), SizeIs(3));
  EXPECT_THAT(LastLines(file_, 0), IsEmpty());
  EXPECT_THAT(LastLines(folder_ / "missing", 9), IsEmpty());
}

TEST_F(OutputFileTest, OfAStackTheFramesNextToTheCrashAreShown) {
  std::string stack = "before\n*** SIGABRT received ***\n";
  for (int i = 0; i < 30; ++i) stack += Text("    @     0x", i, "  F", i, "()\n");
  Append(stack);
  const std::vector<std::string> lines = LastLines(file_, 20);
  ASSERT_THAT(lines, SizeIs(10));
  EXPECT_EQ(lines[0], "before");
  EXPECT_EQ(lines[9], "    @     0x7  F7()");
}

class KeptLogTest : public ::testing::Test {
 protected:
  std::shared_ptr<KeptLog> MustOpen(uint64_t most = 1 << 20) {
    auto log = KeptLog::Open(file_, most);
    EXPECT_THAT(log, IsOk());
    return *std::move(log);
  }
  static v1::LogLine Line(int number) {
    v1::LogLine line;
    line.set_unix_ms(number);
    line.set_message(Text(number));
    line.set_replica(number % 2 == 0 ? "even" : "odd");
    return line;
  }
  static void Append(KeptLog& log, int from, int to) {
    std::vector<v1::LogLine> lines;
    for (int number = from; number <= to; ++number) lines.push_back(Line(number));
    EXPECT_THAT(log.Append(lines), IsOk());
  }
  static std::vector<std::string> Messages(KeptLog& log, const LogFilter& filter = {}) {
    std::vector<std::string> messages;
    EXPECT_THAT(log.Read(filter,
                         [&](const v1::LogLine& line) {
                           messages.push_back(line.message());
                           return true;
                         }),
                IsOk());
    return messages;
  }

  TempFolder folder_;
  const std::filesystem::path file_ = folder_ / "hello-1.jsonl";
};

TEST_F(KeptLogTest, LinesAreReadInTheirOrderAsTheFilterAsks) {
  const auto log = MustOpen();
  Append(*log, 1, 6);
  EXPECT_THAT(Messages(*log), ElementsAre("1", "2", "3", "4", "5", "6"));
  EXPECT_THAT(Messages(*log, {.replica = "odd"}), ElementsAre("1", "3", "5"));
  EXPECT_THAT(Messages(*log, {.replica = "odd", .tail = 2}), ElementsAre("3", "5"));
  EXPECT_THAT(Messages(*MustOpen()), SizeIs(6));
}

TEST_F(KeptLogTest, AReaderMayStop) {
  const auto log = MustOpen();
  Append(*log, 1, 6);
  for (const uint32_t tail : {0, 3}) {
    int seen = 0;
    EXPECT_THAT(log->Read({.tail = tail}, [&](const v1::LogLine&) { return ++seen < 2; }), IsOk());
    EXPECT_EQ(seen, 2);
  }
}

TEST_F(KeptLogTest, ItStaysWithinItsBoundAndKeepsTheNewest) {
  constexpr uint64_t kMost = 20'000;
  const auto log = MustOpen(kMost);
  for (int i = 0; i < 100; ++i) Append(*log, i * 20, i * 20 + 19);
  const uint64_t size =
      std::filesystem::file_size(file_) + std::filesystem::file_size(file_.string() + ".1");
  EXPECT_LE(size, kMost);
  EXPECT_GT(size, kMost / 2);
  const std::vector<std::string> kept = Messages(*log);
  ASSERT_GT(kept.size(), 100u);
  for (size_t i = 0; i < kept.size(); ++i) EXPECT_EQ(kept[i], Text(2000 - kept.size() + i));
}

TEST_F(KeptLogTest, AReaderFinishesWhatItBeganWhileTheLogIsRotated) {
  const auto log = MustOpen(20'000);
  Append(*log, 0, 99);
  std::vector<std::string> seen;
  EXPECT_THAT(log->Read({},
                        [&](const v1::LogLine& line) {
                          if (seen.empty()) Append(*log, 1000, 2000);
                          seen.push_back(line.message());
                          return true;
                        }),
              IsOk());
  ASSERT_THAT(seen, SizeIs(100));
  EXPECT_EQ(seen.back(), "99");
}

TEST_F(KeptLogTest, HalfALineThatAKilledProcessLeftIsPassedOver) {
  Append(*MustOpen(), 1, 1);
  std::ofstream(file_, std::ios::app) << R"({"time":"2023-11-14T22:13:20.007Z","mess)";
  const auto log = MustOpen();
  Append(*log, 2, 2);
  EXPECT_THAT(Messages(*log), ElementsAre("1", "2"));
}

// No file of this process may grow beyond so many bytes, while it lives: a write is cut short
// there.
class FileLimit {
 public:
  explicit FileLimit(rlim_t bytes) : signal_(signal(SIGXFSZ, SIG_IGN)) {
    EXPECT_EQ(getrlimit(RLIMIT_FSIZE, &before_), 0);
    const rlimit limit{.rlim_cur = bytes, .rlim_max = before_.rlim_max};
    EXPECT_EQ(setrlimit(RLIMIT_FSIZE, &limit), 0);
  }
  FileLimit(const FileLimit&) = delete;
  FileLimit& operator=(const FileLimit&) = delete;
  ~FileLimit() {
    EXPECT_EQ(setrlimit(RLIMIT_FSIZE, &before_), 0);
    signal(SIGXFSZ, signal_);
  }

 private:
  rlimit before_{};
  sighandler_t signal_;
};

TEST_F(KeptLogTest, WhatDoesNotFitOnTheDiskIsTakenBackAndTheLogGoesOnOnceThereIsRoom) {
  const auto log = MustOpen();
  Append(*log, 1, 3);
  const uint64_t size = std::filesystem::file_size(file_);
  {
    const FileLimit limit(size + 20);
    EXPECT_THAT(log->Append({Line(4), Line(5)}),
                StatusIs(absl::StatusCode::kInternal, HasSubstr(file_.string())));
  }
  EXPECT_EQ(std::filesystem::file_size(file_), size);
  Append(*log, 6, 6);
  EXPECT_THAT(Messages(*log), ElementsAre("1", "2", "3", "6"));
}

TEST_F(KeptLogTest, WhoSubscribesGetsWhatIsThereThenWhatComesAndNothingTwice) {
  const auto log = MustOpen();
  Append(*log, 1, 4);
  std::vector<std::string> past;
  int ready = 0;
  const auto subscription = log->Subscribe(
      {.replica = "odd", .tail = 1},
      [&](const v1::LogLine& line) {
        past.push_back(line.message());
        Append(*log, 5, 6);
        return true;
      },
      [&ready] { ++ready; });
  ASSERT_THAT(subscription, IsOk());
  EXPECT_THAT(past, ElementsAre("3"));
  Append(*log, 7, 8);
  EXPECT_EQ(ready, 1);
  const LogSubscription::News news = (*subscription)->Take();
  ASSERT_EQ(news.lines.size(), 2u);
  EXPECT_EQ(news.lines[0].message() + news.lines[1].message(), "57");
  EXPECT_EQ(news.lost, 0u);
  EXPECT_TRUE((*subscription)->Take().lines.empty());
  Append(*log, 9, 9);
  EXPECT_EQ(ready, 2);
}

TEST_F(KeptLogTest, WhoIsTooSlowLosesTheOldestAndIsToldHowMany) {
  const auto log = MustOpen(8 << 20);
  const auto nothing = [](const v1::LogLine&) { return true; };
  const auto subscription = log->Subscribe({}, nothing, [] {});
  ASSERT_THAT(subscription, IsOk());
  Append(*log, 1, 2500);
  LogSubscription::News news = (*subscription)->Take();
  ASSERT_EQ(news.lines.size(), 1000u);
  EXPECT_EQ(news.lost, 1500u);
  EXPECT_EQ(news.lines.front().message(), "1501");
  v1::LogLine large;
  large.set_message(std::string(16'000, 'x'));
  EXPECT_THAT(log->Append(std::vector<v1::LogLine>(200, large)), IsOk());
  news = (*subscription)->Take();
  EXPECT_LT(news.lines.size(), 70u);
  EXPECT_EQ(news.lines.size() + news.lost, 200u);
}

TEST_F(KeptLogTest, WhoHasLeftIsNotCalled) {
  const auto log = MustOpen();
  int ready = 0;
  auto subscription = log->Subscribe(
      {}, [](const v1::LogLine&) { return true; }, [&ready] { ++ready; });
  ASSERT_THAT(subscription, IsOk());
  subscription->reset();
  Append(*log, 1, 1);
  EXPECT_EQ(ready, 0);
}

}  // namespace
}  // namespace chains::deploy
