// Store: on a disk that fills up, or that a process leaves at any operation.
#include <memory>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "chains/testing/status_matchers.h"
#include "deploy/state/sqlite_store.h"
#include "tests/deploy/state/faulty_disk.h"
#include "tests/deploy/state/numbered_changes.h"
#include "tests/deploy/temp_folder.h"

namespace chains::deploy {
namespace {

using ::chains::testing::IsOk;
using ::chains::testing::StatusIs;
using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr int kMostOperations = 2000;

TEST(StoreDiskTest, AFullDiskIsNamedAndChangesNothingAndRoomMakesItWorkAgain) {
  FaultyDisk disk;
  int writes = 0;
  for (bool fits = false; !fits; ++writes) {
    ASSERT_LT(writes, kMostOperations);
    TempFolder folder;
    const auto store = SqliteStore::Open(folder / "platform.db");
    ASSERT_THAT(store, IsOk());
    ASSERT_THAT((*store)->Apply(NumberedChange(1)), IsOk());
    disk.FillAfter(writes);
    const absl::Status status = (*store)->Apply(NumberedChange(2));
    fits = !disk.failed();
    if (fits) {
      EXPECT_THAT(status, IsOk());
    } else {
      EXPECT_THAT(status, StatusIs(absl::StatusCode::kResourceExhausted,
                                   AllOf(HasSubstr("platform.db'"), HasSubstr("make room"))));
      const auto contents = (*store)->Load();
      ASSERT_THAT(contents, IsOk());
      EXPECT_EQ(LastChangeIn(*contents), 1);
    }
    disk.Recover();
    EXPECT_THAT((*store)->Apply(NumberedChange(2)), IsOk());
    EXPECT_THAT((*store)->Apply(NumberedChange(3)), IsOk());
    const auto contents = (*store)->Load();
    ASSERT_THAT(contents, IsOk());
    EXPECT_EQ(LastChangeIn(*contents), 3);
  }
  EXPECT_GT(writes, 5) << "too few writes for this test to mean anything";
}

TEST(StoreDiskTest, AProcessThatStopsAtAnyOperationLeavesAllThatItAcknowledgedAndNothingHalf) {
  FaultyDisk disk;
  int operations = 0;
  for (bool whole = false; !whole; ++operations) {
    ASSERT_LT(operations, kMostOperations);
    TempFolder folder;
    int acknowledged = 0;
    disk.DieAfter(operations);
    if (auto store = SqliteStore::Open(folder / "platform.db"); store.ok()) {
      while (acknowledged < 3 && (*store)->Apply(NumberedChange(acknowledged + 1)).ok()) {
        ++acknowledged;
      }
    }
    whole = !disk.failed();
    disk.Recover();
    const auto store = SqliteStore::Open(folder / "platform.db");
    ASSERT_THAT(store, IsOk()) << "after " << operations << " operations";
    const auto contents = (*store)->Load();
    ASSERT_THAT(contents, IsOk());
    const int last = LastChangeIn(*contents);
    EXPECT_GE(last, acknowledged) << "after " << operations << " operations";
    EXPECT_LE(last, acknowledged + 1) << "after " << operations << " operations";
    EXPECT_THAT((*store)->Apply(NumberedChange(last + 1)), IsOk());
  }
  EXPECT_GT(operations, 20) << "too few operations for this test to mean anything";
}

}  // namespace
}  // namespace chains::deploy
