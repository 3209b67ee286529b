// The installation in deploy/kubernetes.
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "deploy/bundle/child.h"
#include "deploy/fleets/kubernetes/cluster_settings.h"
#include "tests/deploy/kubernetes/read_yaml.h"
#include "tests/deploy/temp_folder.h"
#include "tests/support/kubernetes/rules.h"
#include "tests/support/kubernetes/schema_check.h"

namespace chains::deploy {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::IsSupersetOf;
using ::testing::Not;
using ::testing::UnorderedElementsAre;

std::string ReadText(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::string Name(const Json& object) { return StringAt(object, "/kind") + " " + NameOf(object); }

void ExpectValid(const std::vector<Json>& objects) {
  for (const Json& object : objects) {
    SCOPED_TRACE(Name(object));
    EXPECT_EQ(fake::Lines(fake::SchemaProblems(object)), "");
    EXPECT_EQ(fake::Lines(fake::RuleProblems(object)), "");
  }
}

// Objects of a file may lack what Kustomize adds.
std::vector<Json> InNamespace(std::vector<Json> objects) {
  for (Json& object : objects) {
    if (StringAt(object, "/kind") != "Namespace") object["metadata"]["namespace"] = "chains";
  }
  return objects;
}

TEST(Manifests, AreValidFileByFile) {
  const std::set<std::string> patches = {
      "overlays/production/gateway.yaml",   "overlays/production/platform.yaml",
      "components/mtls/gateway.yaml",       "components/queue/gateway.yaml",
      "components/s3/platform.yaml",        "components/monitoring/gateway.yaml",
      "components/monitoring/platform.yaml"};
  size_t objects = 0;
  for (const auto& entry : fs::recursive_directory_iterator(KUBERNETES)) {
    const std::string path = fs::relative(entry.path(), KUBERNETES).string();
    if (entry.path().extension() != ".yaml" || patches.contains(path)) continue;
    if (entry.path().filename() == "kustomization.yaml") continue;
    SCOPED_TRACE(path);
    const std::vector<Json> found = InNamespace(ReadYaml(ReadText(entry.path())));
    ExpectValid(found);
    objects += found.size();
  }
  EXPECT_GT(objects, 20u);
}
TEST(Manifests, SettingsAreThoseThatThePlatformReads) {
  for (const char* const file :
       {"base/cluster.json", "overlays/dev/cluster.json", "overlays/production/cluster.json"}) {
    const absl::StatusOr<ClusterSettings> settings =
        ParseClusterSettings(ReadText(fs::path(KUBERNETES) / file));
    ASSERT_TRUE(settings.ok()) << file << ": " << settings.status();
    EXPECT_EQ(settings->in_namespace, "chains");
    EXPECT_EQ(settings->platform, "chains-platform.chains.svc:7070");
    EXPECT_EQ(settings->service_account, "chains-replica");
  }
}

// What `kubectl apply -k` would apply.
class Rendered : public ::testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    const absl::StatusOr<ChildResult> result =
        RunChild({.arguments = {"kubectl", "kustomize", Folder()}});
    if (absl::IsNotFound(result.status())) {
      GTEST_SKIP() << "SKIPPED: kubectl is not installed, so that overlays are not rendered";
    }
    ASSERT_TRUE(result.ok()) << result.status();
    if (!result->ok() && KubectlIsOld()) GTEST_SKIP() << "SKIPPED: kubectl is older than 1.27";
    ASSERT_TRUE(result->ok()) << result->errors;
    EXPECT_EQ(result->errors, "");  // what is deprecated
    objects_ = ReadYaml(result->output);
  }

  static bool KubectlIsOld() {
    const absl::StatusOr<ChildResult> version =
        RunChild({.arguments = {"kubectl", "version", "--client", "-o", "json"}});
    if (!version.ok()) return true;
    const absl::StatusOr<Json> said = ParseObject(version->output);
    return !said.ok() || std::atoi(StringAt(*said, "/clientVersion/minor").c_str()) < 27;
  }

  // An overlay as it is, or production with all components.
  std::string Folder() {
    if (GetParam() != "all") return (fs::path(KUBERNETES) / "overlays" / GetParam()).string();
    const fs::path kubernetes = folder_.path() / "kubernetes";
    fs::copy(KUBERNETES, kubernetes, fs::copy_options::recursive);
    const fs::path all = folder_.path() / "all";
    fs::create_directories(all);
    std::ofstream(all / "kustomization.yaml")
        << "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n"
           "resources: [../kubernetes/overlays/production]\ncomponents: "
           "[../kubernetes/components/s3, ../kubernetes/components/hpa, "
           "../kubernetes/components/keda, ../kubernetes/components/internet, "
           "../kubernetes/components/mtls, ../kubernetes/components/queue, "
           "../kubernetes/components/monitoring]\n";
    return all.string();
  }

