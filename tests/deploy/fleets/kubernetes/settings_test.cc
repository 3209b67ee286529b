#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "chains/testing/status_matchers.h"
#include "deploy/fleets/kubernetes/cluster_settings.h"

namespace chains::deploy {
namespace {

using ::chains::testing::IsOk;
using ::chains::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;
using ::testing::SizeIs;

TEST(ClusterSettings, AllMayBeLeftOut) {
  const absl::StatusOr<ClusterSettings> settings = ParseClusterSettings("{}");
  ASSERT_THAT(settings, IsOk());
  EXPECT_EQ(settings->in_namespace, "chains");
  EXPECT_EQ(settings->platform, "chains-platform.chains.svc:7070");
  EXPECT_EQ(settings->scaling, ClusterSettings::Scaling::kPlatform);
  // Of which nothing is said: any type of GPU is what the device plugin has.
  ASSERT_THAT(settings->gpus, SizeIs(1));
  EXPECT_EQ(settings->gpus.at("").resource, "nvidia.com/gpu");
}

TEST(ClusterSettings, AreReadFieldByField) {
  const absl::StatusOr<ClusterSettings> settings = ParseClusterSettings(R"({
    "namespace": "ml",
    "images": {"cpu": "r.example/cpu:1", "gpu": "r.example/gpu:1", "pullPolicy": "Always",
               "pullSecrets": ["registry"], "own": {"0123": "r.example/own:1"}},
    "serviceAccount": "replicas", "priorityClass": "serving",
    "tolerations": [{"key": "serving", "operator": "Exists"}],
    "nodeSelector": {"pool": "serving"},
    "gpus": {"H100": {"nodeSelector": {"nvidia.com/gpu.product": "NVIDIA-H100-80GB-HBM3"}},
             "H100-10g": {"resource": "nvidia.com/mig-1g.10gb"}},
    "gpuTolerations": [], "gpuRuntimeClass": "nvidia",
    "bundleSpace": "2Gi", "sharedMemory": "64Mi", "nodeCache": "/var/cache/chains",
    "drain": "20s", "idlePod": "2m", "scaling": "keda", "hpaMetric": "wanted"})");
  ASSERT_THAT(settings, IsOk());
  EXPECT_EQ(settings->in_namespace, "ml");
  EXPECT_EQ(settings->platform, "chains-platform.ml.svc:7070");
  EXPECT_EQ(settings->image, "r.example/cpu:1");
  EXPECT_EQ(settings->gpu_image, "r.example/gpu:1");
  EXPECT_EQ(settings->pull_policy, "Always");
  EXPECT_THAT(settings->pull_secrets, ElementsAre("registry"));
  EXPECT_THAT(settings->own_images, ElementsAre(Pair("0123", "r.example/own:1")));
  EXPECT_EQ(settings->service_account, "replicas");
  EXPECT_EQ(settings->priority_class, "serving");
  EXPECT_EQ(settings->tolerations.size(), 1u);
  EXPECT_THAT(settings->node_selector, ElementsAre(Pair("pool", "serving")));
  EXPECT_EQ(settings->gpus.at("H100").resource, "nvidia.com/gpu");
  EXPECT_EQ(settings->gpus.at("H100-10g").resource, "nvidia.com/mig-1g.10gb");
  EXPECT_EQ(settings->gpus.count(""), 0u);
  EXPECT_TRUE(settings->gpu_tolerations.empty());
  EXPECT_EQ(settings->runtime_class_for_gpus, "nvidia");
  EXPECT_EQ(settings->bundle_space_bytes, int64_t{2} << 30);
  EXPECT_EQ(settings->shared_memory_bytes, 64 << 20);
  EXPECT_EQ(settings->node_cache, "/var/cache/chains");
  EXPECT_EQ(settings->drain, absl::Seconds(20));
  EXPECT_EQ(settings->idle_pod, absl::Minutes(2));
  EXPECT_EQ(settings->scaling, ClusterSettings::Scaling::kKeda);
  EXPECT_EQ(settings->hpa_metric, "wanted");
}

TEST(ClusterSettings, WhatIsWrongIsNamed) {
  const std::pair<const char*, const char*> wrong[] = {
      {R"([])", "object"},
      {R"({"namespce": "x"})", "namespce: unknown; there are namespace, platform"},
      {R"({"namespace": "Ups!"})", "namespace: 'Ups!' is no name of a namespace"},
      {R"({"namespace": 1})", "namespace: has to be a string"},
      {R"({"platform": "host"})", "platform: 'host' is no HOST:PORT"},
      {R"({"images": []})", "images: has to be an object"},
      {R"({"images": {"cpu": ""}})", "images.cpu: is empty"},
      {R"({"images": {"cpus": "x"}})", "images.cpus: unknown"},
      {R"({"images": {"pullPolicy": "Sometimes"}})",
       "images.pullPolicy: 'Sometimes' is none of IfNotPresent, Always, Never"},
      {R"({"images": {"pullSecrets": [1]}})", "images.pullSecrets: has to be a list of strings"},
      {R"({"gpus": {"H100": {"resource": "gpu"}}})",
       "gpus.H100.resource: 'gpu' is no resource of a device plugin"},
      {R"({"gpus": {"H100": {"resorce": "nvidia.com/gpu"}}})", "gpus.H100.resorce: unknown"},
      {R"({"gpus": {"H100": []}})", "gpus.H100: has to be an object"},
      {R"({"nodeSelector": {"a": 1}})", "nodeSelector: has to be an object whose values"},
      {R"({"tolerations": ["x"]})", "tolerations: has to be a list of objects"},
      {R"({"bundleSpace": "8 GB"})", "bundleSpace: '8 GB' is no size, as in 512Mi or 8Gi"},
      {R"({"bundleSpace": 8})", "bundleSpace: has to be a string"},
      {R"({"drain": "soon"})", "drain: 'soon' is not from 0s to 1h"},
      {R"({"drain": "-1s"})", "drain: "},
      {R"({"drain": "1500ms"})", "in whole seconds"},
      {R"({"idlePod": "48h"})", "idlePod: "},
      {R"({"nodeCache": "cache"})", "nodeCache: 'cache' is no absolute path"},
      {R"({"scaling": "vpa"})", "scaling: 'vpa' is none of platform, hpa, keda"},
      {R"({"mtls": "yes"})", "mtls: has to be true or false"},
      {R"({"mtls": true, "scaling": "keda"})", "mtls: KEDA asks the platform in plaintext"},
  };
  for (const auto& [text, problem] : wrong) {
    EXPECT_THAT(ParseClusterSettings(text).status(),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(problem)))
        << text;
  }
}

TEST(ClusterSettings, AnImageIsKnownByWhatIsDeclaredInAnyOrder) {
  EXPECT_EQ(ImageKey("", {"a", "b"}), ImageKey("", {"b", "a", "b"}));
  EXPECT_NE(ImageKey("", {"a", "b"}), ImageKey("", {"a"}));
  EXPECT_NE(ImageKey("debian", {"a"}), ImageKey("", {"a"}));
  EXPECT_NE(ImageKey("", {"debian", "a"}), ImageKey("debian", {"a"}));
}

}  // namespace
}  // namespace chains::deploy
