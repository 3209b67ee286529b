#include "deploy/fleets/local/run_folder.h"

#include <fcntl.h>
#include <fstream>
#include <sys/file.h>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "chains/testing/status_matchers.h"
#include "tests/deploy/temp_folder.h"

namespace chains::deploy {
namespace {

using ::chains::testing::IsOk;
using ::chains::testing::IsOkAndHolds;
using ::chains::testing::StatusIs;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

ReplicaSpec Spec() {
  ReplicaSpec spec;
  spec.deployment = "d1";
  spec.name = "Say+Hear-abcde";
  return spec;
}

TEST(RunFolderTest, IsNamedByWhatFollowsTheLastDash) {
  EXPECT_EQ(RunFolder("/run", "d1", "Say-Hello+Hear-abcde").path(), "/run/d1/abcde");
  EXPECT_EQ(RunFolder("/run", "d1", "Say-abcde").socket(), "/run/d1/abcde/s");
}

TEST(RunFolderTest, NothingIsFoundWhereNothingWas) {
  const TempFolder folder;
  EXPECT_THAT(FindReplicas(folder / "run"), IsOkAndHolds(IsEmpty()));
  std::ofstream(folder / "file") << "no folder";
  EXPECT_THAT(FindReplicas(folder.path()), IsOkAndHolds(IsEmpty()));
}

TEST(RunFolderTest, AFolderThatCannotBeReadIsNamed) {
  const TempFolder folder;
  std::ofstream(folder / "run") << "no folder";
  EXPECT_THAT(FindReplicas(folder / "run"),
              StatusIs(absl::StatusCode::kInternal, HasSubstr((folder / "run").string())));
}

TEST(RunFolderTest, WhoHoldsTheLockWithoutSayingWhoItIsIsLeftAlone) {
  const TempFolder folder;
  const RunFolder run(folder.path(), "d1", "Say+Hear-abcde");
  ASSERT_THAT(run.Make(Spec()), IsOk());
  const int file = ::open(run.lock().c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  ASSERT_EQ(::flock(file, LOCK_EX), 0);
  EXPECT_EQ(LockHolder(run.lock()), 0);
  EXPECT_THAT(FindReplicas(folder.path()), IsOkAndHolds(IsEmpty()));
  EXPECT_TRUE(std::filesystem::exists(run.path()));
  ASSERT_EQ(::pwrite(file, "77\n", 3, 0), 3);
  EXPECT_EQ(LockHolder(run.lock()), 77);
  const auto found = FindReplicas(folder.path());
  ASSERT_THAT(found, IsOk());
  ASSERT_EQ(found->size(), 1u);
  EXPECT_EQ(found->front().name, "Say+Hear-abcde");
  ::close(file);
  EXPECT_EQ(LockHolder(run.lock()), 0);
  EXPECT_THAT(FindReplicas(folder.path()), IsOkAndHolds(IsEmpty()));
  EXPECT_FALSE(std::filesystem::exists(run.path()));
}

TEST(RunFolderTest, AFolderWithoutAnIntentIsRemoved) {
  const TempFolder folder;
  std::filesystem::create_directories(folder / "d1/abcde");
  std::ofstream(folder / "d1/abcde/intent") << "\x08garbage";
  EXPECT_THAT(FindReplicas(folder.path()), IsOkAndHolds(IsEmpty()));
  EXPECT_FALSE(std::filesystem::exists(folder / "d1"));
}

}  // namespace
}  // namespace chains::deploy
