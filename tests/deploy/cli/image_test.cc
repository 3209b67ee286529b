// image: what images of a chain's own are made of, and that an engine makes them.
#include <fstream>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_join.h"
#include "deploy/cli/image/build_context.h"
#include "tests/deploy/cli/cli_fixture.h"
#include "tests/deploy/cli/fake_source.h"

namespace chains::deploy::cli {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

std::string TextIn(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

FleetDeployment WithPackages() {
  FleetDeployment deployment;
  deployment.chain = "Speech_1";
  deployment.bundle = "b1";
  deployment.units.resize(2);
  deployment.units[0].chainlets = {"s.Mix"};
  deployment.units[0].system_packages = {"sox", "flac"};
  deployment.units[1].chainlets = {"s.Plain"};
  return deployment;
}

TEST(Image, IsForThoseThatDeclareAnything) {
  const std::vector<ImagePlan> plans = PlanImages(WithPackages(), ClusterSettings(), false);
  ASSERT_EQ(plans.size(), 1u);
  EXPECT_EQ(plans[0].key, ImageKey("", {"flac", "sox"}));
  EXPECT_THAT(plans[0].tag, ::testing::MatchesRegex("chains/speech-1-packages:[0-9a-f]{12}"));
  EXPECT_THAT(Dockerfile(plans[0]),
              AllOf(HasSubstr("FROM chains/replica-cpu:latest\nUSER root\nRUN apt-get update"),
                    HasSubstr("      flac sox \\\n"), HasSubstr("\nUSER 65532:65532\n"),
                    Not(HasSubstr("COPY"))));
}
TEST(Image, BakedOnesHaveTheBundleAndAreForAll) {
  const std::vector<ImagePlan> plans = PlanImages(WithPackages(), ClusterSettings(), true);
  ASSERT_EQ(plans.size(), 2u);
  EXPECT_EQ(plans[1].key, "");
  EXPECT_THAT(Dockerfile(plans[1]), HasSubstr("COPY bundles/ /opt/chains/bundles/\n"));
  v1::BundleFile file;
  file.set_sha256(std::string(32, '\xab'));
  EXPECT_THAT(SeedPath(file), ::testing::StartsWith("bundles/ab/abab"));
}
TEST(Image, ADeclaredBaseGetsTheAgentWithItsLibraries) {
  FleetDeployment deployment = WithPackages();
  deployment.units[0].base_image = "debian:bookworm";
  const std::vector<ImagePlan> plans = PlanImages(deployment, ClusterSettings(), false);
  EXPECT_THAT(Dockerfile(plans[0]),
              AllOf(HasSubstr("FROM chains/replica-cpu:latest AS replica\n"),
                    HasSubstr("\nFROM debian:bookworm\n"),
                    HasSubstr("COPY --from=replica /agent/ /opt/chains/agent/\n"),
                    HasSubstr("ENTRYPOINT [\"chains-agent\"]\n")));
}

class ImageTest : public CliTest {
 protected:
  ImageTest() {
    open_chain = [this](const std::string&, const Work&) {
      return std::make_unique<FakeSource>(script);
    };
    script.AddFile("hello", "program");
    v1::Bundle& bundle = script.built.bundle;
    bundle.mutable_files(0)->set_sha256(std::string(32, '\xab'));
    for (v1::Chainlet& chainlet : *bundle.mutable_manifest()->mutable_chainlets()) {
      chainlet.set_implementation("x");
      v1::Autoscaling& scaling = *chainlet.mutable_autoscaling();
      scaling.set_max_replica(1);
      scaling.set_autoscaling_window_sec(60);
      scaling.set_max_scale_down_rate(50);
      scaling.set_concurrency_target(1);
      scaling.set_target_utilization_percentage(70);
    }
    run_child = [this](const ChildOptions& options) -> absl::StatusOr<ChildResult> {
      commands.push_back(absl::StrJoin(options.arguments, " "));
      return result;
    };
  }
  SourceScript script;
  std::vector<std::string> commands;
  ChildResult result;
};

TEST_F(ImageTest, WithoutAnythingDeclaredThereIsNothingToMake) {
  EXPECT_EQ(Run({"image", "hello", "--engine", "docker"}), kDone) << err;
  EXPECT_THAT(err, HasSubstr("no chainlet declares system packages or a base image"));
  EXPECT_THAT(commands, IsEmpty());
}
TEST_F(ImageTest, IsBuiltPushedAndSetInTheSettings) {
  script.built.bundle.mutable_manifest()->mutable_chainlets(1)->add_system_packages("sox");
  const std::string path = (home_ / "cluster.json").string();
  std::ofstream(path) << R"({"images": {"cpu": "r/cpu:1"}, "scaling": "platform"})";
  EXPECT_EQ(Run({"image", "hello", "--engine", "podman", "--tag", "r/hello:1", "--push",
                 "--build-option=--network=host", "--settings", path, "--set"}),
            kDone)
      << err;
  EXPECT_THAT(commands, ElementsAre(HasSubstr("podman build --tag r/hello:1 --network=host /"),
                                    "podman push r/hello:1"));
  EXPECT_THAT(TextIn(path), AllOf(HasSubstr("\"scaling\": \"platform\""),
                                  HasSubstr(ImageKey("", {"sox"}) + "\": \"r/hello:1\"")));
}
TEST_F(ImageTest, ABakedContextHasTheFilesByTheirDigests) {
  const std::filesystem::path kept = home_ / "context";
  EXPECT_EQ(Run({"image", "hello", "--engine", "docker", "--baked", "--placement", "together",
                 "--output", kept.string()}),
            kDone)
      << err;
  ASSERT_EQ(commands.size(), 1u);
  const std::filesystem::path folder = commands[0].substr(commands[0].rfind(' ') + 1);
  EXPECT_EQ(TextIn(folder / SeedPath(script.built.bundle.files(0))), "program");
  EXPECT_THAT(TextIn(folder / "Dockerfile"), HasSubstr("COPY bundles/"));
  EXPECT_THAT(out, HasSubstr("\"cpu\": \"chains/hello-baked:"));
}
TEST_F(ImageTest, WhatTheEngineRefusesIsShown) {
  script.built.bundle.mutable_manifest()->mutable_chainlets(1)->add_system_packages("nosuch");
  result.exit_code = 100;
  result.errors = "E: Unable to locate package nosuch\n";
  EXPECT_EQ(Run({"image", "hello", "--engine", "docker"}), kFailed);
  EXPECT_THAT(err, HasSubstr("Unable to locate package nosuch"));
}

}  // namespace
}  // namespace chains::deploy::cli
