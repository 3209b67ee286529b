// ClusterSettings: what an administrator decides about how chains run on a cluster. A JSON file,
// which deploy/kubernetes has as a ConfigMap; every field may be left out.
//
//   {"namespace": "chains",
//    "images": {"cpu": "registry.example/chains/replica-cpu:1.0",
//               "gpu": "registry.example/chains/replica-gpu:1.0", "pullPolicy": "IfNotPresent",
//               "pullSecrets": ["registry"], "own": {"3f0c…": "registry.example/transcribe:1"}},
//    "scaling": "platform",
//    "gpus": {"H100": {"resource": "nvidia.com/gpu",
//                      "nodeSelector": {"nvidia.com/gpu.product": "NVIDIA-H100-80GB-HBM3"}}},
//    "bundleSpace": "8Gi", "sharedMemory": "256Mi", "drain": "35s", "idlePod": "60s",
//    "mtls": true}
//
// The others, as below: platform, serviceAccount, priorityClass, tolerations, nodeSelector,
// gpuTolerations, gpuRuntimeClass, cpuRequestPercent, nodeCache, hpaMetric.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "deploy/apiserver/object.h"

namespace chains::deploy {

// Ports in every pod of a replica.
inline constexpr int kReplicaPort = 7001;  // calls
inline constexpr int kHealthPort = 7002;   // gRPC health, in plaintext, for the kubelet's probes
// Of the platform.
inline constexpr int kPlatformPort = 7070;  // Platform, Control, Pods, Bundles
// The same in plaintext, on the pod's own 127.0.0.1: where tunnels of command lines end.
inline constexpr int kPlatformTunnelPort = 7071;
inline constexpr int kPlatformHealthPort = 7072;

struct GpuNodes {
  std::string resource = "nvidia.com/gpu";  // or a MIG profile's: "nvidia.com/mig-1g.10gb"
  std::map<std::string, std::string> node_selector;
};

struct ClusterSettings {
  // Who scales: the platform, through the scale subresource; an HPA on a pods metric, which needs a
  // metrics adapter; KEDA, which asks the platform (its external-push scaler).
  enum class Scaling { kPlatform, kHpa, kKeda };

  std::string in_namespace = "chains";
  std::string platform = "chains-platform.chains.svc:7070";  // where agents attach
  std::string image = "chains/replica-cpu:latest";
  std::string gpu_image = "chains/replica-gpu:latest";
  // Images of chainlets that declare packages or a base image, by ImageKey() (chains image).
  std::map<std::string, std::string> own_images;
  std::string pull_policy = "IfNotPresent";
  std::vector<std::string> pull_secrets;
  std::string service_account = "chains-replica";
  std::string priority_class;
  Json tolerations = Json::array();  // of Kubernetes' form, for all replicas
  std::map<std::string, std::string> node_selector;
  // By the type that chainlets declare; "" for any other. Empty: the cluster has none, and what
  // declares gpu_optional runs on CPUs.
  std::map<std::string, GpuNodes> gpus = {{"", {}}};
  Json gpu_tolerations = Json::array({{{"key", "nvidia.com/gpu"}, {"operator", "Exists"}}});
  std::string runtime_class_for_gpus;
  // How much of the CPUs that a chainlet declares its pods request; less than 100: pods share what
  // a small cluster has. Its replicas use what they declare, where it is idle.
  int cpu_request_percent = 100;
  int64_t bundle_space_bytes = int64_t{8} << 30;  // the emptyDir that a bundle is fetched into
  int64_t shared_memory_bytes = int64_t{256} << 20;
  std::string node_cache;  // a folder of each node that pods share for files; empty: none
  absl::Duration drain = absl::Seconds(35);  // what a replica has to finish; the pod has 10 s more
  absl::Duration idle_pod = absl::Seconds(60);  // a development deployment's pod waits so long
  Scaling scaling = Scaling::kPlatform;
  std::string hpa_metric = "chains_wanted_replicas";
  // Platform, gateways and replicas reach each other over TLS, and the latter two show who they are
  // (components/mtls). Not with KEDA, which asks the platform in plaintext.
  bool mtls = false;
  std::string roots;  // PEM; not from the file: the platform's own root certificate, where mtls
};

// INVALID_ARGUMENT names the field, as in "gpus.H100.resource"; unknown fields are errors.
absl::StatusOr<ClusterSettings> ParseClusterSettings(std::string_view text);

// By what own_images are found: of what is declared, whatever the order of packages.
std::string ImageKey(const std::string& base_image, const std::vector<std::string>& packages);

}  // namespace chains::deploy
