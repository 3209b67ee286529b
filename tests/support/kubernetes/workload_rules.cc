// Rules of deployments, jobs, autoscalers and disruption budgets: CheckWorkload().
#include "chains/core/text.h"
#include "tests/support/kubernetes/quantity.h"
#include "tests/support/kubernetes/rules.h"
#include "tests/support/kubernetes/syntax.h"

namespace chains::deploy::fake {
namespace {

void CheckTemplate(const Json& object, bool always, Report& report) {
  const Json& pods = At(object, "/spec/template");
  CheckLabels(At(pods, "/metadata/labels"), "spec.template.metadata.labels", report);
  for (const auto& [key, value] : At(pods, "/metadata/annotations").items()) {
    report.Expect(IsLabelKey(key), "spec.template.metadata.annotations",
                  Text("'", key, "' is no qualified name"));
  }
  CheckPodSpec(At(pods, "/spec"), "spec.template.spec", report);
  const std::string restart = StringAt(pods, "/spec/restartPolicy");
  const bool right = always ? restart.empty() || restart == "Always"
                            : restart == "Never" || restart == "OnFailure";
  report.Expect(right, "spec.template.spec.restartPolicy",
                always ? "must be Always" : "must be Never or OnFailure");
}

void CheckDeployment(const Json& object, Report& report) {
  const Json& selector = At(object, "/spec/selector");
  const Json& wanted = At(selector, "/matchLabels");
  report.Expect(!wanted.empty() || !At(selector, "/matchExpressions").empty(), "spec.selector",
                "must select something");
  CheckSelector(selector, "spec.selector", report);
  const std::map<std::string, std::string> labels =
      StringsAt(object, "/spec/template/metadata/labels");
  for (const auto& [key, value] : StringsAt(selector, "/matchLabels")) {
    const auto found = labels.find(key);
    report.Expect(found != labels.end() && found->second == value, "spec.template.metadata.labels",
                  Text("spec.selector wants ", key, "=", value));
  }
  for (const char* const field : {"replicas", "minReadySeconds", "revisionHistoryLimit"}) {
    report.ExpectRange(object, Text("/spec/", field), Text("spec.", field), 0, Report::kMost);
  }
  const Json& strategy = At(object, "/spec/strategy");
  report.Expect(StringAt(strategy, "/type") != "Recreate" || !strategy.contains("rollingUpdate"),
                "spec.strategy.rollingUpdate", "is not for Recreate");
  const Json& rolling = At(strategy, "/rollingUpdate");
  const auto none = [&rolling](const char* field) {
    const Json& value = At(rolling, field);
    return value == 0 || value == "0%" || value == "0";
  };
  report.Expect(!(none("/maxSurge") && none("/maxUnavailable")), "spec.strategy.rollingUpdate",
                "maxSurge and maxUnavailable cannot both be 0");
  CheckTemplate(object, true, report);
}

void CheckMetric(const Json& metric, const std::string& path, Report& report) {
  static const std::map<std::string, std::string> sources{
      {"Pods", "pods"},
      {"Resource", "resource"},
      {"External", "external"},
      {"Object", "object"},
      {"ContainerResource", "containerResource"}};
  const auto source = sources.find(StringAt(metric, "/type"));
  if (source == sources.end()) return report.Add(path + ".type", "is unknown");
  report.Expect(metric.contains(source->second) && metric.size() == 2, path,
                Text("type ", source->first, " goes with ", source->second, " alone"));
  const Json& target = At(metric, Text("/", source->second, "/target"));
  static const std::map<std::string, std::string> values{
      {"Value", "value"}, {"AverageValue", "averageValue"}, {"Utilization", "averageUtilization"}};
  const auto value = values.find(StringAt(target, "/type"));
  if (value == values.end()) return report.Add(path + ".target.type", "is unknown");
  report.Expect(target.contains(value->second), path + ".target",
                Text("needs ", value->second, " for type ", value->first));
  report.Expect(source->first != "Pods" || value->first == "AverageValue", path + ".target.type",
                "of Pods is AverageValue");
  const Json& amount = At(target, Text("/", value->second));
  report.Expect(ParseQuantity(amount).value_or(1) > 0, path + ".target", "must be more than 0");
}

void CheckAutoscaler(const Json& object, Report& report) {
  const Json& spec = At(object, "/spec");
  report.ExpectRange(spec, "/minReplicas", "spec.minReplicas", 1, Report::kMost);
  report.ExpectRange(spec, "/maxReplicas", "spec.maxReplicas", IntAt(spec, "/minReplicas", 1),
                     Report::kMost);
  report.Expect(!StringAt(spec, "/scaleTargetRef/name").empty() &&
                    !StringAt(spec, "/scaleTargetRef/kind").empty(),
                "spec.scaleTargetRef", "needs kind and name");
  size_t index = 0;
  for (const Json& metric : At(spec, "/metrics")) {
    CheckMetric(metric, Text("spec.metrics[", index++, "]"), report);
  }
  for (const char* const way : {"scaleUp", "scaleDown"}) {
    const Json& rules = At(spec, Text("/behavior/", way));
    const std::string path = Text("spec.behavior.", way);
    report.ExpectRange(rules, "/stabilizationWindowSeconds", path + ".stabilizationWindowSeconds",
                       0, 3600);
    for (const Json& policy : At(rules, "/policies")) {
      report.ExpectRange(policy, "/periodSeconds", path + ".policies.periodSeconds", 1, 1800);
      report.ExpectRange(policy, "/value", path + ".policies.value", 1, Report::kMost);
      const std::string type = StringAt(policy, "/type");
      report.Expect(type == "Pods" || type == "Percent", path + ".policies.type", "is unknown");
    }
  }
}

void CheckBudget(const Json& object, Report& report) {
  const Json& spec = At(object, "/spec");
  report.Expect(!(spec.contains("minAvailable") && spec.contains("maxUnavailable")), "spec",
                "minAvailable and maxUnavailable exclude each other");
  CheckSelector(At(spec, "/selector"), "spec.selector", report);
  for (const char* const field : {"/minAvailable", "/maxUnavailable"}) {
    report.ExpectRange(spec, field, Text("spec", field), 0, Report::kMost);
  }
}

void CheckScaledObject(const Json& object, Report& report) {
  const Json& spec = At(object, "/spec");
  report.Expect(!StringAt(spec, "/scaleTargetRef/name").empty(), "spec.scaleTargetRef.name",
                "must not be empty");
  report.Expect(IntAt(spec, "/minReplicaCount") <= IntAt(spec, "/maxReplicaCount", 100),
                "spec.minReplicaCount", "is more than maxReplicaCount");
  size_t index = 0;
  for (const Json& trigger : At(spec, "/triggers")) {
    const std::string path = Text("spec.triggers[", index++, "]");
    report.Expect(StringAt(trigger, "/type").rfind("external", 0) != 0 ||
                      !StringAt(trigger, "/metadata/scalerAddress").empty(),
                  path + ".metadata.scalerAddress", "required, and missing");
  }
}

}  // namespace

void CheckWorkload(const Json& object, Report& report) {
  const std::string kind = StringAt(object, "/kind");
  if (kind == "Deployment") CheckDeployment(object, report);
  if (kind == "Job") CheckTemplate(object, false, report);
  if (kind == "HorizontalPodAutoscaler") CheckAutoscaler(object, report);
  if (kind == "PodDisruptionBudget") CheckBudget(object, report);
  if (kind == "ScaledObject") CheckScaledObject(object, report);
}

}  // namespace chains::deploy::fake
