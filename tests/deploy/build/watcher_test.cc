#include "deploy/build/watcher.h"

#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/time/clock.h"
#include "chains/testing/status_matchers.h"
#include "tests/deploy/bundle/temporary_folder.h"

namespace chains::deploy {
namespace {

namespace fs = std::filesystem;
using ::chains::testing::IsOk;
using ::chains::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class FileWatcherTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_.Write("chain/hello.cc", "hello");
    folder_.Write("chain/sub/deep.cc", "deep");
    folder_.Write("chain/build/CMakeCache.txt", "");
    folder_.Write("chain/out/CMakeCache.txt", "");
    folder_.Write("chain/.git/index", "");
    Watch({});
  }

  void Watch(FileWatcher::Options options) {
    auto watcher = FileWatcher::Open({folder_ / "chain"}, options);
    ASSERT_THAT(watcher.status(), IsOk());
    watcher_ = *std::move(watcher);
  }

  FileChanges Next() {
    absl::StatusOr<FileChanges> changes = watcher_->Next(absl::Now() + absl::Seconds(30));
    EXPECT_THAT(changes.status(), IsOk());
    return changes.ok() ? *changes : FileChanges();
  }

  // As is found without waiting for more.
  absl::Status Nothing() { return watcher_->Next(absl::Now()).status(); }

  const TemporaryFolder folder_{TemporaryFolder::InMemory()};
  std::unique_ptr<FileWatcher> watcher_;
};

TEST_F(FileWatcherTest, SeesAFileThatWasWritten) {
  EXPECT_THAT(Nothing(), StatusIs(absl::StatusCode::kDeadlineExceeded));
  const std::string path = folder_.Write("chain/hello.cc", "edited");
  EXPECT_THAT(Next().paths, ElementsAre(path));
  EXPECT_THAT(Nothing(), StatusIs(absl::StatusCode::kDeadlineExceeded));
}

TEST_F(FileWatcherTest, TellsOneEditOfManyWritesOnce) {
  for (int i = 0; i < 20; ++i) folder_.Write("chain/hello.cc", std::to_string(i));
  folder_.Write("chain/sub/deep.cc", "edited");
  EXPECT_THAT(Next().paths, ElementsAre(folder_ / "chain/hello.cc", folder_ / "chain/sub/deep.cc"));
  EXPECT_THAT(Nothing(), StatusIs(absl::StatusCode::kDeadlineExceeded));
}

// Writes a new file, renames the old one away and the new one to its name.
TEST_F(FileWatcherTest, SeesTheFileThatAnEditorReplaced) {
  folder_.Write("chain/4913", "");
  fs::remove(folder_ / "chain/4913");
  fs::rename(folder_ / "chain/hello.cc", folder_ / "chain/hello.cc~");
  folder_.Write("chain/.hello.cc.swx", "edited");
  fs::rename(folder_ / "chain/.hello.cc.swx", folder_ / "chain/hello.cc");
  fs::remove(folder_ / "chain/hello.cc~");
  EXPECT_THAT(Next().paths, ElementsAre(folder_ / "chain/hello.cc"));
}

TEST_F(FileWatcherTest, SeesWhatIsMadeAndRemoved) {
  folder_.Write("chain/new.cc", "new");
  EXPECT_THAT(Next().paths, ElementsAre(folder_ / "chain/new.cc"));
  fs::create_symlink("new.cc", folder_ / "chain/link.cc");
  EXPECT_THAT(Next().paths, ElementsAre(folder_ / "chain/link.cc"));
  fs::remove(folder_ / "chain/new.cc");
  EXPECT_THAT(Next().paths, ElementsAre(folder_ / "chain/new.cc"));
}

TEST_F(FileWatcherTest, FollowsNewFolders) {
  folder_.Write("chain/made/more/a.cc", "a");
  EXPECT_THAT(Next().paths, ElementsAre(folder_ / "chain/made/more/a.cc"));
  folder_.Write("chain/made/more/b.cc", "b");
  EXPECT_THAT(Next().paths, ElementsAre(folder_ / "chain/made/more/b.cc"));
}

