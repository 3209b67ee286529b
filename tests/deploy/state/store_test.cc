// Store: what is put is there again, and what is said where the file cannot be used.
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <sys/fsuid.h>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "chains/core/text.h"
#include "chains/testing/status_matchers.h"
#include "deploy/state/schema.h"
#include "deploy/state/sqlite_store.h"
#include "tests/deploy/state/numbered_changes.h"
#include "tests/deploy/temp_folder.h"

namespace chains::deploy {
namespace {

using ::chains::testing::IsOk;
using ::chains::testing::StatusIs;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class StoreTest : public ::testing::Test {
 protected:
  std::unique_ptr<Store> MustOpen() {
    auto store = SqliteStore::Open(file_);
    EXPECT_THAT(store, IsOk());
    return store.ok() ? *std::move(store) : nullptr;
  }
  // Opens it and gives it back.
  absl::Status TryOpen() { return SqliteStore::Open(file_).status(); }
  void Run(const char* sql) {
    const auto database = Database::Open(file_);
    ASSERT_THAT(database, IsOk());
    ASSERT_THAT((*database)->RunScript(sql), IsOk());
  }

  TempFolder folder_;
  const std::filesystem::path file_ = folder_ / "platform.db";
};

TEST_F(StoreTest, ANewStoreIsEmptyAndForThisUserAlone) {
  const auto store = MustOpen();
  const auto contents = store->Load();
  ASSERT_THAT(contents, IsOk());
  EXPECT_EQ(LastChangeIn(*contents), 0);
  for (const auto& each : std::filesystem::directory_iterator(folder_.path())) {
    struct stat found {};
    ASSERT_EQ(stat(each.path().c_str(), &found), 0);
    EXPECT_EQ(found.st_mode & 0777, 0600u) << each.path();
  }
}

TEST_F(StoreTest, WhatWasPutIsThereAgain) {
  {
    const auto store = MustOpen();
    for (int number = 1; number <= 5; ++number) {
      ASSERT_THAT(store->Apply(NumberedChange(number)), IsOk());
    }
  }
  const auto contents = MustOpen()->Load();
  ASSERT_THAT(contents, IsOk());
  EXPECT_EQ(LastChangeIn(*contents), 5);
}

TEST_F(StoreTest, AWholeRecordComesBack) {
  Store::Change change;
  state::DeploymentRecord& record = change.put_deployments.emplace_back();
  record.set_id("hello-1");
  record.set_token(std::string("\0'", 2));
  record.set_pending_replaces(true);
  (*record.mutable_scaling())["hello.SayHello"].set_max_replica(3);
  ASSERT_THAT(MustOpen()->Apply(change), IsOk());
  const auto contents = MustOpen()->Load();
  ASSERT_THAT(contents, IsOk());
  ASSERT_EQ(contents->deployments.size(), 1u);
  EXPECT_EQ(contents->deployments[0].SerializeAsString(), record.SerializeAsString());
}

TEST_F(StoreTest, EnvironmentsAreKeptByChainAndNameInThatOrder) {
  const auto store = MustOpen();
  Store::Change change;
  for (const auto& [chain, name] : std::vector<std::pair<std::string, std::string>>{
           {"poems", "production"}, {"hello", "staging"}, {"hello", "production"}}) {
    state::EnvironmentRecord& record = change.put_environments.emplace_back();
    record.set_chain(chain);
    record.set_name(name);
  }
  ASSERT_THAT(store->Apply(change), IsOk());
  Store::Change deletion;
  deletion.delete_environments = {{"hello", "staging"}, {"hello", "missing"}};
  ASSERT_THAT(store->Apply(deletion), IsOk());
  const auto contents = store->Load();
  ASSERT_THAT(contents, IsOk());
  std::vector<std::string> found;
  for (const auto& each : contents->environments) found.push_back(each.chain() + "/" + each.name());
  EXPECT_THAT(found, ElementsAre("hello/production", "poems/production"));
}

TEST_F(StoreTest, OneChangeMayDeleteARecordAndPutAnotherByItsName) {
  const auto store = MustOpen();
  Store::Change change;
  change.put_keys.emplace_back().set_name("laptop");
  ASSERT_THAT(store->Apply(change), IsOk());
  change.put_keys[0].set_prefix("ck_new");
  change.delete_keys = {"laptop"};
  ASSERT_THAT(store->Apply(change), IsOk());
  const auto contents = store->Load();
  ASSERT_THAT(contents, IsOk());
  ASSERT_EQ(contents->keys.size(), 1u);
  EXPECT_EQ(contents->keys[0].prefix(), "ck_new");
}

// Protobuf would write it, and not read it again.
TEST_F(StoreTest, ARecordThatCouldNotBeReadAgainIsRefusedAndWithItTheChange) {
  const auto store = MustOpen();
  Store::Change change = NumberedChange(1);
  change.put_deployments.emplace_back().set_failure("\xff");
  EXPECT_THAT(store->Apply(change), StatusIs(absl::StatusCode::kInvalidArgument,
                                             HasSubstr("chains.deploy.state.DeploymentRecord")));
  const auto contents = store->Load();
  ASSERT_THAT(contents, IsOk());
  EXPECT_EQ(LastChangeIn(*contents), 0);
}

TEST_F(StoreTest, AnEmptyChangeIsNone) {
  Store::Change change;
  EXPECT_TRUE(change.empty());
  EXPECT_THAT(MustOpen()->Apply(change), IsOk());
  EXPECT_FALSE(NumberedChange(1).empty());
}

TEST_F(StoreTest, SeveralThreadsMayApplyAtOnce) {
  const auto store = MustOpen();
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&store, thread] {
      for (int i = 0; i < 10; ++i) {
        Store::Change change;
        change.put_deployments.emplace_back().set_id(Text(thread, "-", i));
        EXPECT_THAT(store->Apply(change), IsOk());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  const auto contents = store->Load();
  ASSERT_THAT(contents, IsOk());
  EXPECT_EQ(contents->deployments.size(), 40u);
}

TEST_F(StoreTest, ASecondStoreIsRefusedByTheNameOfTheFolderAndTheProcess) {
  auto store = MustOpen();
  EXPECT_THAT(TryOpen(), StatusIs(absl::StatusCode::kFailedPrecondition,
                                  AllOf(HasSubstr(Text("another platform runs with the folder '",
                                                       folder_.path().string(), "'")),
                                        HasSubstr(Text("(pid ", getpid(), ")")))));
  store = nullptr;
  EXPECT_THAT(TryOpen(), IsOk());
}

TEST_F(StoreTest, AMissingFolderIsNamed) {
  EXPECT_THAT(SqliteStore::Open(folder_ / "not/platform.db").status(),
              StatusIs(absl::StatusCode::kNotFound,
                       AllOf(HasSubstr(folder_.path().string() + "/not"), HasSubstr("make it"))));
}

TEST_F(StoreTest, AFolderThatIsNotToBeWrittenIsNamed) {
  ASSERT_EQ(chmod(folder_.path().c_str(), 0555), 0);
  // Root may write everywhere; this thread's file operations are not root's for a moment.
  const auto user = static_cast<uid_t>(setfsuid(65534));
  const absl::Status status = TryOpen();
  setfsuid(user);
  ASSERT_EQ(chmod(folder_.path().c_str(), 0755), 0);
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kPermissionDenied,
                               AllOf(HasSubstr(file_.string()), HasSubstr("name another folder"))));
}

TEST_F(StoreTest, AFileThatIsNoDatabaseIsNamedAndStaysAsItIs) {
  const std::string text(5000, 'x');
  std::ofstream(file_) << text;
  EXPECT_THAT(TryOpen(),
              StatusIs(absl::StatusCode::kDataLoss,
                       AllOf(HasSubstr(file_.string()), HasSubstr("bring back a copy"))));
  std::ifstream in(file_);
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(in), {}), text);
}

