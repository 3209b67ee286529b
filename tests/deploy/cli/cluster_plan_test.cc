// push --to kubernetes --dry-run and --diff: what a cluster would get, and what would change there.
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_split.h"
#include "chains/core/text.h"
#include "deploy/cli/diff.h"
#include "deploy/cli/kubernetes/object_diff.h"
#include "deploy/cli/kubernetes/planned_objects.h"
#include "deploy/fleets/kubernetes/objects.h"
#include "tests/deploy/cli/cli_fixture.h"
#include "tests/deploy/cli/fake_api.h"
#include "tests/deploy/cli/fake_source.h"
#include "tests/support/kubernetes/rules.h"
#include "tests/support/kubernetes/schema_check.h"

namespace chains::deploy::cli {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

// A chain of two chainlets, of which `second` is what the others call.
void Describe(const std::string& chain, const std::string& first, const std::string& second,
              v1::Bundle& bundle) {
  v1::Manifest& manifest = *bundle.mutable_manifest();
  manifest.Clear();
  manifest.set_chain(chain);
  manifest.set_entrypoint(chain + "." + first);
  for (const std::string& name : {first, second}) {
    v1::Chainlet& chainlet = *manifest.add_chainlets();
    chainlet.set_name(chain + "." + name);
    chainlet.set_display_name(name);
    chainlet.set_implementation(name + "Impl");
    chainlet.mutable_resources()->set_cpus(1);
    chainlet.mutable_resources()->set_memory_bytes(512 << 20);
    v1::Autoscaling& scaling = *chainlet.mutable_autoscaling();
    scaling.set_min_replica(1);
    scaling.set_max_replica(1);
    scaling.set_autoscaling_window_sec(60);
    scaling.set_scale_down_delay_sec(900);
    scaling.set_max_scale_down_rate(50);
    scaling.set_concurrency_target(1);
    scaling.set_target_utilization_percentage(70);
  }
  v1::BundleFile& file = *bundle.add_files();
  file.set_path(chain);
  file.set_sha256(std::string(32, 'a'));
  file.set_size(7);
  bundle.set_program(chain);
}

class ClusterPlanTest : public CliTest {
 protected:
  ClusterPlanTest() {
    open_chain = [this](const std::string&, const Work&) {
      return std::make_unique<FakeSource>(script);
    };
    Describe("hello", "HelloAll", "SayHello", script.built.bundle);
    manifest().mutable_chainlets(1)->mutable_autoscaling()->set_max_replica(3);
    manifest().mutable_chainlets(1)->mutable_autoscaling()->set_min_replica(2);
    remote_.name = "local";
  }
  v1::Manifest& manifest() { return *script.built.bundle.mutable_manifest(); }

  // Of `--output json`; each is checked as a strict server would.
  std::vector<Json> Objects(std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"--output", "json"});
    EXPECT_EQ(Run(arguments), kDone) << err;
    std::vector<Json> objects;
    for (const absl::string_view line : absl::StrSplit(out, '\n', absl::SkipEmpty())) {
      absl::StatusOr<Json> object = ParseObject(ToStd(line));
      EXPECT_TRUE(object.ok()) << object.status();
      if (!object.ok()) continue;
      EXPECT_EQ(fake::Lines(fake::SchemaProblems(*object)), "") << NameOf(*object);
      EXPECT_EQ(fake::Lines(fake::RuleProblems(*object)), "") << NameOf(*object);
      objects.push_back(*std::move(object));
    }
    return objects;
  }
  static std::vector<std::string> Kinds(const std::vector<Json>& objects) {
    std::vector<std::string> kinds;
    for (const Json& object : objects) kinds.push_back(StringAt(object, "/kind"));
    return kinds;
  }
  const std::vector<std::string> kDryRun = {"push", "hello", "--to", "kubernetes", "--dry-run"};

  SourceScript script;
};