TEST_F(FileWatcherTest, FollowsAFolderThatIsRenamed) {
  fs::rename(folder_ / "chain/sub", folder_ / "chain/renamed");
  EXPECT_THAT(Next().paths, ElementsAre(folder_ / "chain/renamed/deep.cc", folder_ / "chain/sub"));
  folder_.Write("chain/renamed/deep.cc", "edited");
  EXPECT_THAT(Next().paths, ElementsAre(folder_ / "chain/renamed/deep.cc"));
  fs::rename(folder_ / "chain/renamed", folder_ / "elsewhere");
  EXPECT_THAT(Next().paths, ElementsAre(folder_ / "chain/renamed"));
  folder_.Write("elsewhere/deep.cc", "edited again");
  EXPECT_THAT(Nothing(), StatusIs(absl::StatusCode::kDeadlineExceeded));
}

TEST_F(FileWatcherTest, LooksAwayFromWhatIsNoSource) {
  folder_.Write("chain/build/hello.o", "");
  folder_.Write("chain/out/hello.o", "");
  folder_.Write("chain/.git/index", "other");
  folder_.Write("chain/.hello.cc.swp", "");
  folder_.Write("chain/hello.cc~", "");
  folder_.Write("chain/#hello.cc#", "");
  EXPECT_THAT(Nothing(), StatusIs(absl::StatusCode::kDeadlineExceeded));
}

TEST_F(FileWatcherTest, SaysEverythingWhereTooMuchChanged) {
  Watch({.max_paths = 10});
  for (int i = 0; i < 50; ++i) folder_.Write("chain/" + std::to_string(i) + ".cc", "");
  EXPECT_TRUE(Next().everything);
  folder_.Write("chain/hello.cc", "edited");
  const FileChanges changes = Next();
  EXPECT_FALSE(changes.everything);
  EXPECT_THAT(changes.paths, ElementsAre(folder_ / "chain/hello.cc"));
}

TEST_F(FileWatcherTest, SaysEverythingWhereEventsWereLost) {
  std::ifstream limit("/proc/sys/fs/inotify/max_queued_events");
  int events = 0;
  ASSERT_TRUE(limit >> events);
  if (events > 20'000) GTEST_SKIP() << "this system keeps " << events << " events";
  fs::create_directory(folder_ / "chain/late");
  // Two files in turn, since an event that repeats the last one is not kept.
  const std::string paths[] = {folder_ / "chain/hello.cc", folder_ / "chain/sub/deep.cc"};
  for (int i = 0; i <= events; ++i) close(open(paths[i % 2].c_str(), O_WRONLY));
  EXPECT_TRUE(Next().everything);
  folder_.Write("chain/late/a.cc", "a");
  EXPECT_THAT(Next().paths, ElementsAre(folder_ / "chain/late/a.cc"));
}

TEST_F(FileWatcherTest, AnswersThoughEditsGoOn) {
  Watch({.quiet = absl::Seconds(20), .most = absl::Milliseconds(30)});
  folder_.Write("chain/hello.cc", "edited");
  const absl::Time begin = absl::Now();
  EXPECT_THAT(Next().paths, ElementsAre(folder_ / "chain/hello.cc"));
  EXPECT_LT(absl::Now() - begin, absl::Seconds(10));
}

TEST_F(FileWatcherTest, StopsWhenItIsAsked) {
  std::stop_source stop;
  std::thread asks([&] { stop.request_stop(); });
  EXPECT_THAT(watcher_->Next(absl::InfiniteFuture(), stop.get_token()),
              StatusIs(absl::StatusCode::kCancelled));
  asks.join();
  folder_.Write("chain/hello.cc", "edited");
  EXPECT_THAT(Next().paths, ElementsAre(folder_ / "chain/hello.cc")) << "and goes on";
}

TEST_F(FileWatcherTest, SaysThatItsFolderIsGone) {
  fs::remove_all(folder_ / "chain");
  EXPECT_THAT(watcher_->Next(absl::Now() + absl::Seconds(30)),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr(folder_ / "chain")));
  EXPECT_THAT(FileWatcher::Open({folder_ / "chain"}).status(),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr(folder_ / "chain")));
}

}  // namespace
}  // namespace chains::deploy
