#include "deploy/build/project.h"

#include <filesystem>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "chains/core/text.h"
#include "chains/testing/status_matchers.h"
#include "deploy/build/cmake.h"
#include "deploy/bundle/child.h"
#include "tests/deploy/bundle/temporary_folder.h"

namespace chains::deploy {
namespace {

namespace fs = std::filesystem;
using ::chains::testing::IsOk;
using ::chains::testing::StatusIs;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

// Stands for chains_add_chain(), without what it builds: a program and its marker.
constexpr char kProject[] = R"(cmake_minimum_required(VERSION 3.25)
project(shop LANGUAGES CXX)
function(add_chain name)
  add_executable(${name} main.cc)
  file(GENERATE OUTPUT ${CMAKE_BINARY_DIR}/chains/${name}.json CONTENT
"{\"chain\": \"${name}\", \"target\": \"${name}\", \"source_dir\": \"${CMAKE_CURRENT_SOURCE_DIR}\",
\"proto_root\": \"${CMAKE_SOURCE_DIR}/protos\", \"build_dir\": \"${CMAKE_BINARY_DIR}\",
\"config\": \"$<CONFIG>\", \"program\": \"$<TARGET_FILE:${name}>\"}")
endfunction()
)";

class ProjectTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!IsProgramInPath("cmake") || !IsProgramInPath("c++")) GTEST_SKIP() << "no CMake here";
  }

  void WriteChain(const std::string& name) {
    folder_.Write(name + "/CMakeLists.txt", Text("# project(not one)\nadd_chain(", name, ")\n"));
    folder_.Write(name + "/main.cc", "int main() { return 0; }\n");
  }

  void WriteProject(const std::vector<std::string>& chains) {
    std::string text = kProject;
    for (const std::string& name : chains) {
      WriteChain(name);
      text += Text("add_subdirectory(", name, ")\n");
    }
    folder_.Write("CMakeLists.txt", text);
    fs::create_directory(folder_ / "protos");
  }

  BuildOptions Recorded() {
    return {.on_line = [this](std::string_view line) { lines_.emplace_back(line); }};
  }

  const TemporaryFolder folder_;
  std::vector<std::string> lines_;
};

TEST_F(ProjectTest, ConfiguresBuildsAndFindsTheProgram) {
  WriteProject({"hello", "poems"});
  absl::StatusOr<ChainProject> project =
      FindChain({.folder = folder_ / "hello", .build = Recorded()});
  ASSERT_THAT(project.status(), IsOk());
  EXPECT_EQ(project->project_dir, folder_.path());
  EXPECT_EQ(project->source_dir, folder_ / "hello");
  EXPECT_EQ(project->marker.build_dir, folder_ / "build");
  EXPECT_EQ(project->marker.config, "Release");
  EXPECT_THAT(project->watched, ElementsAre(folder_ / "hello", folder_ / "protos"));
  EXPECT_FALSE(lines_.empty()) << "CMake's lines are shown";

  lines_.clear();
  EXPECT_EQ(Build(*project, Recorded()).value(), project->program);
  EXPECT_TRUE(fs::exists(project->program));
  EXPECT_THAT(lines_, Contains(HasSubstr("main.cc")));
  EXPECT_FALSE(fs::exists(folder_ / "build/poems/poems")) << "only the chain's own target is built";

  folder_.Write("hello/main.cc", "int main() {\n  return nothing;\n}\n");
  EXPECT_THAT(Build(*project, {}),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       AllOf(HasSubstr("hello/main.cc:2:"), HasSubstr("nothing"),
                             Not(HasSubstr("--build")))));
  EXPECT_EQ(FindChain({.folder = project->program})->program, project->program);
  EXPECT_TRUE(FindChain({.folder = project->program})->is_program);
}

TEST_F(ProjectTest, AsksWhichOfSeveralChains) {
  WriteProject({"hello", "poems"});
  EXPECT_THAT(FindChain({.folder = folder_.path()}).status(),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       AllOf(HasSubstr("hello (hello), poems (poems)"), HasSubstr("--chain"))));
  EXPECT_EQ(FindChain({.folder = folder_.path(), .chain = "poems"})->marker.target, "poems");
  EXPECT_THAT(FindChain({.folder = folder_.path(), .chain = "tales"}).status(),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("no chain 'tales'")));
  EXPECT_THAT(FindChain({.folder = folder_ / "protos"}).status(),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("has hello (hello), poems (poems)")));
}