TEST_F(ClusterPlanTest, ADryRunPrintsAllObjectsAsYamlWithoutPlatformOrCluster) {
  ASSERT_EQ(Run(kDryRun), kDone) << err;
  EXPECT_THAT(out, StartsWith("apiVersion: v1\nkind: ConfigMap\nmetadata:\n"));
  for (const char* const kind :
       {"kind: Secret", "kind: Service", "kind: Deployment", "kind: PodDisruptionBudget"}) {
    EXPECT_THAT(out, HasSubstr(kind));
  }
  EXPECT_THAT(fake.Calls(), IsEmpty());
}
TEST_F(ClusterPlanTest, EveryObjectIsValid) {
  const std::vector<Json> objects = Objects(kDryRun);
  EXPECT_THAT(Kinds(objects), ElementsAre("ConfigMap", "Secret", "Service", "Deployment", "Service",
                                          "Deployment", "PodDisruptionBudget"));
  EXPECT_EQ(IntAt(objects[5], "/spec/replicas"), 2);
}
TEST_F(ClusterPlanTest, TheSameChainIsTheSameText) {
  ASSERT_EQ(Run(kDryRun), kDone);
  const std::string first = out;
  ASSERT_EQ(Run(kDryRun), kDone);
  EXPECT_EQ(out, first);
}
TEST_F(ClusterPlanTest, PlacementSaysWhichChainletsShareAPod) {
  std::vector<std::string> arguments = kDryRun;
  arguments.insert(arguments.end(), {"--placement", "together"});
  const std::vector<Json> objects = Objects(arguments);
  EXPECT_THAT(Kinds(objects),
              ElementsAre("ConfigMap", "Secret", "Service", "Deployment", "PodDisruptionBudget"));
  EXPECT_EQ(AnnotationOf(objects[3], "chains.dev/chainlets"), "hello.HelloAll,hello.SayHello");
}
TEST_F(ClusterPlanTest, ADevelopmentDeploymentHasOneReplicaOfEach) {
  std::vector<std::string> arguments = kDryRun;
  arguments.push_back("--development");
  for (const Json& object : Objects(arguments)) {
    if (StringAt(object, "/kind") == "Deployment") {
      EXPECT_EQ(IntAt(object, "/spec/replicas"), 1);
    }
    EXPECT_NE(StringAt(object, "/kind"), "PodDisruptionBudget");
  }
}
TEST_F(ClusterPlanTest, SettingsSayImagesNamespaceAndWhoScales) {
  const std::string path = (home_ / "cluster.json").string();
  std::ofstream(path) << R"({"namespace": "team", "images": {"cpu": "r.example/cpu:7"},
                            "scaling": "hpa"})";
  std::vector<std::string> arguments = kDryRun;
  arguments.insert(arguments.end(), {"--settings", path});
  const std::vector<Json> objects = Objects(arguments);
  EXPECT_EQ(NamespaceOf(objects[0]), "team");
  EXPECT_EQ(StringAt(objects[3], "/spec/template/spec/containers/0/image"), "r.example/cpu:7");
  EXPECT_FALSE(At(objects[3], "/spec").contains("replicas"));
  EXPECT_THAT(Kinds(objects), ::testing::Contains("HorizontalPodAutoscaler"));
}
TEST_F(ClusterPlanTest, AChainWithPackagesSaysWhichImageItLacks) {
  Describe("transcribe", "Transcriber", "Recognizer", script.built.bundle);
  manifest().mutable_chainlets(1)->add_system_packages("pocketsphinx-en-us");
  EXPECT_EQ(Run(kDryRun), kFailed);
  EXPECT_THAT(err, AllOf(HasSubstr("transcribe.Recognizer declares the system packages "
                                   "pocketsphinx-en-us"),
                         HasSubstr("chains image")));
  const std::string path = (home_ / "cluster.json").string();
  std::ofstream(path) << Json{
      {"images", {{"own", {{ImageKey("", {"pocketsphinx-en-us"}), "r/t:1"}}}}}};
  std::vector<std::string> arguments = kDryRun;
  arguments.insert(arguments.end(), {"--settings", path});
  EXPECT_EQ(StringAt(Objects(arguments)[5], "/spec/template/spec/containers/0/image"), "r/t:1");
}
TEST_F(ClusterPlanTest, AChainWithAGpuAsksForOne) {
  Describe("poems", "PoemGenerator", "PhiLlm", script.built.bundle);
  v1::Resources& resources = *manifest().mutable_chainlets(1)->mutable_resources();
  resources.set_gpu("A10G");
  resources.set_gpu_count(1);
  const std::vector<Json> objects = Objects(kDryRun);
  const Json& limits = At(objects[5], "/spec/template/spec/containers/0/resources/limits");
  EXPECT_EQ(limits["nvidia.com/gpu"], "1");
  EXPECT_FALSE(At(objects[3], "/spec/template/spec/containers/0/resources/limits")
                   .contains("nvidia.com/gpu"));
}
TEST_F(ClusterPlanTest, FlagsThatDoNotFitTogetherAreRefused) {
  EXPECT_EQ(Run({"push", "hello", "--dry-run"}), kUsage);
  EXPECT_THAT(err, HasSubstr("--to kubernetes"));
  EXPECT_EQ(Run({"push", "hello", "--to", "kubernetes", "--dry-run", "--diff"}), kUsage);
  EXPECT_EQ(Run({"push", "hello", "--to", "local", "--diff"}), 2);
  EXPECT_THAT(err, HasSubstr("is not on a Kubernetes cluster"));
}
TEST_F(ClusterPlanTest, ToIsTheRemote) {
  EXPECT_EQ(Run({"push", "hello", "--to", "nowhere"}), kFailed);
  EXPECT_THAT(err, HasSubstr("no platform is called 'nowhere'"));
}

