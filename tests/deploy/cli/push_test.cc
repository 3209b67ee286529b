// push, check, run, graph: from a chain's sources to the platform.
#include "deploy/cli/push/push.h"

#include <fstream>

#include "deploy/cli/push/placement.h"
#include "tests/deploy/cli/cli_fixture.h"
#include "tests/deploy/cli/fake_source.h"

namespace chains::deploy::cli {
namespace {

using ::testing::AllOf;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Le;
using ::testing::Not;
using ::testing::StartsWith;

class PushTest : public CliTest {
 protected:
  PushTest() {
    open_chain = [this](const std::string&, const Work&) {
      return std::make_unique<FakeSource>(script);
    };
    script.AddFile("hello", std::string(2'500'000, 'h'));
    script.AddFile("lib/libx.so", "");
    v1::DeployEvent starting;
    *starting.mutable_deployment() = ADeployment("3f9a", v1::DEPLOYMENT_DEPLOYING);
    for (v1::ChainletStatus& each : *starting.mutable_deployment()->mutable_chainlets()) {
      each.set_ready(0);
      each.set_state("starting");
    }
    v1::DeployEvent half = starting;
    half.mutable_deployment()->mutable_chainlets(1)->set_state("ready");
    half.mutable_deployment()->mutable_chainlets(1)->set_ready(1);
    v1::DeployEvent live;
    *live.mutable_deployment() = ADeployment("3f9a", v1::DEPLOYMENT_ACTIVE);
    live.mutable_deployment()->add_paths("/chains/hello/production");
    live.set_live(true);
    live.set_promoted_to("production");
    live.set_production("3f9a");
    fake.events = {starting, half, live};
  }
  SourceScript script;
};

TEST_F(PushTest, UploadsDeploysAndShowsEachChainletUntilLive) {
  EXPECT_EQ(Run({"push", "chainlets/hello"}), 0) << err;
  EXPECT_THAT(err, AllOf(StartsWith("built /bin/hello in "),
                         EndsWith("uploaded 2 files, 2.4 MiB; 0 were there\n"
                                  "  HelloAll  starting 0/1\n"
                                  "  SayHello  starting 0/1\n"
                                  "  SayHello  ready 1/1\n"
                                  "  HelloAll  ready 1/1\n")));
  EXPECT_EQ(out,
            "hello 3f9a is live at http://127.0.0.1:1/chains/hello/production\n"
            "  curl -X POST http://127.0.0.1:1/chains/hello/production/run_remote "
            "-H \"Authorization: Api-Key $CHAINS_API_KEY\" -d '{}'\n"
            "production points at it now\n");
  EXPECT_EQ(fake.kept["sha of hello"].size(), 2'500'000u);
  EXPECT_EQ(fake.kept.count("sha of lib/libx.so"), 1u);
  EXPECT_THAT(fake.piece_sizes, Each(Le(size_t{1} << 20)));
  EXPECT_EQ(fake.LastCall(), "Deploy bundle { }");
}
TEST_F(PushTest, ShowsWhatIsWorthKnowingOfBundleAndPlaces) {
  script.built.notes = {"hello.SayHello runs on CPUs everywhere"};
  fake.events.back().mutable_deployment()->mutable_chainlets(0)->set_note("runs on CPUs: no GPU");
  EXPECT_EQ(Run({"push", "chainlets/hello"}), 0) << err;
  EXPECT_THAT(err, AllOf(HasSubstr("hello.SayHello runs on CPUs everywhere\n"),
                         HasSubstr("HelloAll  ready 1/1\n"), HasSubstr("runs on CPUs: no GPU\n")));
}

TEST_F(PushTest, SendsOnlyWhatThePlatformLacks) {
  fake.kept["sha of hello"] = "…";
  EXPECT_EQ(Run({"push", "chainlets/hello"}), 0) << err;
  EXPECT_THAT(err, HasSubstr("uploaded 1 files, 0 B; 1 were there"));
  EXPECT_THAT(fake.piece_sizes, ElementsAre(0u));
  EXPECT_EQ(Run({"push", "chainlets/hello"}), 0) << err;
  EXPECT_EQ(fake.Count("Upload"), 1u);
  EXPECT_THAT(err, HasSubstr("nothing to upload: 2 files were there"));
}
TEST_F(PushTest, AnUploadThatWasCutOffSendsTheRestOnce) {
  fake.cut_upload_after = 2;
  EXPECT_EQ(Run({"push", "chainlets/hello"}), 0) << err;
  EXPECT_EQ(fake.Count("Upload"), 2u);
  EXPECT_EQ(fake.Count("FindMissing"), 2u);
  EXPECT_EQ(fake.kept["sha of hello"].size(), 2'500'000u);
}
TEST_F(PushTest, AnUploadThatIsCutOffAgainFails) {
  fake.failures["Upload"] = {absl::UnavailableError("a"), absl::UnavailableError("b")};
  EXPECT_EQ(Run({"push", "chainlets/hello"}), 1);
  EXPECT_EQ(fake.Count("Deploy"), 0u);
}
TEST_F(PushTest, AFileThatChangedMeanwhileIsNamed) {
  std::ofstream(script.built.files["hello"]) << "shorter";
  EXPECT_EQ(Run({"push", "chainlets/hello"}), 1);
  EXPECT_THAT(err, AllOf(HasSubstr("ABORTED"), HasSubstr("/hello changed while it was uploaded")));
}
TEST_F(PushTest, ABuildThatFailsShowsTheCompilerAndAsksThePlatformNothing) {
  script.build = [](int, const ChainSource::Work&) {
    return absl::FailedPreconditionError("main.cc:3:1: error: expected ';'\nninja: stopped");
  };
  EXPECT_EQ(Run({"push", "chainlets/hello"}), 1);
  EXPECT_THAT(err, HasSubstr("main.cc:3:1: error: expected ';'\n  ninja: stopped\n"));
  EXPECT_THAT(fake.Calls(), IsEmpty());
}
TEST_F(PushTest, TheCompilersLinesAreShownWithVerbose) {
  script.build = [](int, const ChainSource::Work& work) {
    work.on_line("[1/2] Building \x1b[1mmain.cc");
    return absl::OkStatus();
  };
  EXPECT_EQ(Run({"push", "chainlets/hello"}), 0);
  EXPECT_THAT(err, Not(HasSubstr("Building")));
  EXPECT_EQ(Run({"push", "chainlets/hello", "-v"}), 0);
  EXPECT_THAT(err, HasSubstr("[1/2] Building \\x1b[1mmain.cc\n"));
}
TEST_F(PushTest, ADeploymentThatFailsShowsProblemAndLastLogLines) {
  v1::DeployEvent failed = fake.events[0];
  failed.mutable_deployment()->set_problem("SayHello crashed 5 times");
  failed.mutable_deployment()->mutable_chainlets(1)->set_state("crashing");
  failed.mutable_deployment()->mutable_chainlets(1)->set_problem("signal 11\nat main.cc");
  fake.events = {failed};
  fake.deploy_end = absl::AbortedError("3f9a failed");
  v1::LogLine line;
  line.set_chainlet("hello.SayHello");
  line.set_message("about to die");
  fake.logs = {line};
  EXPECT_EQ(Run({"push", "chainlets/hello"}), 1);
  EXPECT_THAT(err, AllOf(HasSubstr("  SayHello:\n    signal 11\n    at main.cc\n"),
                         HasSubstr("last lines of its logs:\n"), HasSubstr("about to die"),
                         EndsWith("error ABORTED: 3f9a failed\n")));
  EXPECT_EQ(fake.LastCall(), "Logs of { deployment: \"3f9a\" } tail: 20");
}
TEST_F(PushTest, WhereProductionIsAnotherOneSaysHowToPromote) {
  fake.events.back().clear_promoted_to();
  fake.events.back().set_production("1b2c");
  EXPECT_EQ(Run({"push", "chainlets/hello"}), 0) << err;
  EXPECT_THAT(out, EndsWith("published 3f9a, production is still 1b2c: chains promote 3f9a\n"));
}
TEST_F(PushTest, AskedForFlagsReachThePlatform) {
  EXPECT_EQ(Run({"push", "d", "--name", "hi", "--promote", "--breaking", "--replace", "--placement",
                 "groups", "--group", "HelloAll,hello.SayHello"}),
            0)
      << err;
  EXPECT_EQ(fake.LastCall(),
            "Deploy bundle { } name: \"hi\" environment: \"production\" breaking: true "
            "replace: true placement: PLACEMENT_GROUPS groups { chainlets: \"hello.HelloAll\" "
            "chainlets: \"hello.SayHello\" }");
}
TEST_F(PushTest, FlagsThatContradictEachOtherAreUsageErrors) {
  EXPECT_EQ(Run({"push", "d", "--development", "--promote"}), 2);
  EXPECT_EQ(Run({"push", "d", "--promote", "--environment", "x"}), 2);
  EXPECT_EQ(Run({"push", "d", "--watch", "--no-wait"}), 2);
  EXPECT_EQ(Run({"push", "d", "--group", "A,B"}), 2);
  EXPECT_EQ(Run({"push", "d", "--placement", "groups"}), 2);
  EXPECT_EQ(Run({"push", "d", "--placement", "apart"}), 2);
  EXPECT_EQ(script.builds, 0);
}
TEST_F(PushTest, WithNoWaitItLeavesOnceTheDeploymentIsOnItsWay) {
  EXPECT_EQ(Run({"push", "chainlets/hello", "--no-wait"}), 0) << err;
  EXPECT_THAT(out, HasSubstr("3f9a is on its way: chains status --deployment 3f9a"));
}
TEST_F(PushTest, AStreamThatEndsBeforeItIsLiveIsAFailure) {
  fake.events.pop_back();
  EXPECT_EQ(Run({"push", "chainlets/hello"}), 1);
  EXPECT_THAT(err, HasSubstr("stopped telling"));
}
TEST_F(PushTest, AsJsonEachEventIsALine) {
  EXPECT_EQ(Run({"push", "chainlets/hello", "--output", "json"}), 0) << err;
  EXPECT_EQ(std::count(out.begin(), out.end(), '\n'), 3);
  EXPECT_THAT(out, HasSubstr("\"live\":true"));
  EXPECT_EQ(err, "");
}
TEST_F(PushTest, AChainThatIsNotThereIsNamed) {
  open_chain = [](const std::string& path, const Work&) {
    return absl::NotFoundError(path + " is not there");
  };
  EXPECT_EQ(Run({"push", "nowhere"}), 1);
  EXPECT_THAT(err, HasSubstr("nowhere is not there"));
}

TEST_F(PushTest, CheckSaysThatAChainIsValidOrWhatIsWrong) {
  EXPECT_EQ(Run({"check", "chainlets/hello"}), 0) << err;
  EXPECT_EQ(out, "hello is valid: HelloAll, SayHello\n");
  script.invalid = absl::FailedPreconditionError("main.cc:6: HelloAll: attempts is 0");
  EXPECT_EQ(Run({"check", "chainlets/hello"}), 1);
  EXPECT_THAT(err, HasSubstr("main.cc:6: HelloAll: attempts is 0"));
}
TEST_F(PushTest, RunBecomesTheChainsProgram) {
  EXPECT_EQ(Run({"run", "chainlets/hello", "{}", "--placement", "grpc", "--timeout", "1s"}), 1);
  EXPECT_THAT(became,
              ElementsAre("/bin/hello", "run", "{}", "--placement", "grpc", "--timeout", "1s"));
}
TEST_F(PushTest, GraphDrawsWhatIsDeployed) {
  *fake.deployment.mutable_manifest() = script.built.bundle.manifest();
  EXPECT_EQ(Run({"graph", "hello", "--environment", "production"}), 0) << err;
  EXPECT_THAT(out, StartsWith("HelloAll  [entrypoint]  hello.HelloAll"));
}
TEST_F(PushTest, GraphDrawsSourcesIntoAFile) {
  const std::string file = (home_ / "hello.svg").string();
  EXPECT_EQ(Run({"graph", home_.string(), "--format", "svg", "-o", file}), 0) << err;
  std::ifstream svg(file);
  std::string begin(4, ' ');
  svg.read(begin.data(), 4);
  EXPECT_EQ(begin, "<svg");
  EXPECT_EQ(Run({"graph", home_.string(), "-o", "/nowhere/x.svg"}), 1);
  EXPECT_THAT(err, HasSubstr("cannot write /nowhere/x.svg"));
}

TEST(Placement, NamesNobodyAndNobodyTwice) {
  v1::DeployRequest request;
  request.mutable_bundle()->mutable_manifest()->add_chainlets()->set_name("hello.SayHello");
  EXPECT_THAT(std::string(SetPlacement("groups", {"Nobody"}, request).message()),
              HasSubstr("no chainlet is called 'Nobody', only hello.SayHello"));
  EXPECT_THAT(std::string(SetPlacement("groups", {"SayHello", "SayHello"}, request).message()),
              HasSubstr("twice"));
}

}  // namespace
}  // namespace chains::deploy::cli
