#include "deploy/fleets/kubernetes/pod_template.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_join.h"
#include "chains/core/text.h"
#include "deploy/fleets/kubernetes/labels.h"
#include "deploy/fleets/kubernetes/objects.h"

namespace chains::deploy {
namespace {

constexpr int kUser = 65532;  // "nonroot", as many images have it
constexpr char kWork[] = "/var/lib/chains";
constexpr char kTokenFolder[] = "/run/chains/token";
constexpr char kRunFolder[] = "/run/chains/replica";
constexpr char kCacheFolder[] = "/var/cache/chains";
constexpr char kTmpSize[] = "1Gi";
constexpr int64_t kMiB = int64_t{1} << 20;
constexpr int64_t kRunBytes = 16 * kMiB;  // what a program is told, secrets too: in memory
// After the program has drained the agent says how it ended, and leaves.
constexpr absl::Duration kAgentLeaves = absl::Seconds(10);
constexpr double kMostCpus = 100'000;
constexpr int64_t kMostBytes = int64_t{1} << 60;

std::string SizeText(int64_t bytes) {
  return bytes % kMiB == 0 ? Text(bytes / kMiB, "Mi") : Text(bytes);
}

std::string CpusText(double cpus) {
  const int64_t thousandths =
      static_cast<int64_t>(std::ceil(std::clamp(cpus, 0.001, kMostCpus) * 1000));
  return thousandths % 1000 == 0 ? Text(thousandths / 1000) : Text(thousandths, "m");
}

bool HasOwnImage(const FleetUnit& unit) {
  return !unit.base_image.empty() || !unit.system_packages.empty();
}

std::string ImageOf(const FleetUnit& unit, const ClusterSettings& settings) {
  if (HasOwnImage(unit)) {
    const auto own = settings.own_images.find(ImageKey(unit.base_image, unit.system_packages));
    if (own != settings.own_images.end()) return own->second;
  }
  return GpuOf(unit, settings) == nullptr ? settings.image : settings.gpu_image;
}

// Memory is requested as it is limited: who uses more is ended, and nobody is evicted for having
// used what he asked for. /dev/shm and other folders in memory count. CPUs have no limit: a limit
// would stop all threads of a replica for the rest of each 100 ms in which it had its share, while
// CPUs idle beside it; requests divide what is short.
Json ResourcesOf(const FleetUnit& unit, const ClusterSettings& settings) {
  const double cpus = unit.resources.cpus() * settings.cpu_request_percent / 100;
  const std::string memory =
      SizeText(std::clamp<int64_t>(unit.resources.memory_bytes(), 0, kMostBytes) +
               std::min(settings.shared_memory_bytes, kMostBytes) + kRunBytes);
  Json requests = {{"cpu", CpusText(cpus)}, {"memory", memory}};
  Json limits = {{"memory", memory}};
  if (const GpuNodes* const gpu = GpuOf(unit, settings)) {
    const std::string count = Text(std::max(1, unit.resources.gpu_count()));
    requests[gpu->resource] = count;
    limits[gpu->resource] = count;
  }
  return {{"requests", std::move(requests)}, {"limits", std::move(limits)}};
}

Json FromField(const char* name, const char* path) {
  return {{"name", name}, {"valueFrom", {{"fieldRef", {{"fieldPath", path}}}}}};
}

Json Environment() {
  return Json::array(
      {FromField("CHAINS_POD", "metadata.name"), FromField("CHAINS_POD_UID", "metadata.uid"),
       FromField("CHAINS_NODE", "spec.nodeName"), FromField("CHAINS_POD_IP", "status.podIP")});
}

Json Arguments(const FleetDeployment& deployment, const ClusterSettings& settings,
               const std::string& place) {
  Json arguments = {"--platform",   settings.platform,
                    "--deployment", deployment.id,
                    "--token-file", Text(kTokenFolder, "/token"),
                    "--work",       kWork,
                    "--run",        kRunFolder,
                    "--space",      Text(settings.bundle_space_bytes),
                    "--ip",         "$(CHAINS_POD_IP)",
                    "--drain",      absl::FormatDuration(settings.drain)};
  if (!settings.node_cache.empty()) {
    arguments.push_back("--cache");
    arguments.push_back(kCacheFolder);
  }
  if (settings.mtls) {
    arguments.push_back("--platform-roots");
    arguments.push_back(Text(kTokenFolder, "/roots.pem"));
  }
  if (!place.empty()) {
    arguments.push_back("--place");
    arguments.push_back(place);
  }
  return arguments;
}

Json Volumes(const FleetDeployment& deployment, const ClusterSettings& settings) {
  Json volumes = Json::array();
  volumes.push_back(
      {{"name", "work"}, {"emptyDir", {{"sizeLimit", SizeText(settings.bundle_space_bytes)}}}});
  volumes.push_back({{"name", "tmp"}, {"emptyDir", {{"sizeLimit", kTmpSize}}}});
  volumes.push_back(
      {{"name", "shared-memory"},
       {"emptyDir",
        {{"medium", "Memory"}, {"sizeLimit", SizeText(settings.shared_memory_bytes)}}}});
  volumes.push_back(
      {{"name", "run"}, {"emptyDir", {{"medium", "Memory"}, {"sizeLimit", SizeText(kRunBytes)}}}});
  // 0440: fsGroup may read it, and nobody else.
  volumes.push_back({{"name", "token"},
                     {"secret", {{"secretName", OwnerName(deployment)}, {"defaultMode", 0440}}}});
  if (!settings.node_cache.empty()) {
    volumes.push_back(
        {{"name", "cache"},
         {"hostPath", {{"path", settings.node_cache}, {"type", "DirectoryOrCreate"}}}});
  }
  return volumes;
}

Json Mounts(const ClusterSettings& settings) {
  Json mounts = Json::array();
  mounts.push_back({{"name", "work"}, {"mountPath", kWork}});
  mounts.push_back({{"name", "tmp"}, {"mountPath", "/tmp"}});
  mounts.push_back({{"name", "shared-memory"}, {"mountPath", "/dev/shm"}});
  mounts.push_back({{"name", "run"}, {"mountPath", kRunFolder}});
  mounts.push_back({{"name", "token"}, {"mountPath", kTokenFolder}, {"readOnly", true}});
  if (!settings.node_cache.empty()) {
    mounts.push_back({{"name", "cache"}, {"mountPath", kCacheFolder}});
  }
  return mounts;
}

Json Port(const char* name, int number) {
  return {{"name", name}, {"containerPort", number}, {"protocol", "TCP"}};
}

// No liveness probe: the platform replaces who hangs, and knows better. The agent is the first
// process, so its end is that of the container.
Json Container(const FleetDeployment& deployment, const FleetUnit& unit,
               const ClusterSettings& settings, const std::string& place) {
  Json container = {{"name", "replica"},
                    {"image", ImageOf(unit, settings)},
                    {"imagePullPolicy", settings.pull_policy},
                    {"command", Json::array({"chains-agent"})},
                    {"args", Arguments(deployment, settings, place)},
                    {"env", Environment()},
                    {"resources", ResourcesOf(unit, settings)},
                    {"volumeMounts", Mounts(settings)},
                    {"terminationMessagePolicy", "FallbackToLogsOnError"}};
  container["ports"] = Json::array({Port("grpc", kReplicaPort), Port("health", kHealthPort)});
  container["readinessProbe"] = {{"grpc", {{"port", kHealthPort}}},
                                 {"periodSeconds", 1},
                                 {"timeoutSeconds", 1},
                                 {"failureThreshold", 3}};
  container["securityContext"] = {{"allowPrivilegeEscalation", false},
                                  {"readOnlyRootFilesystem", true},
                                  {"capabilities", {{"drop", Json::array({"ALL"})}}}};
  return container;
}

// Over nodes, and over zones where there are any; rather there than not at all.
Json Spread(const FleetDeployment& deployment, const FleetUnit& unit) {
  Json spread = Json::array();
  for (const char* const over : {"kubernetes.io/hostname", "topology.kubernetes.io/zone"}) {
    spread.push_back({{"maxSkew", 1},
                      {"topologyKey", over},
                      {"whenUnsatisfiable", "ScheduleAnyway"},
                      {"labelSelector", {{"matchLabels", UnitSelector(deployment, unit)}}}});
  }
  return spread;
}

// Which nodes it may be placed on.
void AddNodes(const FleetUnit& unit, const ClusterSettings& settings, Json& spec) {
  std::map<std::string, std::string> selector = settings.node_selector;
  Json tolerations = settings.tolerations;
  if (const GpuNodes* const gpu = GpuOf(unit, settings)) {
    for (const auto& [label, value] : gpu->node_selector) selector[label] = value;
    for (const Json& toleration : settings.gpu_tolerations) tolerations.push_back(toleration);
    if (!settings.runtime_class_for_gpus.empty()) {
      spec["runtimeClassName"] = settings.runtime_class_for_gpus;
    }
  }
  if (!selector.empty()) spec["nodeSelector"] = selector;
  if (!tolerations.empty()) spec["tolerations"] = std::move(tolerations);
}

}  // namespace

const GpuNodes* GpuOf(const FleetUnit& unit, const ClusterSettings& settings) {
  if (unit.resources.gpu().empty()) return nullptr;
  auto found = settings.gpus.find(unit.resources.gpu());
  if (found == settings.gpus.end()) found = settings.gpus.find("");
  return found == settings.gpus.end() ? nullptr : &found->second;
}

absl::Status CheckPlace(const FleetUnit& unit, const ClusterSettings& settings) {
  const std::string who = absl::StrJoin(unit.chainlets, ", ");
  const std::string key = ImageKey(unit.base_image, unit.system_packages);
  if (HasOwnImage(unit) && !settings.own_images.contains(key)) {
    const std::string declared =
        unit.system_packages.empty()
            ? Text("the base image ", unit.base_image)
            : Text("the system packages ", absl::StrJoin(unit.system_packages, ", "));
    return absl::FailedPreconditionError(
        Text(who, " declares ", declared,
             ", and the cluster has no image with them: make one with "
             "chains image, and name it in the settings, images.own.",
             key));
  }
  if (!unit.resources.gpu().empty() && !unit.resources.gpu_optional() &&
      GpuOf(unit, settings) == nullptr) {
    return absl::FailedPreconditionError(
        Text(who, " asks for a GPU of type ", unit.resources.gpu(),
             ", and the cluster's settings have none of that type: add gpus.", unit.resources.gpu(),
             ", or declare Resources{.gpu_optional = true}"));
  }
  return absl::OkStatus();
}

Json PodTemplate(const FleetDeployment& deployment, const FleetUnit& unit,
                 const ClusterSettings& settings, const std::string& place) {
  Json labelled = UnitLabels(deployment, unit);
  labelled[std::string(labels::kComponent)] = "replica";
  if (!place.empty()) labelled[std::string(labels::kPlace)] = place;
  Json annotated = Json::object();
  annotated[std::string(labels::kChainlets)] = ChainletsText(unit);
  Json spec = {
      {"containers", Json::array({Container(deployment, unit, settings, place)})},
      {"volumes", Volumes(deployment, settings)},
      {"topologySpreadConstraints", Spread(deployment, unit)},
      {"serviceAccountName", settings.service_account},
      {"automountServiceAccountToken", false},
      {"enableServiceLinks", false},
      {"terminationGracePeriodSeconds", absl::ToInt64Seconds(settings.drain + kAgentLeaves)}};
  spec["securityContext"] = {{"runAsNonRoot", true},
                             {"runAsUser", kUser},
                             {"runAsGroup", kUser},
                             {"fsGroup", kUser},
                             {"seccompProfile", {{"type", "RuntimeDefault"}}}};
  if (!settings.priority_class.empty()) spec["priorityClassName"] = settings.priority_class;
  for (const std::string& secret : settings.pull_secrets) {
    spec["imagePullSecrets"].push_back({{"name", secret}});
  }
  AddNodes(unit, settings, spec);
  return {{"metadata", {{"labels", std::move(labelled)}, {"annotations", std::move(annotated)}}},
          {"spec", std::move(spec)}};
}

}  // namespace chains::deploy
