#include "deploy/cli/remotes.h"

#include <filesystem>
#include <fstream>
#include <sys/stat.h>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "chains/core/text.h"

namespace chains::deploy::cli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class RemotesTest : public ::testing::Test {
 protected:
  RemotesTest() { std::filesystem::create_directories(home_); }
  ~RemotesTest() override { std::filesystem::remove_all(home_); }
  void Write(const std::string& text) { std::ofstream(RemotesFile(home_)) << text; }
  std::string ProblemOfFile(const std::string& text) {
    Write(text);
    return std::string(MessageOf(LoadRemotes(home_).status()));
  }

  const std::filesystem::path home_ = std::filesystem::path(::testing::TempDir()) /
                                      ("remotes_" + std::to_string(getpid())) / "home";
};

Getenv Environment(std::map<std::string, std::string> variables) {
  return [variables](const std::string& name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    if (found == variables.end()) return std::nullopt;
    return found->second;
  };
}

const Remote kLocal = {.name = "local",
                       .platform = "unix:/p",
                       .gateway = "http://127.0.0.1:8080",
                       .grpc = "127.0.0.1:8081",
                       .key = "k\"1"};
const Remote kCluster = {.name = "cluster", .platform = "10.0.0.1:443"};

TEST_F(RemotesTest, AreReadAsTheyWereSaved) {
  const Remotes saved = {.default_name = "local",
                         .by_name = {{"local", kLocal}, {"cluster", kCluster}}};
  ASSERT_TRUE(SaveRemotes(home_, saved).ok());
  const absl::StatusOr<Remotes> read = LoadRemotes(home_);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->default_name, "local");
  EXPECT_EQ(read->by_name, saved.by_name);
}
TEST_F(RemotesTest, OnAClusterNeedNoAddress) {
  const Remote prod = {
      .name = "prod",
      .key = "k",
      .kubernetes = ClusterAccess{
          .kubeconfig = "/home/ada/\"config\"", .context = "prod", .in_namespace = "chains-2"}};
  ASSERT_TRUE(SaveRemotes(home_, {.default_name = "prod", .by_name = {{"prod", prod}}}).ok());
  const absl::StatusOr<Remotes> read = LoadRemotes(home_);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->by_name.at("prod"), prod);
}
TEST_F(RemotesTest, OnAClusterAreInTheNamespaceChainsUnlessTheySayOtherwise) {
  const absl::StatusOr<Remotes> remotes =
      ParseRemotes(R"({"remotes": {"a": {"kubernetes": {"context": "c"}}}})");
  ASSERT_TRUE(remotes.ok()) << remotes.status();
  EXPECT_EQ(remotes->by_name.at("a").kubernetes,
            (ClusterAccess{.context = "c", .in_namespace = "chains"}));
}
TEST_F(RemotesTest, OnAClusterThatMakeNoSenseNameTheField) {
  EXPECT_THAT(ProblemOfFile(R"({"remotes": {"a": {"kubernetes": 1}}})"),
              HasSubstr("remotes.a.kubernetes is no object"));
  EXPECT_THAT(ProblemOfFile(R"({"remotes": {"a": {"kubernetes": {"context": 1}}}})"),
              HasSubstr("remotes.a.kubernetes.context is no text"));
  EXPECT_THAT(ProblemOfFile(R"({"remotes": {"a": {"kubernetes": {"namespace": ""}}}})"),
              HasSubstr("remotes.a.kubernetes.namespace is empty"));
}
TEST_F(RemotesTest, AreForTheirOwnerOnlyAlsoWhereTheFileWasNot) {
  Write("{}");
  std::filesystem::permissions(RemotesFile(home_), std::filesystem::perms::all);
  ASSERT_TRUE(SaveRemotes(home_, {}).ok());
  struct stat info {};
  ASSERT_EQ(stat(RemotesFile(home_).c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
}
TEST_F(RemotesTest, AFolderThatIsMadeIsForItsOwnerOnly) {
  const std::filesystem::path fresh = home_ / "fresh";
  ASSERT_TRUE(SaveRemotes(fresh, {}).ok());
  struct stat info {};
  ASSERT_EQ(stat(fresh.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0700u);
}
TEST_F(RemotesTest, SavingLeavesNoOtherFileBehind) {
  ASSERT_TRUE(SaveRemotes(home_, {}).ok());
  const auto files = std::filesystem::directory_iterator(home_);
  EXPECT_EQ(std::distance(begin(files), end(files)), 1);
}
TEST_F(RemotesTest, ThatCannotBeWrittenNameTheFile) {
  const absl::Status status = SaveRemotes("/proc/nowhere", {});
  EXPECT_THAT(std::string(status.message()), HasSubstr("/proc/nowhere"));
}
TEST_F(RemotesTest, WithoutAFileAreNone) {
  const absl::StatusOr<Remotes> remotes = LoadRemotes(home_);
  ASSERT_TRUE(remotes.ok());
  EXPECT_THAT(std::string(MessageOf(Choose(*remotes, "", Environment({})).status())),
              HasSubstr("no platform is known: run `chains up`"));
}
TEST_F(RemotesTest, ThatMakeNoSenseNameFileAndField) {
  EXPECT_THAT(ProblemOfFile("nonsense"), AllOf(HasSubstr("remotes.json"), HasSubstr("no JSON")));
  EXPECT_THAT(ProblemOfFile(R"({"remotes": 1})"), HasSubstr("remotes is no object"));
  EXPECT_THAT(ProblemOfFile(R"({"remotes": {"a": {"platform": 1}}})"),
              HasSubstr("remotes.a.platform is no text"));
  EXPECT_THAT(ProblemOfFile(R"({"remotes": {"a": {}}})"),
              HasSubstr("remotes.a.platform is missing"));
}
TEST_F(RemotesTest, AreChosenByFlagThenEnvironmentThenDefault) {
  const Remotes remotes = {.default_name = "local",
                           .by_name = {{"local", kLocal}, {"cluster", kCluster}}};
  EXPECT_EQ(Choose(remotes, "", Environment({}))->name, "local");
  EXPECT_EQ(Choose(remotes, "", Environment({{"CHAINS_REMOTE", "cluster"}}))->name, "cluster");
  EXPECT_EQ(Choose(remotes, "local", Environment({{"CHAINS_REMOTE", "cluster"}}))->name, "local");
  EXPECT_EQ(
      Choose({.default_name = "", .by_name = {{"cluster", kCluster}}}, "", Environment({}))->name,
      "cluster");
}
TEST_F(RemotesTest, WhereNoneIsCalledSoOnesThatAreAreNamed) {
  const Remotes remotes = {.default_name = "local", .by_name = {{"local", kLocal}}};
  EXPECT_THAT(std::string(MessageOf(Choose(remotes, "prod", Environment({})).status())),
              AllOf(HasSubstr("'prod'"), HasSubstr("only: local"), HasSubstr("--remote")));
}
TEST(HomeFolder, IsWhereTheEnvironmentSays) {
  EXPECT_EQ(HomeFolder(Environment({{"CHAINS_HOME", "/x"}, {"HOME", "/y"}})), "/x");
  EXPECT_EQ(HomeFolder(Environment({{"HOME", "/y"}})), "/y/.chains");
}

}  // namespace
}  // namespace chains::deploy::cli