  std::vector<Json> OfKind(const std::string& kind) const {
    std::vector<Json> found;
    std::copy_if(objects_.begin(), objects_.end(), std::back_inserter(found),
                 [&](const Json& each) { return StringAt(each, "/kind") == kind; });
    return found;
  }
  const Json& Find(const std::string& kind, const std::string& name) const {
    for (const Json& object : objects_) {
      if (StringAt(object, "/kind") == kind && NameOf(object) == name) return object;
    }
    ADD_FAILURE() << "there is no " << kind << " " << name;
    return none_;
  }

  TempFolder folder_;
  std::vector<Json> objects_;
  const Json none_;
};
INSTANTIATE_TEST_SUITE_P(Overlays, Rendered, ::testing::Values("dev", "all"),
                         [](const auto& info) { return info.param; });

TEST_P(Rendered, IsValidAndInOneNamespace) {
  ExpectValid(objects_);
  for (const Json& object : objects_) {
    if (StringAt(object, "/kind") == "Namespace") continue;
    EXPECT_EQ(NamespaceOf(object), "chains") << Name(object);
  }
}
TEST_P(Rendered, AsksForNothingOutsideOfItsNamespace) {
  EXPECT_THAT(OfKind("ClusterRole"), IsEmpty());
  EXPECT_THAT(OfKind("ClusterRoleBinding"), IsEmpty());
  for (const Json& role : OfKind("Role")) {
    for (const Json& rule : At(role, "/rules")) {
      for (const char* const list : {"apiGroups", "resources", "verbs"}) {
        EXPECT_THAT(rule[list].get<std::vector<std::string>>(), Not(Contains("*")))
            << Name(role) << ": " << rule.dump();
      }
      // Rights that would lead to others.
      EXPECT_THAT(rule["verbs"].get<std::vector<std::string>>(),
                  AllOf(Not(Contains("escalate")), Not(Contains("bind")),
                        Not(Contains("impersonate")), Not(Contains("deletecollection"))));
    }
  }
  for (const Json& binding : OfKind("RoleBinding")) {
    EXPECT_EQ(StringAt(binding, "/subjects/0/namespace"), "chains");
    EXPECT_EQ(StringAt(binding, "/subjects/0/name"), "chains-platform");
  }
}
TEST_P(Rendered, ThePlatformHasTheVerbsThatItUsesAndNoMore) {
  std::map<std::string, std::vector<std::string>> verbs;
  for (const Json& rule : At(Find("Role", "chains-platform"), "/rules")) {
    for (const Json& resource : rule["resources"]) {
      verbs[resource.get<std::string>()] = rule["verbs"].get<std::vector<std::string>>();
    }
  }
  const std::vector<std::string> applied = {"get", "list", "watch", "create", "patch", "delete"};
  for (const char* const kind :
       {"configmaps", "secrets", "services", "deployments", "poddisruptionbudgets"}) {
    EXPECT_THAT(verbs[kind], IsSupersetOf(applied)) << kind;
  }
  EXPECT_THAT(verbs["pods"], UnorderedElementsAre("get", "list", "watch", "patch", "delete"));
  EXPECT_THAT(verbs["secrets"], Contains("update"));
  EXPECT_THAT(verbs["leases"], UnorderedElementsAre("get", "create", "update"));
  EXPECT_THAT(verbs["pods/log"], ElementsAre("get"));
  EXPECT_THAT(verbs["events"], UnorderedElementsAre("get", "list", "watch"));
  EXPECT_THAT(verbs["endpointslices"], UnorderedElementsAre("get", "list", "watch"));
  EXPECT_EQ(verbs.count("nodes"), 0u);
  EXPECT_EQ(verbs.count("pods/exec"), 0u);
}
TEST_P(Rendered, PodsKeepToTheRestrictedProfile) {
  EXPECT_EQ(LabelOf(Find("Namespace", "chains"), "pod-security.kubernetes.io/enforce"),
            "restricted");
  for (const Json& deployment : OfKind("Deployment")) {
    SCOPED_TRACE(Name(deployment));
    const Json& pod = At(deployment, "/spec/template/spec");
    EXPECT_TRUE(BoolAt(pod, "/securityContext/runAsNonRoot"));
    EXPECT_EQ(IntAt(pod, "/securityContext/runAsUser"), 65532);
    EXPECT_EQ(StringAt(pod, "/securityContext/seccompProfile/type"), "RuntimeDefault");
    for (const Json& volume : At(pod, "/volumes")) EXPECT_FALSE(volume.contains("hostPath"));
    for (const Json& container : At(pod, "/containers")) {
      EXPECT_FALSE(BoolAt(container, "/securityContext/allowPrivilegeEscalation", true));
      EXPECT_TRUE(BoolAt(container, "/securityContext/readOnlyRootFilesystem"));
      EXPECT_EQ(At(container, "/securityContext/capabilities/drop"), Json::array({"ALL"}));
      EXPECT_TRUE(container.contains("readinessProbe"));
      EXPECT_TRUE(container.contains("livenessProbe"));
      EXPECT_FALSE(At(container, "/resources/requests/cpu").is_null());
      EXPECT_FALSE(At(container, "/resources/limits/memory").is_null());
    }
  }
}
TEST_P(Rendered, OnlyThePlatformHasAToken) {
  for (const Json& account : OfKind("ServiceAccount")) {
    EXPECT_FALSE(BoolAt(account, "/automountServiceAccountToken", true)) << Name(account);
  }
  for (const Json& deployment : OfKind("Deployment")) {
    EXPECT_EQ(BoolAt(deployment, "/spec/template/spec/automountServiceAccountToken", true),
              NameOf(deployment) == "chains-platform");
  }
}
TEST_P(Rendered, SettingsLeadToANewPodAndAreMountedWhereTheyAreRead) {
  const std::vector<Json> maps = OfKind("ConfigMap");
  ASSERT_EQ(maps.size(), 1u);
  EXPECT_THAT(NameOf(maps[0]), testing::MatchesRegex("chains-settings-[a-z0-9]+"));
  const Json& platform = Find("Deployment", "chains-platform");
  bool is_mounted = false;
  for (const Json& volume : At(platform, "/spec/template/spec/volumes")) {
    is_mounted |= StringAt(volume, "/configMap/name") == NameOf(maps[0]);
  }
  EXPECT_TRUE(is_mounted);
  const Json& arguments = At(platform, "/spec/template/spec/containers/0/args");
  EXPECT_THAT(arguments.get<std::vector<std::string>>(),
              Contains("--settings=/etc/chains/cluster.json"));
}
TEST_P(Rendered, WhoTalksToWhomIsAllThatIsAllowed) {
  const Json& deny = Find("NetworkPolicy", "chains-default-deny");
  EXPECT_EQ(At(deny, "/spec/podSelector"), Json::object());
  EXPECT_FALSE(At(deny, "/spec").contains("ingress"));
  EXPECT_FALSE(At(deny, "/spec").contains("egress"));
  const Json& replica = Find("NetworkPolicy", "chains-replica");
  const std::string egress = At(replica, "/spec/egress").dump();
  EXPECT_THAT(egress, AllOf(HasSubstr("7070"), HasSubstr("7001"), Not(HasSubstr("443"))));
  // Where gateways and replicas attach, and nobody else.
  const Json& from = At(Find("NetworkPolicy", "chains-platform"),
                        "/spec/ingress/0/from/0/podSelector/matchExpressions/0/values");
  EXPECT_EQ(from, Json::array({"gateway", "replica"}));
}

