#include "deploy/fleets/kubernetes/objects.h"

#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "chains/core/text.h"
#include "chains/testing/status_matchers.h"
#include "deploy/fleets/kubernetes/labels.h"
#include "tests/deploy/fleets/kubernetes/made_deployments.h"
#include "tests/support/kubernetes/rules.h"
#include "tests/support/kubernetes/schema_check.h"

namespace chains::deploy {
namespace {

using ::chains::testing::IsOk;
using ::chains::testing::StatusIs;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Scaling = ClusterSettings::Scaling;

// All objects, as `chains push --to kubernetes --dry-run` prints them.
std::vector<Json> ObjectsOf(const FleetDeployment& deployment, const ClusterSettings& settings) {
  absl::StatusOr<std::vector<Json>> all = OwnerObjects(deployment, settings);
  EXPECT_THAT(all, IsOk());
  if (!all.ok()) return {};
  for (const FleetUnit& unit : deployment.units) {
    const absl::StatusOr<std::vector<Json>> more = UnitObjects(deployment, unit, settings, 1, "");
    EXPECT_THAT(more, IsOk());
    if (more.ok()) all->insert(all->end(), more->begin(), more->end());
  }
  return *all;
}

std::string YamlOf(const std::vector<Json>& objects) {
  std::string text;
  for (const Json& object : objects) text += Text("---\n", ToYaml(object));
  return text;
}

const Json& Place(const std::vector<Json>& objects, size_t index = 0) {
  for (const Json& object : objects) {
    if (StringAt(object, "/kind") == "Deployment" && index-- == 0) return object;
  }
  return At(objects.front(), "/none");
}

std::string GoldenFile(const std::string& name) { return Text(GOLDEN_DIR, "/", name, ".yaml"); }

// CHAINS_UPDATE_GOLDEN=1 writes what is there now; read the difference.
void ExpectGolden(const std::string& name, const std::vector<Json>& objects) {
  const std::string is = YamlOf(objects);
  if (std::getenv("CHAINS_UPDATE_GOLDEN") != nullptr) std::ofstream(GoldenFile(name)) << is;
  std::ifstream file(GoldenFile(name));
  std::stringstream golden;
  golden << file.rdbuf();
  EXPECT_EQ(is, golden.str()) << "golden/" << name << ".yaml";
}

void ExpectValid(const std::vector<Json>& objects) {
  for (const Json& object : objects) {
    EXPECT_THAT(fake::SchemaProblems(object), IsEmpty()) << ToYaml(object);
    EXPECT_THAT(fake::RuleProblems(object), IsEmpty()) << ToYaml(object);
  }
}

ClusterSettings WithOwnImage() {
  ClusterSettings settings;
  settings.own_images[ImageKey("", {"pocketsphinx-en-us"})] = "r.example/transcribe:1";
  return settings;
}

ClusterSettings WithMig() {
  ClusterSettings settings;
  settings.gpus = {{"A10G", {"nvidia.com/mig-1g.10gb", {{"nvidia.com/gpu.product", "A100"}}}}};
  settings.runtime_class_for_gpus = "nvidia";
  settings.priority_class = "serving";
  settings.node_cache = "/var/cache/chains";
  settings.pull_secrets = {"registry"};
  settings.node_selector = {{"pool", "serving"}};
  settings.scaling = Scaling::kKeda;
  return settings;
}

TEST(KubernetesObjects, OfHello) {
  const std::vector<Json> objects = ObjectsOf(Hello(), {});
  ExpectValid(objects);
  ExpectGolden("hello", objects);
}

TEST(KubernetesObjects, OfTranscribeWithAnImageOfItsOwnAndAutoscalers) {
  ClusterSettings settings = WithOwnImage();
  settings.scaling = Scaling::kHpa;
  const std::vector<Json> objects = ObjectsOf(Transcribe(), settings);
  ExpectValid(objects);
  ExpectGolden("transcribe", objects);
}

TEST(KubernetesObjects, OfPoemsOnAPartOfAGpuWithKeda) {
  const std::vector<Json> objects = ObjectsOf(Poems(), WithMig());
  ExpectValid(objects);
  ExpectGolden("poems", objects);
}

TEST(KubernetesObjects, AGpuIsAskedForByTheResourceOfItsType) {
  const std::vector<Json> objects = ObjectsOf(Poems(), {});
  const Json& limits = At(Place(objects), "/spec/template/spec/containers/0/resources/limits");
  EXPECT_EQ(StringAt(limits, "/nvidia.com~1gpu"), "1");
  EXPECT_EQ(StringAt(Place(objects), "/spec/template/spec/containers/0/image"),
            "chains/replica-gpu:latest");
  EXPECT_EQ(StringAt(Place(objects), "/spec/template/spec/tolerations/0/key"), "nvidia.com/gpu");
  EXPECT_EQ(StringAt(Place(objects, 1), "/spec/template/spec/containers/0/image"),
            "chains/replica-cpu:latest");
  EXPECT_TRUE(At(Place(objects, 1), "/spec/template/spec/tolerations").is_null());
}

TEST(KubernetesObjects, WhereTheClusterHasNoGpuWhatIsOptionalRunsOnCpus) {
  ClusterSettings settings;
  settings.gpus.clear();
  const std::vector<Json> objects = ObjectsOf(Poems(), settings);
  const Json& limits = At(Place(objects), "/spec/template/spec/containers/0/resources/limits");
  EXPECT_FALSE(limits.contains("nvidia.com/gpu"));
  EXPECT_EQ(StringAt(Place(objects), "/spec/template/spec/containers/0/image"),
            "chains/replica-cpu:latest");
  FleetDeployment strict = Poems();
  strict.units[0].resources.set_gpu_optional(false);
  EXPECT_THAT(UnitObjects(strict, strict.units[0], settings, 1, "").status(),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       AllOf(HasSubstr("poems.PhiLlm asks for a GPU of type A10G"),
                             HasSubstr("add gpus.A10G"))));
  EXPECT_THAT(OwnerObjects(strict, settings).status(),
              StatusIs(absl::StatusCode::kFailedPrecondition));
}

TEST(KubernetesObjects, DeclaredPackagesNeedAnImageThatHasThem) {
  const FleetDeployment deployment = Transcribe();
  EXPECT_THAT(UnitObjects(deployment, deployment.units[0], {}, 1, "").status(),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       AllOf(HasSubstr("transcribe.Recognizer declares the system packages "
                                       "pocketsphinx-en-us"),
                             HasSubstr("chains image"), HasSubstr("images.own."))));
}