class ClusterDiffTest : public ClusterPlanTest {
 protected:
  ClusterDiffTest() {
    open_cluster = [this](const ClusterAccess& access, const std::string& manager) {
      asked_for = {access.context, manager};
      return std::make_unique<Cluster>(api.Transport(), access.in_namespace, manager);
    };
  }
  static std::string PathOf(const Json& object) {
    const std::string kind = StringAt(object, "/kind");
    const std::string group = kind == "Deployment"            ? "/apis/apps/v1"
                              : kind == "PodDisruptionBudget" ? "/apis/policy/v1"
                                                              : "/api/v1";
    const std::string plural = kind == "ConfigMap"             ? "configmaps"
                               : kind == "Secret"              ? "secrets"
                               : kind == "Service"             ? "services"
                               : kind == "PodDisruptionBudget" ? "poddisruptionbudgets"
                                                               : "deployments";
    return group + "/namespaces/chains/" + plural + "/" + NameOf(object);
  }
  // What a platform has made of the chain as it is now.
  void Deploy(const std::string& id) {
    v1::DeployRequest request;
    *request.mutable_bundle() = script.built.bundle;
    absl::StatusOr<FleetDeployment> deployment = PlanDeployment(request);
    ASSERT_TRUE(deployment.ok()) << deployment.status();
    deployment->id = id;
    deployment->token = "secret of the platform";
    const absl::StatusOr<std::vector<Json>> objects =
        PlannedObjects(*deployment, ClusterSettings(), {.owner_uid = "u1"});
    ASSERT_TRUE(objects.ok()) << objects.status();
    for (Json object : *objects) {
      object["metadata"]["uid"] = StringAt(object, "/kind") == "ConfigMap" ? "u1" : "u2";
      object["metadata"]["resourceVersion"] = "5";
      object["metadata"]["creationTimestamp"] = "2026-01-01T00:00:00Z";
      api.Put(PathOf(object), object);
    }
  }
  const std::vector<std::string> kDiff = {"push",   "hello",     "--to", "kubernetes",
                                          "--diff", "--context", "prod"};

  FakeApi api;
  std::pair<std::string, std::string> asked_for;
};

