// up and down --kubernetes, and bench --job, against a kubectl and an API server that tests play.
#include <fstream>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/escaping.h"
#include "absl/strings/str_join.h"
#include "deploy/cli/kubernetes/bench_job.h"
#include "deploy/cli/kubernetes/overlay.h"
#include "deploy/cli/kubernetes/readiness.h"
#include "tests/deploy/cli/cli_fixture.h"
#include "tests/deploy/cli/fake_api.h"
#include "tests/support/kubernetes/rules.h"
#include "tests/support/kubernetes/schema_check.h"

namespace chains::deploy::cli {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr char kNamespace[] = "/api/v1/namespaces/chains";

std::string ReadText(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

Json AnObject(const std::string& kind, const std::string& name) {
  const Json labelled = {{"app.kubernetes.io/part-of", "chains"},
                         {"app.kubernetes.io/name", name.substr(0, name.find('_'))}};
  return {{"apiVersion", "v1"},
          {"kind", kind},
          {"metadata",
           {{"name", name}, {"namespace", "chains"}, {"generation", 1}, {"labels", labelled}}}};
}

class ClusterInstallTest : public CliTest {
 protected:
  ClusterInstallTest() {
    open_cluster = [this](const ClusterAccess& access, const std::string& manager) {
      access_ = access;
      return std::make_unique<Cluster>(api.Transport(), access.in_namespace, manager);
    };
    run_child = [this](const ChildOptions& options) -> absl::StatusOr<ChildResult> {
      commands.push_back(absl::StrJoin(options.arguments, " "));
      ChildResult result;
      if (commands.back().ends_with("config current-context")) {
        result.output = "prod\n";
      } else {
        const std::filesystem::path folder = options.arguments.back();
        kustomization = ReadText(folder / "kustomization.yaml");
        settings = ReadText(folder / "cluster.json");
        result.output = "deployment.apps/chains-platform created\n";
        result.exit_code = refuses.empty() ? 0 : 1;
        result.errors = refuses;
      }
      return result;
    };
    api.Put(std::string(kNamespace) + "/secrets/chains-admin-key",
            {{"kind", "Secret"}, {"data", {{"key", absl::Base64Escape("ck_admin")}}}});
    PutDeployment("chains-platform", true);
    PutDeployment("chains-gateway", true);
  }

  void PutDeployment(const std::string& name, bool ready) {
    Json deployment = AnObject("Deployment", name);
    const int count = ready ? 1 : 0;
    deployment["status"] = {{"observedGeneration", 1},
                            {"replicas", 1},
                            {"updatedReplicas", 1},
                            {"readyReplicas", count}};
    deployment["spec"]["template"]["spec"]["containers"] =
        Json::array({{{"name", "platform"}, {"image", "r.example/chains/platform:7"}}});
    api.Put("/apis/apps/v1/namespaces/chains/deployments/" + name, deployment);
  }
  Remotes Kept() {
    absl::StatusOr<Remotes> remotes = LoadRemotes(home_);
    EXPECT_TRUE(remotes.ok()) << remotes.status();
    return *std::move(remotes);
  }

  FakeApi api;
  ClusterAccess access_;
  std::vector<std::string> commands;
  std::string refuses;
  std::string kustomization, settings;
};

TEST_F(ClusterInstallTest, UpAppliesAnOverlayWaitsAndRemembersThePlatform) {
  ASSERT_EQ(Run({"up", "--kubernetes", "--kubeconfig", "/k"}), kDone) << err;
  EXPECT_THAT(commands,
              ElementsAre("kubectl --kubeconfig /k config current-context",
                          AllOf(HasSubstr("kubectl --kubeconfig /k --context prod apply -k /"),
                                HasSubstr("/overlays/dev"))));
  EXPECT_THAT(out, HasSubstr("chains is up on prod, as the remote kubernetes\n"));
  const Remotes kept = Kept();
  const Remote& remote = kept.by_name.at("kubernetes");
  EXPECT_EQ(remote.key, "ck_admin");
  EXPECT_EQ(remote.kubernetes, (ClusterAccess{.kubeconfig = "/k", .context = "prod"}));
  EXPECT_EQ(remote.gateway, "");
  EXPECT_EQ(kept.default_name, "local");
}
TEST_F(ClusterInstallTest, UpTakesAnotherNameAndAGatewayThatIsReachable) {
  ASSERT_EQ(Run({"up", "--kubernetes", "--context", "c", "--remote", "prod", "--gateway",
                 "https://chains.example.com", "--overlay", "production"}),
            kDone)
      << err;
  EXPECT_EQ(Kept().by_name.at("prod").gateway, "https://chains.example.com");
  EXPECT_THAT(commands, ElementsAre(HasSubstr("/overlays/production")));
}
TEST_F(ClusterInstallTest, ARegistryIsSetForAllFourImages) {
  ASSERT_EQ(Run({"up", "--kubernetes", "--context", "c", "--image-registry", "r.example/team",
                 "--image-tag", "1.2"}),
            kDone)
      << err;
  EXPECT_THAT(kustomization,
              AllOf(HasSubstr("newName: r.example/team/platform\n    newTag: \"1.2\""),
                    HasSubstr("newName: r.example/team/gateway"),
                    HasSubstr("- ../kubernetes/overlays/dev\n")));
  EXPECT_THAT(settings, AllOf(HasSubstr("\"r.example/team/replica-cpu:1.2\""),
                              HasSubstr("\"r.example/team/replica-gpu:1.2\"")));
}
TEST_F(ClusterInstallTest, WithoutKubectlItSaysThatInstallingNeedsIt) {
  run_child = [](const ChildOptions&) -> absl::StatusOr<ChildResult> {
    return absl::NotFoundError("no such program");
  };
  EXPECT_EQ(Run({"up", "--kubernetes"}), kFailed);
  EXPECT_THAT(err, HasSubstr("kubectl is not in PATH: installing needs it"));
}
TEST_F(ClusterInstallTest, WhatKubectlRefusesIsShown) {
  refuses = "error: namespaces is forbidden\n";
  EXPECT_EQ(Run({"up", "--kubernetes", "--context", "c"}), kFailed);
  EXPECT_THAT(err, HasSubstr("namespaces is forbidden"));
  EXPECT_EQ(Kept().by_name.count("kubernetes"), 0u);
}
TEST_F(ClusterInstallTest, AnOverlayThatIsNotThereIsNamed) {
  EXPECT_EQ(Run({"up", "--kubernetes", "--overlay", "staging"}), kFailed);
  EXPECT_THAT(err, HasSubstr("--overlay staging: there are dev and production"));
  EXPECT_THAT(commands, IsEmpty());
}
TEST_F(ClusterInstallTest, WhileItWaitsItSaysForWhat) {
  PutDeployment("chains-gateway", false);
  Json pod = AnObject("Pod", "chains-gateway_1");
  pod["status"] = {
      {"phase", "Pending"},
      {"containerStatuses",
       Json::array(
           {{{"name", "gateway"},
             {"state",
              {{"waiting",
                {{"reason", "ImagePullBackOff"}, {"message", "Back-off pulling image"}}}}}}})}};
  pod["spec"]["containers"] = Json::array({{{"name", "gateway"}, {"image", "chains/gateway:x"}}});
  api.Put(std::string(kNamespace) + "/pods/chains-gateway_1", pod);
  int looks = 0;
  api.on_ask = [&](const std::string&, const std::string& path) {
    if (path.ends_with("/deployments") && ++looks == 2) PutDeployment("chains-gateway", true);
  };
  EXPECT_EQ(Run({"up", "--kubernetes", "--context", "c"}), kDone) << err;
  EXPECT_THAT(err, AllOf(HasSubstr("chains-platform is ready; chains-gateway: "),
                         HasSubstr("chains/gateway:x")));
}
TEST_F(ClusterInstallTest, WhoInterruptsIsNotHeldUp) {
  PutDeployment("chains-gateway", false);
  interrupted = true;
  EXPECT_EQ(Run({"up", "--kubernetes", "--context", "c"}), kFailed);
  EXPECT_THAT(err, HasSubstr("interrupted"));
}

class ClusterUninstallTest : public ClusterInstallTest {
 protected:
  ClusterUninstallTest() {
    EXPECT_EQ(Run({"up", "--kubernetes", "--context", "prod"}), kDone) << err;
    api.Put(kNamespace, {{"kind", "Namespace"}, {"metadata", {{"name", "chains"}}}});
    Json map = AnObject("ConfigMap", "hello-k3f9x2ab");
    map["metadata"]["labels"]["app.kubernetes.io/managed-by"] = "chains";
    map["data"] = {{"chain", "hello"}};
    api.Put(std::string(kNamespace) + "/configmaps/hello-k3f9x2ab", map);
    Json claim = AnObject("PersistentVolumeClaim", "chains-platform");
    claim["spec"]["resources"]["requests"]["storage"] = "20Gi";
    api.Put(std::string(kNamespace) + "/persistentvolumeclaims/chains-platform", claim);
  }
};

TEST_F(ClusterUninstallTest, DownSaysWhatGoesAndAsks) {
  EXPECT_EQ(Run({"down", "--kubernetes"}, "no\n"), kFailed);
  EXPECT_THAT(err, AllOf(HasSubstr("from prod"), HasSubstr("hello (1 deployment)"),
                         HasSubstr("chains-platform (20Gi), with bundles and logs")));
  EXPECT_THAT(out, HasSubstr("nothing was removed"));
  EXPECT_FALSE(api.At(kNamespace).is_null());
  EXPECT_EQ(Kept().by_name.count("kubernetes"), 1u);
}
TEST_F(ClusterUninstallTest, DownRemovesTheNamespaceAndTheRemote) {
  EXPECT_EQ(Run({"down", "--kubernetes"}, "chains\n"), kDone) << err;
  EXPECT_TRUE(api.At(kNamespace).is_null());
  EXPECT_EQ(Kept().by_name.count("kubernetes"), 0u);
  EXPECT_EQ(Kept().by_name.count("local"), 1u);
}
TEST_F(ClusterUninstallTest, YesAsksNobody) {
  EXPECT_EQ(Run({"down", "--kubernetes", "--yes"}), kDone) << err;
  EXPECT_THAT(err, Not(HasSubstr("type the namespace")));
}

class BenchJobTest : public ClusterInstallTest {
 protected:
  BenchJobTest() {
    EXPECT_EQ(Run({"up", "--kubernetes", "--context", "prod"}), kDone) << err;
    api.log = "p50 3 ms\n";
    // Its pod has ended as soon as it is asked for.
    api.on_ask = [this](const std::string& method, const std::string& path) {
      if (method == "DELETE") job = api.At(path);
      if (method != "GET" || !path.ends_with("/pods")) return;
      Json pod = AnObject("Pod", "bench_pod");
      pod["metadata"]["labels"].erase("app.kubernetes.io/name");
      pod["status"] = {
          {"phase", code == 0 ? "Succeeded" : "Failed"},
          {"containerStatuses",
           Json::array({{{"name", "bench"}, {"state", {{"terminated", {{"exitCode", code}}}}}}})}};
      api.Put(std::string(kNamespace) + "/pods/bench_pod", pod);
    };
  }
  int Bench(std::vector<std::string> more) {
    std::vector<std::string> arguments = {"bench", "hello", "--rate",   "5",         "--data",
                                          "{}",    "--job", "--remote", "kubernetes"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return Run(arguments);
  }
  Json job;  // when it was deleted
  int code = 0;
};

TEST_F(BenchJobTest, RunsInAPodPrintsWhatItSaysAndLeavesNothing) {
  EXPECT_EQ(Bench({"--slo", "p99=5ms"}), kDone) << err;
  EXPECT_EQ(out, "p50 3 ms\n");
  ASSERT_FALSE(job.is_null());
  EXPECT_EQ(fake::Lines(fake::SchemaProblems(job)), "");
  const Json& container = At(job, "/spec/template/spec/containers/0");
  EXPECT_EQ(StringAt(container, "/image"), "r.example/chains/platform:7");
  EXPECT_THAT(container["args"].get<std::vector<std::string>>(),
              AllOf(Contains("hello"), Contains("--rate=5"), Contains("--data={}"),
                    Contains("--slo=p99=5ms"), Not(Contains("--job"))));
}
TEST_F(BenchJobTest, AnObjectiveThatIsMissedIsItsExitCode) {
  code = 1;
  EXPECT_EQ(Bench({}), 1) << err;
  EXPECT_EQ(out, "p50 3 ms\n");
  EXPECT_FALSE(job.is_null());
}
TEST_F(BenchJobTest, TheObjectIsValidAndCallsTheGatewayOfItsNamespace) {
  const Json made = BenchJob({.name = "chains-bench-1",
                              .in_namespace = "team",
                              .image = "r/chains/platform:1",
                              .arguments = {"bench", "hello"}});
  EXPECT_EQ(fake::Lines(fake::SchemaProblems(made)), "");
  EXPECT_EQ(fake::Lines(fake::RuleProblems(made)), "");
  const std::string text = made.dump();
  EXPECT_THAT(text, AllOf(HasSubstr("http://chains-gateway.team.svc:8080"),
                          HasSubstr("chains-admin-key"), HasSubstr("\"backoffLimit\":0")));
}
TEST_F(BenchJobTest, AnotherRemoteIsRefused) {
  EXPECT_EQ(Run({"bench", "hello", "--rate", "5", "--data", "{}", "--job"}), kFailed);
  EXPECT_THAT(err, HasSubstr("--job is for a platform on a cluster, and 'local' is on none"));
}

TEST(Readiness, NeedsAPodOfTheLatestTemplate) {
  Json deployment = AnObject("Deployment", "chains-gateway");
  deployment["metadata"]["generation"] = 2;
  deployment["status"] = {
      {"observedGeneration", 1}, {"replicas", 1}, {"updatedReplicas", 1}, {"readyReplicas", 1}};
  EXPECT_FALSE(ReadinessOf({"chains-gateway"}, {deployment}, {}, {}).ready);
  deployment["status"]["observedGeneration"] = 2;
  EXPECT_TRUE(ReadinessOf({"chains-gateway"}, {deployment}, {}, {}).ready);
  deployment["status"]["replicas"] = 2;  // one of the template before
  EXPECT_FALSE(ReadinessOf({"chains-gateway"}, {deployment}, {}, {}).ready);
}
TEST(Readiness, SaysWhichVolumeIsMissing) {
  Json pod = AnObject("Pod", "chains-gateway_1");
  pod["spec"]["nodeName"] = "node1";
  pod["status"] = {{"phase", "Pending"}};
  const Json event = {{"type", "Warning"},
                      {"reason", "FailedMount"},
                      {"involvedObject", {{"name", "chains-gateway_1"}}},
                      {"message", "secret \"chains-gateway-token\" not found"}};
  EXPECT_THAT(ReadinessOf({"chains-gateway"}, {}, {pod}, {event}).text,
              HasSubstr("chains-gateway-token"));
}

TEST(Overlay, ImagesKeepWhatWasNotAskedFor) {
  const std::string settings =
      R"({"scaling": "keda", "images": {"cpu": "host:5000/a/cpu:3", "own": {"k": "x"}}})";
  const absl::StatusOr<std::string> tagged = WithImages(settings, {.tag = "4"});
  ASSERT_TRUE(tagged.ok());
  EXPECT_THAT(*tagged, AllOf(HasSubstr("\"host:5000/a/cpu:4\""), HasSubstr("\"own\""),
                             HasSubstr("keda"), HasSubstr("\"chains/replica-gpu:4\"")));
  const absl::StatusOr<std::string> moved = WithImages(settings, {.registry = "r"});
  ASSERT_TRUE(moved.ok());
  EXPECT_THAT(*moved, HasSubstr("\"r/replica-cpu:3\""));
  EXPECT_FALSE(WithImages("[]", {.tag = "4"}).ok());
  EXPECT_FALSE(WithImages(R"({"images": 1})", {.tag = "4"}).ok());
}

}  // namespace
}  // namespace chains::deploy::cli