TEST(KubernetesObjects, MemoryIsRequestedAsItIsLimitedAndCpusHaveNoLimit) {
  const std::vector<Json> objects = ObjectsOf(Hello(), {});
  const Json& resources = At(Place(objects), "/spec/template/spec/containers/0/resources");
  // 128 MiB, 256 MiB of /dev/shm, and 16 MiB for what it is told.
  EXPECT_EQ(StringAt(resources, "/requests/memory"), "400Mi");
  EXPECT_EQ(StringAt(resources, "/limits/memory"), "400Mi");
  EXPECT_EQ(StringAt(resources, "/requests/cpu"), "1");
  EXPECT_FALSE(At(resources, "/limits").contains("cpu"));
}

TEST(KubernetesObjects, OnlyWhatMayHaveSeveralReplicasHasABudget) {
  std::vector<std::string> budgets;
  for (const Json& object : ObjectsOf(Hello(), {})) {
    if (StringAt(object, "/kind") == "PodDisruptionBudget") budgets.push_back(NameOf(object));
  }
  EXPECT_THAT(budgets, ::testing::ElementsAre("hello-k3j2d9xa-sayhello"));
}

TEST(KubernetesObjects, APlaceIsAnotherWithOtherResourcesAndTheSameWithAnotherBundle) {
  FleetDeployment deployment = Hello();
  const std::string before = PlaceName(deployment, deployment.units[0], {});
  EXPECT_THAT(before, HasSubstr("hello-k3j2d9xa-sayhello-"));
  deployment.bundle = std::string(64, 'c');
  EXPECT_EQ(PlaceName(deployment, deployment.units[0], {}), before);
  deployment.units[0].resources.set_cpus(2);
  EXPECT_NE(PlaceName(deployment, deployment.units[0], {}), before);
  EXPECT_EQ(UnitName(deployment, deployment.units[0]), "hello-k3j2d9xa-sayhello");
}

