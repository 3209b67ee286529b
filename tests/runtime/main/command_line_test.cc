#include "chains/main/command_line.h"

#include <string>
#include <string_view>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace chains::internal {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::Pair;

ParsedCommandLine Parse(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "hello");
  return ParseCommandLine("hello", static_cast<int>(arguments.size()), arguments.data());
}
// What is said of a command line that is refused; empty where it is not.
std::string Refusal(const std::vector<const char*>& arguments) {
  ::testing::internal::CaptureStderr();
  const int exit_code = Parse(arguments).exit_code;
  const std::string said = ::testing::internal::GetCapturedStderr();
  EXPECT_EQ(exit_code, said.empty() ? -1 : 2);
  return said;
}

TEST(CommandLineTest, SaysWhereServicesElsewhereAre) {
  for (const char* verb : {"run", "serve"}) {
    std::vector<const char*> arguments = {verb, "--url", "Chat=https://m.example", "--url",
                                          "x.Y=grpc://y:1"};
    if (std::string_view(verb) == "run") arguments.push_back("{}");
    EXPECT_THAT(Parse(arguments).command.urls,
                ElementsAre(Pair("Chat", "https://m.example"), Pair("x.Y", "grpc://y:1")));
  }
  EXPECT_THAT(Refusal({"serve", "--url", "https://m.example"}), HasSubstr("is not NAME=VALUE"));
}

TEST(CommandLineTest, ServesAsAReplicaOfAPlatform) {
  const ParsedCommandLine parsed =
      Parse({"serve", "--chainlets", "SayHello", "--platform", "unix:/run/p", "--deployment", "d1",
             "--token-file", "/run/t", "--replica", "say-0", "--run-dir", "/run/say-0", "--asset",
             "voice=/assets/voice", "--platform-timeout", "5s"});
  ASSERT_EQ(parsed.exit_code, -1);
  EXPECT_EQ(parsed.command.verb, Verb::kServe);
  EXPECT_EQ(parsed.command.platform, "unix:/run/p");
  EXPECT_EQ(parsed.command.deployment, "d1");
  EXPECT_EQ(parsed.command.token_file, "/run/t");
  EXPECT_EQ(parsed.command.run_dir, "/run/say-0");
  EXPECT_EQ(parsed.command.platform_timeout, absl::Seconds(5));
  EXPECT_THAT(parsed.command.assets, ElementsAre(Pair("voice", "/assets/voice")));
}

TEST(CommandLineTest, TakesFaultsOfSeveralChainlets) {
  const ParsedCommandLine parsed = Parse(
      {"run", "{}", "--fault", "SayHello: 1% UNAVAILABLE, 5% +200ms", "--fault", "*: 2% hangs"});
  ASSERT_EQ(parsed.exit_code, -1);
  ASSERT_EQ(parsed.command.faults.size(), 2u);
  EXPECT_EQ(parsed.command.faults[0].chainlet, "SayHello");
  EXPECT_EQ(parsed.command.faults[0].effects.size(), 2u);
  EXPECT_EQ(parsed.command.faults[1].chainlet, "*");
}

TEST(CommandLineTest, AFaultThatMakesNoSenseIsQuoted) {
  EXPECT_THAT(Refusal({"serve", "--fault", "SayHello: often UNAVAILABLE"}),
              HasSubstr("often UNAVAILABLE"));
}

TEST(CommandLineTest, APolicyIsAsDeclaredUnlessSaidOtherwise) {
  const PolicyOverrides silent = Parse({"serve"}).command.policies;
  EXPECT_EQ(silent.max_in_flight, std::nullopt);
  EXPECT_EQ(silent.hedging, std::nullopt);
  EXPECT_EQ(silent.circuits, std::nullopt);
  EXPECT_FALSE(silent.limits_dry_run);
  const PolicyOverrides on =
      Parse({"serve", "--max-in-flight", "5", "--hedge", "--circuit", "--limits-dry-run"})
          .command.policies;
  EXPECT_EQ(on.max_in_flight, 5);
  EXPECT_EQ(on.hedging, true);
  EXPECT_EQ(on.circuits, true);
  EXPECT_TRUE(on.limits_dry_run);
  const PolicyOverrides off = Parse({"serve", "--no-hedge", "--no-circuit"}).command.policies;
  EXPECT_EQ(off.hedging, false);
  EXPECT_EQ(off.circuits, false);
}

TEST(CommandLineTest, ASwitchBothWaysOrNoCallsAtAllAreRefused) {
  EXPECT_THAT(Refusal({"serve", "--hedge", "--no-hedge"}), HasSubstr("--no-hedge"));
  EXPECT_THAT(Refusal({"serve", "--no-circuit", "--circuit"}), HasSubstr("--circuit"));
  EXPECT_THAT(Refusal({"serve", "--max-in-flight", "0"}), HasSubstr("--max-in-flight"));
}

TEST(CommandLineTest, APlatformIsWaitedForThirtySecondsUnlessSaidOtherwise) {
  const ParsedCommandLine parsed = Parse({"serve", "--platform", "p:1", "--deployment", "d1",
                                          "--token-file", "/run/t", "--replica", "r"});
  ASSERT_EQ(parsed.exit_code, -1);
  EXPECT_EQ(parsed.command.platform_timeout, absl::Seconds(30));
}

TEST(CommandLineTest, APlatformNeedsToKnowWhoAsks) {
  EXPECT_THAT(Refusal({"serve", "--platform", "p:1", "--token-file", "/t", "--replica", "r"}),
              HasSubstr("--deployment"));
  EXPECT_THAT(Refusal({"serve", "--platform", "p:1", "--deployment", "d", "--replica", "r"}),
              HasSubstr("--token-file"));
  EXPECT_THAT(Refusal({"serve", "--platform", "p:1", "--deployment", "d", "--token-file", "/t"}),
              HasSubstr("--replica"));
  EXPECT_THAT(Refusal({"serve", "--deployment", "d"}), HasSubstr("--platform"));
  EXPECT_THAT(Refusal({"serve", "--platform-timeout", "3s"}), HasSubstr("--platform"));
}

TEST(CommandLineTest, APlatformSaysWhereOthersAreItself) {
  EXPECT_THAT(Refusal({"serve", "--platform", "p:1", "--deployment", "d", "--token-file", "/t",
                       "--replica", "r", "--endpoints", "SayHello=q:1"}),
              HasSubstr("--endpoints"));
}

TEST(CommandLineTest, RefusesATimeoutThatIsNone) {
  EXPECT_THAT(Refusal({"serve", "--platform", "p:1", "--deployment", "d", "--token-file", "/t",
                       "--replica", "r", "--platform-timeout", "soon"}),
              HasSubstr("--platform-timeout"));
}

TEST(CommandLineTest, DescribesForPeopleAndForPrograms) {
  EXPECT_EQ(Parse({"--describe"}).command.verb, Verb::kDescribe);
  EXPECT_EQ(Parse({"--describe-wire"}).command.verb, Verb::kDescribeWire);
  ::testing::internal::CaptureStdout();
  EXPECT_EQ(Parse({"--help"}).exit_code, 0);
  EXPECT_THAT(::testing::internal::GetCapturedStdout(), Not(HasSubstr("--describe-wire")));
}

}  // namespace
}  // namespace chains::internal
