#include "deploy/fleets/kubernetes/objects.h"

#include <google/protobuf/util/json_util.h>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "chains/core/text.h"
#include "deploy/fleets/kubernetes/autoscaling_objects.h"
#include "deploy/fleets/kubernetes/labels.h"
#include "deploy/fleets/kubernetes/pod_template.h"

namespace chains::deploy {
namespace {

using Scaling = ClusterSettings::Scaling;

Json Object(ObjectKind kind, const std::string& name, Json labelled,
            const ClusterSettings& settings) {
  return {
      {"apiVersion", kind.api_version},
      {"kind", kind.kind},
      {"metadata",
       {{"name", name}, {"namespace", settings.in_namespace}, {"labels", std::move(labelled)}}}};
}

Json UnitObject(ObjectKind kind, const FleetDeployment& deployment, const FleetUnit& unit,
                const ClusterSettings& settings) {
  Json object = Object(kind, UnitName(deployment, unit), UnitLabels(deployment, unit), settings);
  object["metadata"]["annotations"][std::string(labels::kChainlets)] = ChainletsText(unit);
  return object;
}

// Without an address of its own: nobody asks it, its EndpointSlices say which pods are ready.
Json UnitService(const FleetDeployment& deployment, const FleetUnit& unit,
                 const ClusterSettings& settings) {
  Json service = UnitObject(kinds::kService, deployment, unit, settings);
  const Json port = {
      {"name", "grpc"}, {"port", kReplicaPort}, {"targetPort", kReplicaPort}, {"protocol", "TCP"}};
  service["spec"] = {{"clusterIP", "None"},
                     {"selector", UnitSelector(deployment, unit)},
                     {"ports", Json::array({port})}};
  return service;
}

// Nodes are emptied one pod of a unit at a time. A pod without a program is not ready, and may
// always go.
Json Budget(const FleetDeployment& deployment, const FleetUnit& unit,
            const ClusterSettings& settings) {
  Json budget = UnitObject(kinds::kDisruptionBudget, deployment, unit, settings);
  budget["spec"] = {{"maxUnavailable", 1},
                    {"unhealthyPodEvictionPolicy", "AlwaysAllow"},
                    {"selector", {{"matchLabels", UnitSelector(deployment, unit)}}}};
  return budget;
}

Json PlaceDeployment(const FleetDeployment& deployment, const FleetUnit& unit,
                     const ClusterSettings& settings, std::optional<int> replicas,
                     const std::string& place) {
  Json object = UnitObject(kinds::kDeployment, deployment, unit, settings);
  object["metadata"]["name"] = place;
  object["metadata"]["labels"][std::string(labels::kPlace)] = place;
  object["metadata"]["annotations"][std::string(annotations::kBundle)] = deployment.bundle;
  Json selector = Json::object();
  selector[std::string(labels::kPlace)] = place;
  object["spec"] = {{"selector", {{"matchLabels", std::move(selector)}}},
                    {"revisionHistoryLimit", 0},
                    {"template", PodTemplate(deployment, unit, settings, place)}};
  if (replicas) object["spec"]["replicas"] = *replicas;
  return object;
}

}  // namespace

void SetOwner(Json& object, const FleetDeployment& deployment, const std::string& owner_uid) {
  const Json owner = {{"apiVersion", kinds::kConfigMap.api_version},
                      {"kind", kinds::kConfigMap.kind},
                      {"name", OwnerName(deployment)},
                      {"uid", owner_uid}};
  object["metadata"]["ownerReferences"] = Json::array({owner});
}

absl::StatusOr<std::vector<Json>> OwnerObjects(const FleetDeployment& deployment,
                                               const ClusterSettings& settings) {
  for (const FleetUnit& unit : deployment.units) {
    if (absl::Status placed = CheckPlace(unit, settings); !placed.ok()) return placed;
  }
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  std::string manifest;
  const auto written =
      google::protobuf::util::MessageToJsonString(deployment.manifest, &manifest, options);
  if (!written.ok()) {
    return absl::InternalError(Text("the manifest of ", deployment.id, ": ", written.ToString()));
  }
  const std::string name = OwnerName(deployment);
  Json labelled = DeploymentLabels(deployment);
  labelled[std::string(labels::kComponent)] = "deployment";
  Json owner = Object(kinds::kConfigMap, name, std::move(labelled), settings);
  owner["metadata"]["annotations"][std::string(annotations::kBundle)] = deployment.bundle;
  owner["data"] = {{"chain", deployment.chain},
                   {"deployment", deployment.id},
                   {"kind", deployment.development ? "development" : "published"},
                   {"manifest.json", manifest}};
  Json secret = Object(kinds::kSecret, name, DeploymentLabels(deployment), settings);
  secret["type"] = "Opaque";
  secret["data"] = {{"token", absl::Base64Escape(deployment.token)}};
  if (settings.mtls) secret["data"]["roots.pem"] = absl::Base64Escape(settings.roots);
  return std::vector<Json>{std::move(owner), std::move(secret)};
}

absl::StatusOr<std::vector<Json>> UnitObjects(const FleetDeployment& deployment,
                                              const FleetUnit& unit,
                                              const ClusterSettings& settings,
                                              std::optional<int> replicas,
                                              const std::string& owner_uid) {
  if (absl::Status placed = CheckPlace(unit, settings); !placed.ok()) return placed;
  const std::string place = PlaceName(deployment, unit, settings);
  std::vector<Json> objects = {UnitService(deployment, unit, settings),
                               PlaceDeployment(deployment, unit, settings, replicas, place)};
  if (unit.autoscaling.max_replica() > 1) objects.push_back(Budget(deployment, unit, settings));
  if (settings.scaling == Scaling::kHpa) {
    objects.push_back(PodAutoscaler(deployment, unit, settings, place));
  } else if (settings.scaling == Scaling::kKeda) {
    objects.push_back(ScaledObject(deployment, unit, settings, place));
  }
  if (!owner_uid.empty()) {
    for (Json& object : objects) SetOwner(object, deployment, owner_uid);
  }
  return objects;
}

}  // namespace chains::deploy
