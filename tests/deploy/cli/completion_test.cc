// Completion, asked as a shell asks it.
#include "deploy/cli/completion.h"

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace chains::deploy::cli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class CompletionTest : public ::testing::Test {
 protected:
  CompletionTest() {
    std::filesystem::create_directories(folder_);
    std::ofstream(folder_ / "chains.bash") << BashCompletion(MakeRoot());
    // What is asked while typing.
    std::ofstream(folder_ / "chains")
        << "#!/bin/sh\necho '{\"deployments\":[{\"id\":\"3f9a\",\"chain\":\"hello\"}]}'\n";
    std::filesystem::permissions(folder_ / "chains", std::filesystem::perms::owner_all);
  }
  ~CompletionTest() override { std::filesystem::remove_all(folder_); }

  // What is offered for the last of `words`.
  std::string Offers(const std::string& words) {
    const std::string script = "PATH=" + folder_.string() + ":$PATH; . " +
                               (folder_ / "chains.bash").string() + "; COMP_WORDS=(" + words +
                               "); COMP_CWORD=$((${#COMP_WORDS[@]}-1)); _chains; "
                               "echo \"${COMPREPLY[*]}\"";
    std::ofstream(folder_ / "ask") << script;
    const std::string command = "bash " + (folder_ / "ask").string() + " 2>&1";
    const std::unique_ptr<FILE, int (*)(FILE*)> pipe(popen(command.c_str(), "r"), pclose);
    std::string offers;
    char bytes[4096];
    for (size_t n = 0; (n = fread(bytes, 1, sizeof(bytes), pipe.get())) > 0;) {
      offers.append(bytes, n);
    }
    return offers;
  }

  const std::filesystem::path folder_ =
      std::filesystem::path(::testing::TempDir()) / ("completion_" + std::to_string(getpid()));
};

TEST_F(CompletionTest, OffersCommandsAndThoseBelowThem) {
  EXPECT_EQ(Offers("chains pro"), "promote\n");
  EXPECT_THAT(Offers("chains keys ''"),
              AllOf(HasSubstr("create"), HasSubstr("list"), HasSubstr("revoke")));
}
TEST_F(CompletionTest, OffersFlagsOfTheCommandAndThoseOfAll) {
  EXPECT_THAT(Offers("chains push -"),
              AllOf(HasSubstr("--placement"), HasSubstr("--output"), Not(HasSubstr("--tail"))));
  EXPECT_EQ(Offers("chains list --outp"), "--output\n");
}
TEST_F(CompletionTest, OffersChoicesOfAFlag) {
  EXPECT_EQ(Offers("chains push --placement t"), "together\n");
  EXPECT_EQ(Offers("chains --output j"), "json\n");
}
TEST_F(CompletionTest, AsksThePlatformForChainsAndDeployments) {
  EXPECT_EQ(Offers("chains status ''"), "hello\n");
  EXPECT_EQ(Offers("chains promote ''"), "3f9a\n");
  EXPECT_EQ(Offers("chains logs hello --deployment ''"), "3f9a\n");
}
TEST_F(CompletionTest, OffersNothingWhereNobodyKnows) {
  EXPECT_EQ(Offers("chains push --name ''"), "\n");
  EXPECT_EQ(Offers("chains keys revoke ''"), "\n");
}
TEST(Completion, ForZshLoadsBashs) {
  EXPECT_THAT(ZshCompletion(MakeRoot()),
              AllOf(::testing::StartsWith("#compdef chains\n"), HasSubstr("bashcompinit")));
}

}  // namespace
}  // namespace chains::deploy::cli
