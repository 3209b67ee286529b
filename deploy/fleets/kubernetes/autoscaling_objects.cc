#include "deploy/fleets/kubernetes/autoscaling_objects.h"

#include <algorithm>

#include "chains/core/text.h"
#include "deploy/fleets/kubernetes/labels.h"
#include "deploy/fleets/kubernetes/objects.h"

namespace chains::deploy {
namespace {

constexpr int kPollSeconds = 10;

// The platform's answer is the number of pods itself, so a tolerance of 10 %, as it is by default,
// would leave 11 wanted at 10.
Json Behavior() {
  const Json policies = Json::array({{{"type", "Percent"}, {"value", 100}, {"periodSeconds", 1}},
                                     {{"type", "Pods"}, {"value", 100}, {"periodSeconds", 1}}});
  const Json at_once = {
      {"stabilizationWindowSeconds", 0}, {"tolerance", "0"}, {"policies", policies}};
  return {{"scaleUp", at_once}, {"scaleDown", at_once}};
}

Json Metadata(const FleetDeployment& deployment, const FleetUnit& unit,
              const ClusterSettings& settings, const std::string& place) {
  Json labelled = UnitLabels(deployment, unit);
  labelled[std::string(labels::kPlace)] = place;
  return {{"name", place}, {"namespace", settings.in_namespace}, {"labels", std::move(labelled)}};
}

}  // namespace

Json PodAutoscaler(const FleetDeployment& deployment, const FleetUnit& unit,
                   const ClusterSettings& settings, const std::string& place) {
  const int least = std::max(1, unit.autoscaling.min_replica());
  const Json metric = {{"metric", {{"name", settings.hpa_metric}}},
                       {"target", {{"type", "AverageValue"}, {"averageValue", "1"}}}};
  Json spec = {{"minReplicas", least},
               {"maxReplicas", std::max(least, unit.autoscaling.max_replica())},
               {"metrics", Json::array({Json{{"type", "Pods"}, {"pods", metric}}})},
               {"behavior", Behavior()}};
  spec["scaleTargetRef"] = {{"apiVersion", "apps/v1"}, {"kind", "Deployment"}, {"name", place}};
  return {{"apiVersion", kinds::kAutoscaler.api_version},
          {"kind", kinds::kAutoscaler.kind},
          {"metadata", Metadata(deployment, unit, settings, place)},
          {"spec", std::move(spec)}};
}

Json ScaledObject(const FleetDeployment& deployment, const FleetUnit& unit,
                  const ClusterSettings& settings, const std::string& place) {
  const int least = std::max(0, unit.autoscaling.min_replica());
  const Json trigger = {{"type", "external-push"},
                        {"metricType", "AverageValue"},
                        {"metadata",
                         {{"scalerAddress", settings.platform},
                          {"deployment", deployment.id},
                          {"chainlets", ChainletsText(unit)},
                          {"place", place}}}};
  Json spec = {{"pollingInterval", kPollSeconds},
               {"cooldownPeriod", 0},
               {"minReplicaCount", least},
               {"maxReplicaCount", std::max({1, least, unit.autoscaling.max_replica()})},
               {"triggers", Json::array({trigger})}};
  spec["scaleTargetRef"] = {{"apiVersion", "apps/v1"}, {"kind", "Deployment"}, {"name", place}};
  spec["advanced"] = {{"horizontalPodAutoscalerConfig", {{"behavior", Behavior()}}}};
  return {{"apiVersion", kinds::kScaledObject.api_version},
          {"kind", kinds::kScaledObject.kind},
          {"metadata", Metadata(deployment, unit, settings, place)},
          {"spec", std::move(spec)}};
}

}  // namespace chains::deploy
