#include "deploy/platform/ca.h"

#include <fstream>
#include <sys/stat.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "chains/testing/status_matchers.h"
#include "tests/deploy/temp_folder.h"

namespace chains::deploy {
namespace {

using ::chains::testing::StatusIs;
using ::testing::HasSubstr;

class CaTest : public ::testing::Test {
 protected:
  std::string file() const { return folder_.path() / "ca.pem"; }
  TempFolder folder_;
};

TEST_F(CaTest, IsMadeOnceForItsOwnerAlone) {
  const auto made = LoadAuthority(file());
  ASSERT_TRUE(made.ok()) << made.status();
  struct stat info {};
  ASSERT_EQ(::stat(file().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  const auto again = LoadAuthority(file());
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ((*again)->roots(), (*made)->roots());
}

TEST_F(CaTest, AFileThatOthersMayReadIsNotUsed) {
  ASSERT_TRUE(LoadAuthority(file()).ok());
  ASSERT_EQ(::chmod(file().c_str(), 0640), 0);
  EXPECT_THAT(LoadAuthority(file()).status(),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("others may read")));
}

TEST_F(CaTest, AFileThatIsNoAuthorityIsNotReplacedSilently) {
  std::ofstream(file()) << "not this";
  ASSERT_EQ(::chmod(file().c_str(), 0600), 0);
  EXPECT_THAT(LoadAuthority(file()).status(),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("bring it back")));
}

TEST_F(CaTest, WhatAStartLeftThatWasCutOffIsInNobodysWay) {
  std::ofstream(file() + ".new") << "half";
  EXPECT_TRUE(LoadAuthority(file()).ok());
}

}  // namespace
}  // namespace chains::deploy
