// A queue in a file of SQLite.
#include <filesystem>
#include <fstream>
#include <sys/stat.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/async/sql_store.h"
#include "tests/gateway/async/store_contract.h"
#include "tests/gateway/async/temp_folder.h"

namespace chains::gateway {
namespace {

using ::testing::HasSubstr;

class SqliteStoreTest : public ::testing::TestWithParam<ContractCase> {
 protected:
  TempFolder folder_;
  const std::string url_ = "sqlite:" + folder_ / "queue.db";
};

TEST_P(SqliteStoreTest, Holds) {
  GetParam().run([this] {
    absl::StatusOr<std::unique_ptr<JobStore>> store = OpenJobStore(url_);
    EXPECT_TRUE(store.ok()) << store.status();
    return *std::move(store);
  });
}

INSTANTIATE_TEST_SUITE_P(Contract, SqliteStoreTest, ::testing::ValuesIn(StoreContract()),
                         [](const auto& info) { return info.param.name; });

TEST(SqliteQueueTest, OneProcessHasAFileAndItIsForItsUserAlone) {
  const TempFolder folder;
  const std::string url = "sqlite:" + folder / "queue.db";
  absl::StatusOr<std::unique_ptr<JobStore>> first = OpenJobStore(url);
  ASSERT_TRUE(first.ok()) << first.status();
  const absl::Status second = OpenJobStore(url).status();
  EXPECT_TRUE(absl::IsUnavailable(second));
  EXPECT_THAT(std::string(second.message()), HasSubstr("another gateway has the queue"));
  struct stat file {};
  ASSERT_EQ(stat((folder / "queue.db").c_str(), &file), 0);
  EXPECT_EQ(file.st_mode & 0777, 0600u);
  first->reset();
  EXPECT_TRUE(OpenJobStore(url).ok());
}

TEST(SqliteQueueTest, WhatAProcessThatIsGoneHadIsTakenAtOnce) {
  const TempFolder folder;
  const std::string url = "sqlite:" + folder / "queue.db";
  {
    const std::unique_ptr<JobStore> store = *OpenJobStore(url);
    ASSERT_TRUE(store->Add(JobOf("a")).ok());
    ASSERT_EQ(store->Lease({.owner = "x", .now = At(0), .until = At(1e6)})->size(), 1u);
  }
  const std::unique_ptr<JobStore> store = *OpenJobStore(url);
  const auto jobs = store->Lease({.owner = "y", .now = At(1e6), .until = At(2e6)});
  ASSERT_EQ(jobs->size(), 1u);
  EXPECT_EQ(jobs->front().losses, 1);
}

TEST(SqliteQueueTest, SaysWhatIsWrongWithAFile) {
  const TempFolder folder;
  const struct {
    std::string url;
    absl::StatusCode code;
    const char* says;
  } kCases[] = {
      {"redis://a", absl::StatusCode::kInvalidArgument, "sqlite:FILE or postgresql://"},
      {"sqlite:" + folder / "none/queue.db", absl::StatusCode::kPermissionDenied, "none/queue.db"},
      {"sqlite:" + folder / "text", absl::StatusCode::kDataLoss, "damaged or no queue"},
  };
  std::ofstream(folder / "text") << std::string(5000, 'x');
  for (const auto& [url, code, says] : kCases) {
    const absl::Status failed = OpenJobStore(url).status();
    EXPECT_EQ(failed.code(), code) << failed;
    EXPECT_THAT(std::string(failed.message()), HasSubstr(says));
  }
}

}  // namespace
}  // namespace chains::gateway
