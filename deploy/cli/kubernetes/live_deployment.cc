#include "deploy/cli/kubernetes/live_deployment.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "absl/strings/escaping.h"
#include "chains/core/text.h"
#include "deploy/fleets/kubernetes/labels.h"
#include "deploy/fleets/kubernetes/objects.h"

namespace chains::deploy::cli {
namespace {

constexpr char kSettings[] = "chains-settings";
constexpr char kInstallation[] = "app.kubernetes.io/part-of=chains";

absl::StatusOr<std::vector<Json>> ListAll(Cluster& cluster, ObjectKind kind,
                                          const std::string& selector) {
  absl::StatusOr<ObjectList> list =
      cluster.Run([&](ApiClient& api) { return api.List(kind, cluster.in_namespace(), selector); });
  if (!list.ok()) return list.status();
  return std::move(list->items);
}

std::string CreatedAt(const Json& object) {
  return StringAt(object, "/metadata/creationTimestamp");  // they sort as they are
}

const Json* Newest(const std::vector<Json>& objects) {
  const auto newest =
      std::max_element(objects.begin(), objects.end(), [](const Json& a, const Json& b) {
        return std::pair(CreatedAt(a), NameOf(a)) < std::pair(CreatedAt(b), NameOf(b));
      });
  return newest == objects.end() ? nullptr : &*newest;
}

ObjectKind KindOf(const Json& object) {
  const std::string kind = StringAt(object, "/kind");
  for (const ObjectKind& known :
       {kinds::kConfigMap, kinds::kSecret, kinds::kService, kinds::kDeployment,
        kinds::kDisruptionBudget, kinds::kAutoscaler, kinds::kScaledObject}) {
    if (known.kind == kind) return known;
  }
  return {};
}

absl::StatusOr<std::string> TokenOf(Cluster& cluster, const std::string& name) {
  const absl::StatusOr<Json> secret = cluster.Run(
      [&](ApiClient& api) { return api.Get(kinds::kSecret, cluster.in_namespace(), name); });
  if (absl::IsNotFound(secret.status())) return "";
  if (!secret.ok()) return secret.status();
  std::string token;
  absl::Base64Unescape(StringAt(*secret, "/data/token"), &token);
  return token;
}

}  // namespace

absl::StatusOr<LiveDeployment> FindLive(Cluster& cluster, const FleetDeployment& planned) {
  absl::StatusOr<std::vector<Json>> owners =
      ListAll(cluster, kinds::kConfigMap,
              Text(labels::kOurs, ",", labels::kChain, "=", LabelValue(planned.chain)));
  if (!owners.ok()) return owners.status();
  const std::string kind = planned.development ? "development" : "published";
  std::erase_if(*owners, [&](const Json& owner) { return StringAt(owner, "/data/kind") != kind; });
  LiveDeployment live;
  const Json* const owner = Newest(*owners);
  if (owner == nullptr) return live;
  live.id = StringAt(*owner, "/data/deployment");
  live.over.owner_uid = UidOf(*owner);
  absl::StatusOr<std::string> token = TokenOf(cluster, NameOf(*owner));
  if (!token.ok()) return token.status();
  live.token = *std::move(token);
  for (const ObjectKind& each :
       {kinds::kService, kinds::kDeployment, kinds::kDisruptionBudget, kinds::kAutoscaler}) {
    absl::StatusOr<std::vector<Json>> objects =
        ListAll(cluster, each, Text(labels::kOurs, ",", labels::kDeployment, "=", live.id));
    if (!objects.ok()) return objects.status();
    for (Json& object : *objects) {
      if (each == kinds::kDeployment) {
        const int64_t replicas = IntAt(object, "/spec/replicas", 1);
        live.over.replicas[NameOf(object)] =
            static_cast<int>(std::clamp<int64_t>(replicas, 0, std::numeric_limits<int>::max()));
      }
      live.objects.push_back(std::move(object));
    }
  }
  return live;
}

absl::StatusOr<Json> GetIfThere(Cluster& cluster, const Json& object) {
  const ObjectKind kind = KindOf(object);
  absl::StatusOr<Json> found = cluster.Run(
      [&](ApiClient& api) { return api.Get(kind, NamespaceOf(object), NameOf(object)); });
  if (absl::IsNotFound(found.status())) return Json();
  return found;
}

bool Contains(const std::vector<Json>& objects, const Json& object) {
  return std::any_of(objects.begin(), objects.end(), [&](const Json& each) {
    return KindOf(each) == KindOf(object) && NameOf(each) == NameOf(object);
  });
}

absl::StatusOr<ClusterSettings> SettingsOf(Cluster& cluster) {
  absl::StatusOr<std::vector<Json>> maps = ListAll(cluster, kinds::kConfigMap, kInstallation);
  if (!maps.ok()) return maps.status();
  // Its name ends in a digest; those before it are still there.
  std::erase_if(*maps, [](const Json& map) { return !NameOf(map).starts_with(kSettings); });
  const Json* const newest = Newest(*maps);
  if (newest == nullptr) {
    ClusterSettings settings;
    settings.in_namespace = cluster.in_namespace();
    return settings;
  }
  absl::StatusOr<ClusterSettings> settings =
      ParseClusterSettings(StringAt(*newest, "/data/cluster.json"));
  if (settings.ok()) return settings;
  return absl::Status(settings.status().code(),
                      Text("ConfigMap ", NameOf(*newest), ": ", MessageOf(settings.status())));
}

}  // namespace chains::deploy::cli