TEST_F(StoreTest, ADamagedDatabaseIsNamed) {
  {
    const auto store = MustOpen();
    for (int number = 1; number <= 20; ++number) {
      ASSERT_THAT(store->Apply(NumberedChange(number)), IsOk());
    }
  }
  std::fstream file(file_, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(4096);
  file << std::string(8192, '\x5a');
  file.close();
  EXPECT_THAT(TryOpen(), StatusIs(absl::StatusCode::kDataLoss, HasSubstr(file_.string())));
}

TEST_F(StoreTest, ARecordThatCannotBeReadIsNamed) {
  MustOpen();
  Run("INSERT INTO deployments VALUES('hello-7', x'ff')");
  EXPECT_THAT(MustOpen()->Load(), StatusIs(absl::StatusCode::kDataLoss,
                                           HasSubstr("the record of the deployment 'hello-7'")));
}

TEST_F(StoreTest, ADatabaseOfANewerChainsIsRefused) {
  MustOpen();
  Run("PRAGMA user_version = 99");
  EXPECT_THAT(TryOpen(), StatusIs(absl::StatusCode::kFailedPrecondition,
                                  AllOf(HasSubstr("newer Chains"), HasSubstr("99"))));
}

TEST_F(StoreTest, ADatabaseOfAnotherProgramIsRefused) {
  Run("CREATE TABLE songs(title TEXT)");
  EXPECT_THAT(TryOpen(), StatusIs(absl::StatusCode::kFailedPrecondition,
                                  HasSubstr("a database of another program")));
}

TEST_F(StoreTest, AnOlderDatabaseIsBroughtToTheNewFormStepByStep) {
  const auto database = Database::Open(file_);
  ASSERT_THAT(database, IsOk());
  const char* const steps[] = {"CREATE TABLE a(x INTEGER); INSERT INTO a VALUES(1)",
                               "ALTER TABLE a ADD COLUMN y INTEGER; UPDATE a SET y = x + 1",
                               "nonsense"};
  ASSERT_THAT(Migrate(**database, SchemaSteps(steps).first(1)), IsOk());
  ASSERT_THAT(Migrate(**database, SchemaSteps(steps).first(2)), IsOk());
  EXPECT_THAT((*database)->Number("SELECT y FROM a"), ::chains::testing::IsOkAndHolds(2));
  EXPECT_THAT(Migrate(**database, steps),
              StatusIs(absl::StatusCode::kInternal, HasSubstr("nonsense")));
  EXPECT_THAT((*database)->Number("PRAGMA user_version"), ::chains::testing::IsOkAndHolds(2));
}

}  // namespace
}  // namespace chains::deploy
