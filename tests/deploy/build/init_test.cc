#include "deploy/build/init.h"

#include <filesystem>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "chains/testing/status_matchers.h"
#include "tests/deploy/bundle/temporary_folder.h"

namespace chains::deploy {
namespace {

using ::chains::testing::IsOk;
using ::chains::testing::IsOkAndHolds;
using ::chains::testing::StatusIs;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(InitTest, WritesAChainNamedAfterItsFolder) {
  const TemporaryFolder folder;
  EXPECT_THAT(InitChain(folder / "book-shop/", ""),
              IsOkAndHolds(ElementsAre(".gitignore", "CMakeLists.txt", "README.md", "count_all.cc",
                                       "count_words.cc", "main.cc", "book-shop.proto",
                                       "book-shop_chain.h", "book-shop_test.cc")));
  EXPECT_THAT(TextOfFile(folder / "book-shop/book-shop.proto"), HasSubstr("package book_shop;"));
  EXPECT_THAT(TextOfFile(folder / "book-shop/CMakeLists.txt"),
              HasSubstr("chains_add_chain(book-shop\n"));
  for (const auto& entry : std::filesystem::directory_iterator(folder / "book-shop")) {
    EXPECT_THAT(TextOfFile(entry.path()), AllOf(Not(HasSubstr("{{")), Not(HasSubstr("}}"))));
  }
}

TEST(InitTest, TakesAnEmptyFolderAndAName) {
  const TemporaryFolder folder;
  EXPECT_THAT(InitChain(folder.path(), "shop"), IsOkAndHolds(Contains("shop.proto")));
}

TEST(InitTest, LeavesAFolderAloneThatHasSomethingInIt) {
  const TemporaryFolder folder;
  folder.Write("shop/notes.txt", "mine");
  EXPECT_THAT(InitChain(folder / "shop", ""),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       AllOf(HasSubstr(folder / "shop"), HasSubstr("notes.txt"))));
  EXPECT_FALSE(std::filesystem::exists(folder / "shop/main.cc"));
  EXPECT_THAT(InitChain(folder / "shop/notes.txt", "shop"),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("is a file")));
}

TEST(InitTest, RefusesNamesThatDoNotBuild) {
  for (const char* name : {"shop", "a", "book-shop", "shop_2"}) {
    EXPECT_THAT(CheckNewName(name), IsOk()) << name;
  }
  for (const char* name : {"", "Shop", "2shop", "-shop", "a b", "a__b", "../shop", "class", "test",
                           "std", "main", "bücher"}) {
    EXPECT_THAT(CheckNewName(name), StatusIs(absl::StatusCode::kInvalidArgument)) << name;
  }
  EXPECT_THAT(InitChain("/nowhere/Shop", ""),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("--name")));
}

}  // namespace
}  // namespace chains::deploy
