#include "chains/main/run_lock.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace chains::internal {
namespace {

using ::testing::HasSubstr;

class RunLockTest : public ::testing::Test {
 protected:
  RunLockTest() { std::filesystem::create_directories(folder_); }
  ~RunLockTest() override { std::filesystem::remove_all(folder_); }
  std::string Content() const {
    std::ostringstream content;
    content << std::ifstream(folder_ + "/lock").rdbuf();
    return content.str();
  }
  const std::string folder_ = ::testing::TempDir() + "run_lock_" + std::to_string(getpid());
};

TEST_F(RunLockTest, ShowsProcessAndAddresses) {
  const auto lock = RunLock::Take(folder_);
  ASSERT_TRUE(lock.ok()) << lock.status();
  EXPECT_EQ(Content(), std::to_string(getpid()) + "\n");
  ASSERT_TRUE((*lock)->Write({"unix:/run/s", "127.0.0.1:1"}).ok());
  EXPECT_EQ(Content(), std::to_string(getpid()) + "\nunix:/run/s\n127.0.0.1:1\n");
}

TEST_F(RunLockTest, IsHeldByOneAtATime) {
  auto first = RunLock::Take(folder_);
  ASSERT_TRUE(first.ok()) << first.status();
  const auto second = RunLock::Take(folder_);
  EXPECT_EQ(second.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(second.status().message()), HasSubstr(folder_));
  EXPECT_EQ(Content(), std::to_string(getpid()) + "\n");  // as it was
  first->reset();
  EXPECT_TRUE(RunLock::Take(folder_).ok());
}

TEST_F(RunLockTest, ReplacesWhatAnEarlierProcessWrote) {
  std::ofstream(folder_ + "/lock") << "1234567\nunix:/a/long/path/of/an/earlier/process\n";
  const auto lock = RunLock::Take(folder_);
  ASSERT_TRUE(lock.ok()) << lock.status();
  EXPECT_EQ(Content(), std::to_string(getpid()) + "\n");
}

TEST_F(RunLockTest, NamesAFolderThatIsNotThere) {
  const auto lock = RunLock::Take(folder_ + "/no");
  EXPECT_THAT(std::string(lock.status().message()), HasSubstr(folder_ + "/no/lock"));
}

}  // namespace
}  // namespace chains::internal
