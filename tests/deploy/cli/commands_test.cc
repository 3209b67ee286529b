// Commands that ask the platform one thing: happy paths, errors, exit codes, both formats.
#include "tests/deploy/cli/cli_fixture.h"

namespace chains::deploy::cli {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

TEST_F(CliTest, ListShowsATableOfWhatIsDeployed) {
  *fake.list.add_deployments() = ADeployment("3f9a", v1::DEPLOYMENT_ACTIVE);
  fake.list.mutable_deployments(0)->add_environments("production");
  *fake.list.add_deployments() = ADeployment("77aa", v1::DEPLOYMENT_SCALED_TO_ZERO);
  fake.list.mutable_deployments(1)->set_development(true);
  fake.list.mutable_deployments(1)->set_revision(4);
  EXPECT_EQ(Run({"list"}), 0) << err;
  EXPECT_EQ(out,
            "CHAIN  ID    KIND            STATE           ENVIRONMENTS  AGE  READY/WANTED\n"
            "hello  3f9a  published       active          production    2h   "
            "HelloAll 1/1, SayHello 1/1\n"
            "hello  77aa  development r4  scaled to zero  -             2h   "
            "HelloAll 1/1, SayHello 1/1\n");
}
TEST_F(CliTest, ListAsJsonIsTheMessageOnOneLine) {
  *fake.list.add_deployments() = ADeployment("3f9a", v1::DEPLOYMENT_ACTIVE);
  EXPECT_EQ(Run({"list", "hello", "--output", "json"}), 0) << err;
  EXPECT_THAT(out, AllOf(StartsWith("{\"deployments\":[{\"id\":\"3f9a\""),
                         HasSubstr("\"created_unix_ms\":"), EndsWith("}\n")));
  EXPECT_EQ(std::count(out.begin(), out.end(), '\n'), 1);
  EXPECT_EQ(fake.LastCall(), "List chain: \"hello\"");
}
TEST_F(CliTest, TextOfTheServerCannotDriveTheTerminal) {
  *fake.list.add_deployments() = ADeployment("3f\x1b[2J", v1::DEPLOYMENT_ACTIVE);
  EXPECT_EQ(Run({"list"}), 0);
  EXPECT_THAT(out, AllOf(HasSubstr("3f\\x1b[2J"), Not(HasSubstr("\x1b"))));
}
TEST_F(CliTest, NothingDeployedIsSaidAndIsNoFailure) {
  EXPECT_EQ(Run({"list"}), 0);
  EXPECT_EQ(out, "");
  EXPECT_THAT(err, HasSubstr("chains push DIR"));
}

TEST_F(CliTest, WithoutRemotesSaysHowToComeByOne) {
  std::filesystem::remove(RemotesFile(home_));
  EXPECT_EQ(Run({"list"}), 1);
  EXPECT_THAT(err, HasSubstr("no platform is known: run `chains up`"));
}
TEST_F(CliTest, APlatformThatIsNotThereIsNamedWithHowToStartIt) {
  remote_.platform = "unix:/nowhere/platform.sock";
  SaveRemote();
  EXPECT_EQ(Run({"list"}), 1);
  EXPECT_THAT(err, AllOf(HasSubstr("error UNAVAILABLE"), HasSubstr("/nowhere/platform.sock"),
                         HasSubstr("chains up")));
}
TEST_F(CliTest, ErrorsAreJsonWhereAnswersAre) {
  fake.failures["List"] = {absl::InternalError("disk \"full\"")};
  EXPECT_EQ(Run({"list", "--output", "json"}), 1);
  EXPECT_EQ(out, "");
  EXPECT_EQ(err, "{\"error\":{\"code\":\"INTERNAL\",\"message\":\"disk \\\"full\\\"\"}}\n");
}
TEST_F(CliTest, TheKeyOfTheRemoteIsSent) {
  fake.key = "k1";
  EXPECT_EQ(Run({"list"}), 0) << err;
  fake.key = "another";
  EXPECT_EQ(Run({"list"}), 1);
  EXPECT_THAT(err, AllOf(HasSubstr("this key is not known"), HasSubstr("remotes.json")));
}
TEST_F(CliTest, AnotherRemoteIsChosenByName) {
  EXPECT_EQ(Run({"--remote", "cluster", "list"}), 1);
  EXPECT_THAT(err, HasSubstr("no platform is called 'cluster', only: local"));
}

TEST_F(CliTest, UsageErrorsAreExitCode2) {
  EXPECT_EQ(Run({"lisst"}), 2);
  EXPECT_THAT(err, HasSubstr("there is no command 'lisst'"));
  EXPECT_EQ(Run({"keys", "make"}), 2);
  EXPECT_THAT(err, HasSubstr("there is no command 'make'"));
  EXPECT_EQ(Run({}), 2);
  EXPECT_EQ(Run({"promote"}), 2);
  EXPECT_THAT(err, HasSubstr("ID is required"));
  EXPECT_EQ(Run({"list", "--output", "xml"}), 2);
  EXPECT_EQ(Run({"list", "--bogus", "--output", "json"}), 2);
  EXPECT_THAT(err, StartsWith("{\"error\":{\"code\":\"INVALID_ARGUMENT\""));
  EXPECT_THAT(fake.Calls(), IsEmpty());
}
TEST_F(CliTest, HelpShowsExamplesAndIsNoFailure) {
  EXPECT_EQ(Run({"promote", "--help"}), 0);
  EXPECT_EQ(
      out,
      "point an environment at a deployment, at once\n"
      "Usage: chains promote [OPTIONS] ID\n"
      "\n"
      "Positionals:\n"
      "  ID TEXT REQUIRED                of the deployment\n"
      "\n"
      "Options:\n"
      "  -h,--help                       Print this help message and exit\n"
      "  --environment TEXT=production   that will point at it\n"
      "  --breaking                      even where its contract breaks callers\n"
      "  --canary FLOAT                  only so many percent of its requests\n"
      "  --abort-above FLOAT             percent points that more of its requests may fail (5)\n"
      "\n"
      "Examples:\n"
      "  chains promote 3f9a\n"
      "  chains promote 3f9a --environment staging\n"
      "  chains promote 3f9a --canary 10 --abort-above 2\n"
      "Everywhere: --output text|json, --remote NAME\n"
      "\n");
}
TEST_F(CliTest, EveryCommandHasHelp) {
  for (const Command& command : MakeRoot().subcommands) {
    EXPECT_EQ(Run({command.name, "--help"}), 0) << command.name;
    EXPECT_THAT(out, HasSubstr(command.summary)) << command.name;
    for (const Command& below : command.subcommands) {
      EXPECT_EQ(Run({command.name, below.name, "--help"}), 0) << below.name;
      EXPECT_THAT(out, HasSubstr("Everywhere: --output"));
    }
  }
}

TEST_F(CliTest, StatusShowsWhoRunsWhereAndWhy) {
  fake.deployment = ADeployment("3f9a", v1::DEPLOYMENT_UNHEALTHY);
  fake.deployment.add_paths("/chains/hello/production");
  v1::ChainletStatus& say = *fake.deployment.mutable_chainlets(1);
  say.set_state("crashing");
  say.set_problem("ended by signal 11\n  last line: \x1b[31mboom");
  v1::ReplicaStatus& replica = *say.add_replicas();
  replica.set_name("say-0");
  replica.set_pid(4711);
  replica.set_state("backing off");
  replica.set_restarts(3);
  replica.set_started_unix_ms(absl::ToUnixMillis(absl::UnixEpoch() + absl::Hours(2)));
  replica.add_shares_process_with("hello.HelloAll");
  v1::ScaleChange& change = *say.add_changes();
  change.set_from(1);
  change.set_to(3);
  change.set_why("4.2 in flight over 60s");
  change.set_unix_ms(absl::ToUnixMillis(absl::UnixEpoch() + absl::Hours(2)));
  EXPECT_EQ(Run({"status", "hello", "--environment", "staging"}), 0) << err;
  EXPECT_EQ(fake.LastCall(), "Status chain: \"hello\" environment: \"staging\"");
  EXPECT_EQ(out,
            "hello 3f9a  unhealthy, published, 2h old, placement separate\n"
            "  at /chains/hello/production\n"
            "\n"
            "  CHAINLET  STATE     READY  WANTED  MIN  MAX  IN FLIGHT\n"
            "  HelloAll  ready     1      1       0    1    0\n"
            "  SayHello  crashing  1      1       0    1    0\n"
            "\n"
            "  SayHello:\n"
            "    ended by signal 11\n"
            "      last line: \\x1b[31mboom\n"
            "\n"
            "  REPLICA  CHAINLET  STATE        PID   AGE  RESTARTS  IN FLIGHT  "
            "SHARES ITS PROCESS WITH\n"
            "  say-0    SayHello  backing off  4711  1h   3         0          HelloAll\n"
            "\n"
            "  SCALED  CHAINLET  REPLICAS  WHY\n"
            "  1h ago  SayHello  1 → 3     4.2 in flight over 60s\n");
  fake.deployment.mutable_chainlets(1)->mutable_replicas(0)->set_node("node1 (pod hello-x7k2p)");
  EXPECT_EQ(Run({"status", "hello", "--environment", "staging"}), 0) << err;
  EXPECT_THAT(out, AllOf(HasSubstr("SHARES ITS PROCESS WITH  NODE\n"),
                         HasSubstr("HelloAll                 node1 (pod hello-x7k2p)\n")));
}
TEST_F(CliTest, StatusOfAllLeavesOutWhatIsOver) {
  *fake.list.add_deployments() = ADeployment("3f9a", v1::DEPLOYMENT_ACTIVE);
  *fake.list.add_deployments() = ADeployment("dead", v1::DEPLOYMENT_FAILED);
  EXPECT_EQ(Run({"status"}), 0) << err;
  EXPECT_THAT(out, AllOf(HasSubstr("3f9a"), Not(HasSubstr("dead"))));
}
TEST_F(CliTest, StatusTakesOneTargetOnly) {
  EXPECT_EQ(Run({"status", "hello", "--environment", "a", "--deployment", "b"}), 2);
}
TEST_F(CliTest, StatusThatWatchesEndsWithCtrlC) {
  *fake.list.add_deployments() = ADeployment("3f9a", v1::DEPLOYMENT_ACTIVE);
  interrupted = true;
  EXPECT_EQ(Run({"status", "--watch"}), 0) << err;
  EXPECT_EQ(fake.Count("List"), 1u);
}

TEST_F(CliTest, PromoteSaysWhatWasThereBefore) {
  *fake.promoted.mutable_deployment() = ADeployment("3f9a", v1::DEPLOYMENT_ACTIVE);
  fake.promoted.set_environment("production");
  fake.promoted.set_previous("1b2c");
  EXPECT_EQ(Run({"promote", "3f9a", "--breaking"}), 0) << err;
  EXPECT_EQ(out, "production of hello is 3f9a, before it 1b2c\n");
  EXPECT_EQ(fake.LastCall(),
            "Promote deployment: \"3f9a\" environment: \"production\" breaking: true");
}
TEST_F(CliTest, ACanaryIsAskedForAndShown) {
  *fake.promoted.mutable_deployment() = ADeployment("3f9a", v1::DEPLOYMENT_ACTIVE);
  v1::CanaryOf& share = *fake.promoted.mutable_deployment()->add_canary_of();
  share.set_environment("production");
  share.set_percent(10);
  EXPECT_EQ(Run({"promote", "3f9a", "--canary", "10", "--abort-above", "2"}), 0) << err;
  EXPECT_EQ(out,
            "3f9a gets 10 % of production: chains promote 3f9a gives it all, chains rollback hello "
            "takes it back\n");
  EXPECT_EQ(fake.LastCall(),
            "Promote deployment: \"3f9a\" environment: \"production\" canary_percent: 10 "
            "abort_above_percent: 2");
  EXPECT_EQ(Run({"promote", "3f9a", "--canary", "0"}), 2);
}
TEST_F(CliTest, APromotionThatIsRefusedFails) {
  fake.failures["Promote"] = {
      absl::FailedPreconditionError("it breaks callers: names became a string")};
  EXPECT_EQ(Run({"promote", "3f9a"}), 1);
  EXPECT_EQ(err, "error FAILED_PRECONDITION: it breaks callers: names became a string\n");
}
TEST_F(CliTest, RollbackNamesChainAndEnvironment) {
  fake.promoted.set_environment("staging");
  EXPECT_EQ(Run({"rollback", "hello", "--environment", "staging"}), 0) << err;
  EXPECT_EQ(fake.LastCall(), "Rollback chain: \"hello\" environment: \"staging\"");
}

TEST_F(CliTest, WhatIsChangedIsNamedByItsIdOrByItsEnvironment) {
  *fake.list.add_deployments() = ADeployment("3f9a", v1::DEPLOYMENT_ACTIVE);
  fake.deployment = ADeployment("3f9a", v1::DEPLOYMENT_INACTIVE);
  EXPECT_EQ(Run({"deactivate", "3f9a"}), 0) << err;
  EXPECT_EQ(out, "hello 3f9a is inactive\n");
  EXPECT_EQ(fake.LastCall(), "Deactivate deployment: \"3f9a\"");
  EXPECT_EQ(Run({"activate", "hello", "--environment", "staging"}), 0) << err;
  EXPECT_EQ(fake.LastCall(), "Activate chain: \"hello\" environment: \"staging\"");
  EXPECT_EQ(Run({"wake", "3f9a"}), 0) << err;
  EXPECT_EQ(fake.LastCall(), "Wake deployment: \"3f9a\"");
  EXPECT_EQ(Run({"delete", "3f9a"}), 0) << err;
  EXPECT_EQ(fake.LastCall(), "Delete deployment: \"3f9a\"");
  EXPECT_EQ(out, "deleted\n");
}
TEST_F(CliTest, AChainAloneIsNoDeploymentToChange) {
  *fake.list.add_deployments() = ADeployment("3f9a", v1::DEPLOYMENT_ACTIVE);
  EXPECT_EQ(Run({"delete", "hello"}), 1);
  EXPECT_THAT(err, AllOf(HasSubstr("'hello' is a chain"), HasSubstr("--environment")));
  EXPECT_EQ(Run({"delete", "nobody"}), 1);
  EXPECT_THAT(err, HasSubstr("no deployment has the id 'nobody'"));
  EXPECT_EQ(fake.Count("Delete"), 0u);
}

TEST_F(CliTest, ScaleSendsWhatWasSaidAndNothingElse) {
  fake.deployment = ADeployment("3f9a", v1::DEPLOYMENT_ACTIVE);
  EXPECT_EQ(Run({"scale", "hello", "SayHello", "--min-replica", "1", "--max-replica", "3",
                 "--scale-down-delay", "0", "--memory", "1Gi", "--reset"}),
            0)
      << err;
  EXPECT_EQ(fake.LastCall(),
            "SetScaling chain: \"hello\" environment: \"production\" chainlet: \"SayHello\" "
            "change { min_replica: 1 max_replica: 3 scale_down_delay_sec: 0 "
            "memory_bytes: 1073741824 } reset: true");
  EXPECT_THAT(out, StartsWith("CHAINLET  MIN  MAX"));
}
TEST_F(CliTest, ScaleWithoutAnythingToChangeOrWithNonsenseIsAUsageError) {
  EXPECT_EQ(Run({"scale", "hello", "SayHello"}), 2);
  EXPECT_EQ(Run({"scale", "hello", "SayHello", "--memory", "much"}), 2);
  EXPECT_THAT(err, HasSubstr("'much' is no size of memory"));
  EXPECT_EQ(Run({"scale", "hello", "SayHello", "--min-replica", "-1"}), 2);
  EXPECT_EQ(Run({"scale", "hello", "SayHello", "--scale-down-delay", "soon"}), 2);
  EXPECT_THAT(fake.Calls(), IsEmpty());
}
TEST_F(CliTest, EnvironmentsAreCreatedListedAndSet) {
  EXPECT_EQ(Run({"environments", "create", "hello", "staging"}), 0) << err;
  EXPECT_EQ(fake.LastCall(), "CreateEnvironment chain: \"hello\" name: \"staging\"");
  v1::Environment& environment = *fake.environments.add_environments();
  environment.set_chain("hello");
  environment.set_name("staging");
  (*environment.mutable_scaling())["hello.SayHello"].set_max_replica(3);
  EXPECT_EQ(Run({"environments", "list"}), 0) << err;
  EXPECT_EQ(out,
            "CHAIN  ENVIRONMENT  DEPLOYMENT  BEFORE  SETTINGS\n"
            "hello  staging      -           -       hello.SayHello: max_replica 3\n");
  EXPECT_EQ(Run({"environments", "set", "hello", "staging", "SayHello", "--cpus", "2"}), 0) << err;
  EXPECT_EQ(fake.LastCall(),
            "SetScaling chain: \"hello\" environment: \"staging\" chainlet: \"SayHello\" "
            "change { cpus: 2 }");
}

TEST_F(CliTest, AKeyIsShownOnOutputAlone) {
  EXPECT_EQ(Run({"keys", "create", "phone", "--scope", "manage"}), 0) << err;
  EXPECT_EQ(out, "ck_secret\n");
  EXPECT_THAT(err, HasSubstr("may manage; it is shown this once"));
  EXPECT_EQ(fake.LastCall(), "CreateKey name: \"phone\" scopes: KEY_SCOPE_MANAGE");
  EXPECT_EQ(Run({"keys", "create", "phone", "--scope", "root"}), 2);
}
TEST_F(CliTest, AKeyMayHaveLimits) {
  EXPECT_EQ(Run({"keys", "create", "phone", "--rate", "30/m", "--burst", "9", "--max-in-flight",
                 "20", "--priority-ceiling", "6", "--priority", "2", "--limits-dry-run"}),
            0)
      << err;
  EXPECT_EQ(
      fake.LastCall(),
      "CreateKey name: \"phone\" limits { requests_per_second: 0.5 burst: 9 max_in_flight: 20 "
      "priority_ceiling: 6 priority: 2 dry_run: true }");
  EXPECT_EQ(Run({"keys", "create", "phone", "--rate", "30/d"}), 2);
  EXPECT_THAT(err, HasSubstr("'30/d' is no rate; 50/s, 100/m and 3000/h are"));
  v1::KeyInfo& key = *fake.keys.add_keys();
  key.set_name("phone");
  key.mutable_limits()->set_requests_per_second(0.5);
  key.mutable_limits()->set_max_in_flight(20);
  key.mutable_limits()->set_priority_ceiling(6);
  EXPECT_EQ(Run({"keys", "list"}), 0) << err;
  EXPECT_THAT(out, AllOf(HasSubstr("LIMITS"), HasSubstr("30/m, 20 in flight, priority up to 6")));
}
TEST_F(CliTest, KeysAreListedAndRevoked) {
  v1::KeyInfo& key = *fake.keys.add_keys();
  key.set_name("phone");
  key.add_scopes(v1::KEY_SCOPE_INVOKE);
  key.set_prefix("ck_a1");
  EXPECT_EQ(Run({"keys", "list"}), 0) << err;
  EXPECT_EQ(out,
            "NAME   SCOPES  BEGINS WITH  AGE\n"
            "phone  invoke  ck_a1        3h\n");
  EXPECT_EQ(Run({"keys", "revoke", "phone"}), 0) << err;
  EXPECT_EQ(fake.LastCall(), "RevokeKey name: \"phone\"");
}
TEST_F(CliTest, AKeyMayBeForSomeChainsAndForSomeTime) {
  EXPECT_EQ(
      Run({"keys", "create", "phone", "--chain", "hello", "--chain", "poems", "--expires", "24h"}),
      0)
      << err;
  EXPECT_EQ(
      fake.LastCall(),
      "CreateKey name: \"phone\" chains: \"hello\" chains: \"poems\" expires_in_ms: 86400000");
}
TEST_F(CliTest, AKeyIsRotatedWithAGrace) {
  EXPECT_EQ(Run({"keys", "rotate", "phone", "--grace", "24h"}), 0) << err;
  EXPECT_EQ(out, "ck_rotated\n");
  EXPECT_THAT(err, HasSubstr("the one before is taken for"));
  EXPECT_EQ(fake.LastCall(), "RotateKey name: \"phone\" grace_ms: 86400000");
  EXPECT_EQ(Run({"keys", "rotate", "phone", "--grace", "0s", "--expires", "1h"}), 0) << err;
  EXPECT_THAT(err, HasSubstr("the one before is refused from now on"));
  EXPECT_EQ(fake.LastCall(), "RotateKey name: \"phone\" expires_in_ms: 3600000");
}
TEST_F(CliTest, WhoChangedWhatIsShown) {
  v1::AuditEntry& entry = *fake.audit.add_entries();
  entry.set_who("ci");
  entry.set_method("Promote");
  entry.set_code("OK");
  entry.set_request("{\"deployment\":\"3f9a\"}");
  EXPECT_EQ(Run({"audit", "--last", "5"}), 0) << err;
  EXPECT_THAT(out, HasSubstr("ci   Promote  OK       {\"deployment\":\"3f9a\"}"));
  EXPECT_EQ(fake.LastCall(), "ReadAudit limit: 5");
}
TEST_F(CliTest, ASecretComesFromStandardInputWithoutItsLineEnd) {
  EXPECT_EQ(Run({"secrets", "set", "token"}, "s3cret\n"), 0) << err;
  EXPECT_EQ(fake.LastCall(), "SetSecret name: \"token\" value: \"s3cret\"");
  EXPECT_THAT(out + err, Not(HasSubstr("s3cret")));
  EXPECT_EQ(Run({"secrets", "set", "token"}, ""), 2);
  EXPECT_THAT(err, HasSubstr("standard input"));
  EXPECT_EQ(Run({"secrets", "set", "token"}, std::string((1 << 20) + 2, 'x')), 2);
}
TEST_F(CliTest, SecretsAreListedAndDeleted) {
  fake.secrets.add_secrets()->set_name("token");
  EXPECT_EQ(Run({"secrets", "list"}), 0) << err;
  EXPECT_EQ(out, "NAME   SET\ntoken  3h ago\n");
  EXPECT_EQ(Run({"secrets", "delete", "token"}), 0) << err;
  EXPECT_EQ(fake.LastCall(), "DeleteSecret name: \"token\"");
}

TEST_F(CliTest, LogsAreLinesWithWhoSaidIt) {
  v1::LogLine line;
  line.set_chainlet("hello.SayHello+hello.HelloAll");
  line.set_replica("say-0");
  line.set_level("warning");
  line.set_message("slow\x1b[0m\nthing");
  line.set_request_id("7d1f");
  fake.logs = {line};
  EXPECT_EQ(
      Run({"logs", "hello", "-f", "--chainlet", "SayHello", "--request", "7d1f", "--tail", "5"}), 0)
      << err;
  EXPECT_THAT(out, EndsWith(" SayHello+HelloAll say-0 warning: slow\\x1b[0m\\nthing "
                            "request=7d1f\n"));
  EXPECT_EQ(fake.LastCall(),
            "Logs of { chain: \"hello\" } chainlet: \"SayHello\" request_id: \"7d1f\" tail: 5 "
            "follow: true");
  EXPECT_EQ(Run({"logs", "hello", "--output", "json"}), 0) << err;
  EXPECT_THAT(out, HasSubstr("\"message\":\"slow\\u001b[0m\\nthing\""));
}
TEST_F(CliTest, LogsThatBreakOffFail) {
  fake.failures["Logs"] = {absl::NotFoundError("no such deployment")};
  EXPECT_EQ(Run({"logs", "hello", "--deployment", "x"}), 1);
  EXPECT_EQ(err, "error NOT_FOUND: no such deployment\n");
}

TEST_F(CliTest, InitSaysWhatToTypeNext) {
  EXPECT_EQ(Run({"init", "shop", "--name", "store"}), 0) << err;
  EXPECT_EQ(initialized, "shop store");
  EXPECT_THAT(out, HasSubstr("chains push shop"));
}

}  // namespace
}  // namespace chains::deploy::cli
