#include "deploy/fleets/kubernetes/cluster_settings.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_join.h"
#include "chains/core/text.h"
#include "deploy/bundle/digest.h"
#include "deploy/fleets/kubernetes/settings_fields.h"

namespace chains::deploy {
namespace {

constexpr size_t kImageKeyDigits = 16;
constexpr size_t kLongestNamespace = 63;

bool IsNamespace(const std::string& name) {
  const auto is_part = [](char c) {
    return absl::ascii_islower(c) || absl::ascii_isdigit(c) || c == '-';
  };
  return !name.empty() && name.size() <= kLongestNamespace && name.front() != '-' &&
         name.back() != '-' && std::all_of(name.begin(), name.end(), is_part);
}

void ReadImages(const Json& json, ClusterSettings& settings, absl::Status& problem) {
  SettingsFields fields(json, "images", problem);
  fields.Take("cpu", settings.image);
  fields.Take("gpu", settings.gpu_image);
  fields.Take("own", settings.own_images);
  fields.TakeWord("pullPolicy", {"IfNotPresent", "Always", "Never"}, settings.pull_policy);
  fields.Take("pullSecrets", settings.pull_secrets);
  fields.NoOthers();
  if (settings.image.empty()) fields.Fail("cpu", "is empty");
  if (settings.gpu_image.empty()) fields.Fail("gpu", "is empty");
}

// An extended resource has a domain, which the kubelet's plugins give it.
GpuNodes ReadGpu(const std::string& type, const Json& json, absl::Status& problem) {
  GpuNodes nodes;
  SettingsFields fields(json, Text("gpus.", type), problem);
  fields.Take("resource", nodes.resource);
  fields.Take("nodeSelector", nodes.node_selector);
  fields.NoOthers();
  if (nodes.resource.find('/') == std::string::npos) {
    fields.Fail("resource", Text("'", nodes.resource,
                                 "' is no resource of a device plugin, as in nvidia.com/gpu or "
                                 "nvidia.com/mig-1g.10gb"));
  }
  return nodes;
}

ClusterSettings::Scaling ScalingOf(const std::string& word) {
  if (word == "hpa") return ClusterSettings::Scaling::kHpa;
  if (word == "keda") return ClusterSettings::Scaling::kKeda;
  return ClusterSettings::Scaling::kPlatform;
}

void ReadPods(SettingsFields& fields, ClusterSettings& settings) {
  fields.Take("serviceAccount", settings.service_account);
  fields.Take("priorityClass", settings.priority_class);
  fields.TakeObjects("tolerations", settings.tolerations);
  fields.Take("nodeSelector", settings.node_selector);
  fields.TakeObjects("gpuTolerations", settings.gpu_tolerations);
  fields.Take("gpuRuntimeClass", settings.runtime_class_for_gpus);
  fields.TakePercent("cpuRequestPercent", settings.cpu_request_percent);
  fields.TakeSize("bundleSpace", settings.bundle_space_bytes);
  fields.TakeSize("sharedMemory", settings.shared_memory_bytes);
  fields.Take("nodeCache", settings.node_cache);
  fields.TakeTime("drain", settings.drain);
  fields.TakeTime("idlePod", settings.idle_pod);
  if (!settings.node_cache.empty() && settings.node_cache.front() != '/') {
    fields.Fail("nodeCache", Text("'", settings.node_cache, "' is no absolute path"));
  }
}

}  // namespace

absl::StatusOr<ClusterSettings> ParseClusterSettings(std::string_view text) {
  absl::StatusOr<Json> json = ParseObject(text);
  if (!json.ok()) return json.status();
  ClusterSettings settings;
  absl::Status problem;
  SettingsFields fields(*json, "", problem);
  fields.Take("namespace", settings.in_namespace);
  if (!IsNamespace(settings.in_namespace)) {
    fields.Fail("namespace", Text("'", settings.in_namespace, "' is no name of a namespace"));
  }
  settings.platform = Text("chains-platform.", settings.in_namespace, ".svc:", kPlatformPort);
  fields.Take("platform", settings.platform);
  if (settings.platform.rfind(':') == std::string::npos) {
    fields.Fail("platform", Text("'", settings.platform, "' is no HOST:PORT"));
  }
  if (const Json* const images = fields.TakeObject("images")) {
    ReadImages(*images, settings, problem);
  }
  if (const Json* const gpus = fields.TakeObject("gpus")) {
    settings.gpus.clear();
    for (const auto& [type, gpu] : gpus->items()) settings.gpus[type] = ReadGpu(type, gpu, problem);
  }
  std::string scaling = "platform";
  fields.TakeWord("scaling", {"platform", "hpa", "keda"}, scaling);
  settings.scaling = ScalingOf(scaling);
  fields.Take("hpaMetric", settings.hpa_metric);
  fields.TakeBool("mtls", settings.mtls);
  if (settings.mtls && settings.scaling == ClusterSettings::Scaling::kKeda) {
    fields.Fail("mtls", "KEDA asks the platform in plaintext: choose another \"scaling\"");
  }
  ReadPods(fields, settings);
  fields.NoOthers();
  if (!problem.ok()) return problem;
  return settings;
}

std::string ImageKey(const std::string& base_image, const std::vector<std::string>& packages) {
  std::vector<std::string> sorted = packages;
  std::sort(sorted.begin(), sorted.end());
  sorted.erase(std::unique(sorted.begin(), sorted.end()), sorted.end());
  return Hex(Sha256Of(Text(base_image, "\n", absl::StrJoin(sorted, "\n"))))
      .substr(0, kImageKeyDigits);
}

}  // namespace chains::deploy