class RenderedProduction : public Rendered {};
INSTANTIATE_TEST_SUITE_P(Overlays, RenderedProduction, ::testing::Values("production"));
TEST_P(RenderedProduction, KeepsAGatewayWhenANodeGoes) {
  const Json& gateway = Find("Deployment", "chains-gateway");
  EXPECT_EQ(IntAt(gateway, "/spec/replicas"), 2);
  EXPECT_EQ(At(gateway, "/spec/template/spec/topologySpreadConstraints").size(), 2u);
  EXPECT_EQ(At(Find("PodDisruptionBudget", "chains-gateway"), "/spec/selector/matchLabels"),
            At(gateway, "/spec/selector/matchLabels"));
  EXPECT_EQ(StringAt(Find("Deployment", "chains-platform"), "/spec/strategy/type"), "Recreate");
}

class RenderedAll : public Rendered {};
INSTANTIATE_TEST_SUITE_P(Overlays, RenderedAll, ::testing::Values("all"));
TEST_P(RenderedAll, PrometheusFindsWhatItMayRead) {
  for (const char* const name : {"chains-platform", "chains-gateway"}) {
    const Json& pod = At(Find("Deployment", name), "/spec/template");
    EXPECT_EQ(At(pod, "/metadata/annotations")["prometheus.io/scrape"], "true") << name;
    const std::string told = At(pod, "/metadata/annotations")["prometheus.io/port"];
    bool is_a_port = false;
    for (const Json& port : At(pod, "/spec/containers/0/ports")) {
      is_a_port |= std::to_string(IntAt(port, "/containerPort")) == told;
    }
    EXPECT_TRUE(is_a_port) << name << " does not open " << told;
  }
  bool listens = false;
  for (const Json& variable :
       At(Find("Deployment", "chains-platform"), "/spec/template/spec/containers/0/env")) {
    listens |= StringAt(variable, "/name") == "CHAINS_METRICS" &&
               StringAt(variable, "/value") == "0.0.0.0:9465";
  }
  EXPECT_TRUE(listens);
  const std::string ingress =
      At(Find("NetworkPolicy", "chains-platform-monitoring"), "/spec/ingress").dump();
  EXPECT_THAT(ingress, AllOf(HasSubstr("9465"), HasSubstr("monitoring")));
}
TEST_P(RenderedAll, SeveralPlatformsShareNoVolume) {
  EXPECT_THAT(OfKind("PersistentVolumeClaim"), IsEmpty());
  const Json& platform = Find("Deployment", "chains-platform");
  EXPECT_EQ(IntAt(platform, "/spec/replicas"), 2);
  EXPECT_EQ(StringAt(platform, "/spec/strategy/type"), "RollingUpdate");
}

}  // namespace
}  // namespace chains::deploy