TEST_F(ProjectTest, TakesAnOptimizedBuildThatIsThere) {
  WriteProject({"hello"});
  const auto configure = [&](const std::string& name, const std::string& type) {
    absl::StatusOr<ChildResult> made =
        RunChild({.arguments = {"cmake", "-S", folder_.path(), "-B", folder_ / name,
                                "-DCMAKE_BUILD_TYPE=" + type}});
    ASSERT_TRUE(made.ok() && made->ok());
  };
  configure("build/release", "Release");
  configure("build/debug", "Debug");
  EXPECT_EQ(FindChain({.folder = folder_ / "hello"})->marker.build_dir, folder_ / "build/release");
  EXPECT_EQ(
      FindChain({.folder = folder_ / "hello", .build_dir = folder_ / "build/debug"})->marker.config,
      "Debug");
  const TemporaryFolder other;
  other.Write("CMakeLists.txt", kProject);
  EXPECT_THAT(FindChain({.folder = other.path(), .build_dir = folder_ / "build/debug"}).status(),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("is a build folder of")));
}

// The build folder was configured when the chain was not there yet.
TEST_F(ProjectTest, ConfiguresAgainForANewChain) {
  WriteProject({"hello"});
  ASSERT_THAT(FindChain({.folder = folder_ / "hello"}).status(), IsOk());
  WriteProject({"hello", "poems"});
  EXPECT_EQ(FindChain({.folder = folder_ / "poems"})->marker.target, "poems");
}

TEST_F(ProjectTest, SaysWhatIsNotThere) {
  EXPECT_THAT(FindChain({.folder = folder_ / "none"}).status(),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr(folder_ / "none")));
  EXPECT_THAT(FindChain({.folder = folder_.path()}).status(),
              StatusIs(absl::StatusCode::kNotFound,
                       AllOf(HasSubstr("no CMakeLists.txt"), HasSubstr("chains init"))));
  folder_.Write("CMakeLists.txt", "project(empty LANGUAGES NONE)\n");
  EXPECT_THAT(FindChain({.folder = folder_.path()}).status(),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("call chains_add_chain()")));
}

TEST_F(ProjectTest, ShowsTheErrorsOfCMake) {
  folder_.Write("CMakeLists.txt",
                "project(bad LANGUAGES NONE)\nmessage(FATAL_ERROR \"no luck\")\n");
  EXPECT_THAT(FindChain({.folder = folder_.path()}).status(),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       AllOf(HasSubstr("CMakeLists.txt:2"), HasSubstr("no luck"))));
}

TEST_F(ProjectTest, StopsABuild) {
  WriteProject({"hello"});
  folder_.Write("hello/CMakeLists.txt",
                "add_chain(hello)\nadd_custom_target(begun COMMAND echo begun)\n"
                "add_custom_target(slow COMMAND cat /dev/zero > /dev/null)\n"
                "add_dependencies(slow begun)\nadd_dependencies(hello slow)\n");
  absl::StatusOr<ChainProject> project = FindChain({.folder = folder_ / "hello"});
  ASSERT_THAT(project.status(), IsOk());
  std::stop_source stop;
  BuildOptions options{.on_line = [&](std::string_view) { stop.request_stop(); },
                       .stop = stop.get_token()};
  EXPECT_THAT(Build(*project, options), StatusIs(absl::StatusCode::kCancelled));
}

TEST(FirstErrorsTest, KeepFileAndLine) {
  EXPECT_EQ(FirstErrors("[1/2] Building a.cc\n"
                        "a.cc: In function 'int f()':\n"
                        "a.cc:3:10: error: 'x' was not declared\n"
                        "    3 |   return x;\n"
                        "      |          ^\n"
                        "b.cc:1:1: warning: unused\n"
                        "more\n"
                        "ninja: build stopped: subcommand failed.\n"),
            "a.cc:3:10: error: 'x' was not declared\n"
            "    3 |   return x;\n"
            "      |          ^\n"
            "b.cc:1:1: warning: unused");
  EXPECT_EQ(FirstErrors("nothing\nthat is known\n"), "nothing\nthat is known");
  std::string many;
  for (int i = 0; i < 100; ++i) many += "a.cc:1:1: error: again\n";
  EXPECT_EQ(FirstErrors(many, 2), "a.cc:1:1: error: again\na.cc:1:1: error: again\n…");
}

TEST(IsProjectTest, LooksForACallOfProject) {
  const TemporaryFolder folder;
  EXPECT_FALSE(IsProject(folder.path()));
  folder.Write("CMakeLists.txt", "# project(x)\nadd_subdirectory(project)\n");
  EXPECT_FALSE(IsProject(folder.path()));
  folder.Write("CMakeLists.txt", "cmake_minimum_required(VERSION 3.25)\n  PROJECT (\n  x)\n");
  EXPECT_TRUE(IsProject(folder.path()));
}

}  // namespace
}  // namespace chains::deploy