TEST(KubernetesObjects, NamesAreValidAndUniqueWhateverChainletsAreCalled) {
  const std::string longest(60, 'x');
  const FleetDeployment deployment = DeploymentOf(
      "9_Strange-" + longest, "2abcdefg",
      {UnitOf({"a.Twin"}, 1, 1 << 20, 1, 2), UnitOf({"b.Twin"}, 1, 1 << 20, 1, 2),
       UnitOf({"a.TWIN"}, 1, 1 << 20, 1, 2), UnitOf({"a.A", "a.B"}, 1, 1 << 20, 1, 2),
       UnitOf({"a.A_B"}, 1, 1 << 20, 1, 2), UnitOf({"a." + longest + "1"}, 1, 1 << 20, 1, 2),
       UnitOf({"a." + longest + "2"}, 1, 1 << 20, 1, 2)});
  std::set<std::string> names, labelled;
  const std::vector<Json> objects = ObjectsOf(deployment, {});
  ExpectValid(objects);
  for (const FleetUnit& unit : deployment.units) {
    names.insert(UnitName(deployment, unit));
    labelled.insert(UnitLabel(deployment, unit));
    // A pod has 17 characters more, and a host's name 63 at most.
    EXPECT_LE(PlaceName(deployment, unit, {}).size(), 46u);
  }
  EXPECT_EQ(names.size(), deployment.units.size());
  EXPECT_EQ(labelled.size(), deployment.units.size());
}

TEST(KubernetesObjects, AllButTheOwnerAreOwned) {
  const FleetDeployment deployment = Hello();
  const absl::StatusOr<std::vector<Json>> objects =
      UnitObjects(deployment, deployment.units[0], {}, std::nullopt, "uid-1");
  ASSERT_THAT(objects, IsOk());
  for (const Json& object : *objects) {
    EXPECT_EQ(StringAt(object, "/metadata/ownerReferences/0/uid"), "uid-1");
    EXPECT_EQ(StringAt(object, "/metadata/ownerReferences/0/name"), OwnerName(deployment));
    EXPECT_FALSE(At(object, "/spec").contains("replicas"));
  }
}

TEST(KubernetesObjects, NothingSecretIsButInTheSecret) {
  for (const Json& object : ObjectsOf(Hello(), {})) {
    if (StringAt(object, "/kind") == "Secret") continue;
    EXPECT_FALSE(absl::StrContains(object.dump(), Hello().token)) << ToYaml(object);
  }
}

TEST(KubernetesObjects, WithMtlsPodsAreToldWhomToTrust) {
  ClusterSettings settings;
  settings.mtls = true;
  settings.roots = "ROOTS";
  const std::string yaml = YamlOf(ObjectsOf(Hello(), settings));
  EXPECT_THAT(yaml, AllOf(HasSubstr("roots.pem: Uk9PVFM="), HasSubstr("- --platform-roots"),
                          HasSubstr("- /run/chains/token/roots.pem")));
  EXPECT_THAT(YamlOf(ObjectsOf(Hello(), ClusterSettings())), ::testing::Not(HasSubstr("roots")));
}

}  // namespace
}  // namespace chains::deploy
