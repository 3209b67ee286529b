// SecretBox: what is sealed opens with its key and name alone.
#include "deploy/state/secrets.h"

#include <filesystem>
#include <fstream>
#include <string>
#include <sys/stat.h>
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
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class SecretsTest : public ::testing::Test {
 protected:
  SecretBox Box() {
    auto box = SecretBox::Load(file_);
    EXPECT_THAT(box, IsOk());
    return *std::move(box);
  }

  TempFolder folder_;
  const std::filesystem::path file_ = folder_ / "secrets.key";
};

TEST_F(SecretsTest, WhatIsSealedOpensAgainAlsoAfterARestart) {
  const std::string value("s3cret\0\xff value", 14);
  const auto sealed = Box().Seal("openai", value);
  ASSERT_THAT(sealed, IsOk());
  EXPECT_THAT(*sealed, Not(HasSubstr("s3cret")));
  EXPECT_THAT(Box().Open("openai", *sealed), IsOkAndHolds(value));
}

TEST_F(SecretsTest, AnEmptySecretIsOne) {
  const auto sealed = Box().Seal("", "");
  ASSERT_THAT(sealed, IsOk());
  EXPECT_THAT(Box().Open("", *sealed), IsOkAndHolds(""));
}

TEST_F(SecretsTest, NoTwoSealingsOfOneValueAreAlike) {
  const SecretBox box = Box();
  EXPECT_NE(*box.Seal("a", "value"), *box.Seal("a", "value"));
}

TEST_F(SecretsTest, AnyBitThatIsChangedIsFoundOut) {
  const SecretBox box = Box();
  const std::string sealed = *box.Seal("openai", "value");
  for (size_t i = 0; i < sealed.size() * 8; ++i) {
    std::string changed = sealed;
    changed[i / 8] = static_cast<char>(changed[i / 8] ^ (1 << i % 8));
    EXPECT_THAT(box.Open("openai", changed),
                StatusIs(absl::StatusCode::kDataLoss, HasSubstr("'openai'")));
  }
  for (size_t size = 0; size < sealed.size(); ++size) {
    EXPECT_THAT(box.Open("openai", sealed.substr(0, size)),
                StatusIs(absl::StatusCode::kDataLoss, HasSubstr("'openai'")));
  }
}

TEST_F(SecretsTest, OneSecretDoesNotPassForAnother) {
  const SecretBox box = Box();
  EXPECT_THAT(box.Open("b", *box.Seal("a", "value")),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("the secret 'b'")));
}

TEST_F(SecretsTest, AnotherKeyDoesNotOpenItAndIsNamed) {
  const std::string sealed = *Box().Seal("a", "value");
  ASSERT_TRUE(std::filesystem::remove(file_));
  EXPECT_THAT(Box().Open("a", sealed),
              StatusIs(absl::StatusCode::kDataLoss,
                       AllOf(HasSubstr("sealed with another key"), HasSubstr(file_.string()))));
}

TEST_F(SecretsTest, TooLargeASecretIsRefused) {
  EXPECT_THAT(Box().Seal("a", std::string(SecretBox::kMostBytes + 1, 'x')),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("'a' has 1048577 bytes")));
  const std::string most(SecretBox::kMostBytes, 'x');
  EXPECT_THAT(Box().Open("a", *Box().Seal("a", most)), IsOkAndHolds(most));
}

TEST_F(SecretsTest, TheKeyIsForThisUserAloneAndWhatAKilledOneLeftDoesNotHarm) {
  std::ofstream(file_.string() + ".new") << "half";
  Box();
  struct stat found {};
  ASSERT_EQ(stat(file_.c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 0777, 0600u);
  EXPECT_EQ(found.st_size, 32);
  EXPECT_FALSE(std::filesystem::exists(file_.string() + ".new"));
}

TEST_F(SecretsTest, AKeyThatOthersMayReadIsRefused) {
  Box();
  for (const mode_t mode : {0640, 0604, 0620}) {
    ASSERT_EQ(chmod(file_.c_str(), mode), 0);
    EXPECT_THAT(SecretBox::Load(file_).status(),
                StatusIs(absl::StatusCode::kFailedPrecondition,
                         AllOf(HasSubstr(file_.string()), HasSubstr("chmod 600"))));
  }
}

TEST_F(SecretsTest, AKeyOfTheWrongSizeIsRefused) {
  for (const size_t size : {0, 31, 33}) {
    std::filesystem::remove(file_);
    std::ofstream(file_) << std::string(size, 'k');
    ASSERT_EQ(chmod(file_.c_str(), 0600), 0);
    EXPECT_THAT(SecretBox::Load(file_).status(),
                StatusIs(absl::StatusCode::kDataLoss, HasSubstr("is no key of secrets")));
  }
}

TEST_F(SecretsTest, AFolderThatIsMissingIsNamed) {
  EXPECT_THAT(SecretBox::Load(folder_ / "not/secrets.key").status(),
              StatusIs(absl::StatusCode::kPermissionDenied, HasSubstr("/not/secrets.key")));
}

TEST_F(SecretsTest, WipingLeavesNothing) {
  std::string text(100, 's');
  const char* const at = text.data();
  Wipe(text);
  EXPECT_TRUE(text.empty());
  EXPECT_EQ(at[99], '\0');
}

}  // namespace
}  // namespace chains::deploy