TEST_F(ClusterDiffTest, WhatIsNotThereIsAllNewAndNothingIsKept) {
  EXPECT_EQ(Run(kDiff), 1) << err;
  EXPECT_THAT(out, AllOf(HasSubstr("--- /dev/null\n+++ ConfigMap/chains/hello-"),
                         HasSubstr("+kind: Deployment\n"), Not(HasSubstr("\n-  "))));
  EXPECT_THAT(err, AllOf(HasSubstr("all is new"), HasSubstr("7 objects would change")));
  EXPECT_EQ(asked_for, std::pair(std::string("prod"), std::string("chains-platform")));
  EXPECT_EQ(Run(kDiff), 1) << "a dry run was kept";
}
TEST_F(ClusterDiffTest, TheSameChainChangesNothing) {
  Deploy("k3f9x2ab");
  EXPECT_EQ(Run(kDiff), 0) << out;
  EXPECT_EQ(out, "");
  EXPECT_THAT(err,
              AllOf(HasSubstr("compared with hello k3f9x2ab"), HasSubstr("nothing would change")));
}
TEST_F(ClusterDiffTest, AReplicaMoreOrLessThatTheAutoscalerMadeIsNoChange) {
  Deploy("k3f9x2ab");
  ASSERT_EQ(Run(kDiff), 0);
  for (const std::string& request : api.asked()) {
    const std::string path = request.substr(request.find('/'));
    Json object = api.At(path);
    if (StringAt(object, "/kind") != "Deployment") continue;
    object["spec"]["replicas"] = 3;
    api.Put(path, object);
  }
  EXPECT_EQ(Run(kDiff), 0) << out;
}
TEST_F(ClusterDiffTest, OtherResourcesAreAnotherPlaceBesideTheOld) {
  Deploy("k3f9x2ab");
  manifest().mutable_chainlets(0)->mutable_resources()->set_cpus(2);
  EXPECT_EQ(Run(kDiff), 1) << err;
  EXPECT_THAT(out, AllOf(HasSubstr("+++ Deployment/chains/hello-k3f9x2ab-"),
                         HasSubstr("\n+++ /dev/null\n"), HasSubstr("\n+            cpu: \"2\"\n")));
}
TEST_F(ClusterDiffTest, SecretsAreNeverShown) {
  const Json before = {{"apiVersion", "v1"},
                       {"kind", "Secret"},
                       {"metadata", {{"name", "s"}}},
                       {"data", {{"token", "aGVsbG8="}, {"same", "c2FtZQ=="}}}};
  Json after = before;
  after["data"]["token"] = "d29ybGQ=";
  const std::string text = ObjectDiff(before, after);
  EXPECT_THAT(text, AllOf(HasSubstr("(before)"), HasSubstr("(after)"), Not(HasSubstr("aGVs")),
                          Not(HasSubstr("d29y")), Not(HasSubstr("c2Ft"))));
  EXPECT_EQ(ObjectDiff(after, after), "");
  EXPECT_THAT(ObjectDiff(Json(), before), Not(HasSubstr("aGVs")));
  EXPECT_THAT(ToYaml(Redacted(before)), Not(HasSubstr("aGVs")));
}
TEST_F(ClusterDiffTest, AClusterThatDoesNotAnswerIsExitCodeTwo) {
  open_cluster = [](const ClusterAccess&, const std::string&) {
    return absl::NotFoundError("there is no kubeconfig");
  };
  EXPECT_EQ(Run(kDiff), 2);
  EXPECT_THAT(err, HasSubstr("there is no kubeconfig"));
}

TEST(UnifiedDiff, HasThreeLinesAroundEachChangeAndSaysWhereTheyAre) {
  EXPECT_EQ(UnifiedDiff("1\n2\n3\n4\n5\n6\n7\n", "1\n2\n3\n4\nfive\n6\n7\n", "a", "b"),
            "--- a\n+++ b\n@@ -2,6 +2,6 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n");
  EXPECT_EQ(UnifiedDiff("same\n", "same\n", "a", "b"), "");
  EXPECT_EQ(UnifiedDiff("", "new\n", "a", "b"), "--- a\n+++ b\n@@ -0,0 +1 @@\n+new\n");
}
TEST(UnifiedDiff, ChangesFarApartAreTwoHunks) {
  std::string before;
  std::string after;
  for (int i = 0; i < 30; ++i) {
    before += std::to_string(i) + "\n";
    after += (i == 3 || i == 25 ? "x" : std::to_string(i)) + "\n";
  }
  const std::string text = UnifiedDiff(before, after, "a", "b");
  EXPECT_THAT(text, AllOf(HasSubstr("@@ -1,7 +1,7 @@\n"), HasSubstr("@@ -23,7 +23,7 @@\n")));
}

}  // namespace
}  // namespace chains::deploy::cli
