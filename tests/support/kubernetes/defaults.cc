#include "tests/support/kubernetes/defaults.h"

#include <string>

#include "absl/strings/escaping.h"

namespace chains::deploy::fake {
namespace {

void Default(Json& object, const char* field, Json value) {
  if (!object.contains(field) || object[field].is_null()) object[field] = std::move(value);
}

// The list at `field`, or one that is empty.
Json& ListAt(Json& object, const char* field) {
  static thread_local Json none;
  none = Json::array();
  const auto found = object.find(field);
  return found != object.end() && found->is_array() ? *found : none;
}

void DefaultContainer(Json& container) {
  const std::string image = StringAt(container, "/image");
  const size_t colon = image.rfind(':');
  const bool latest = colon == std::string::npos || image.find('/', colon) != std::string::npos ||
                      image.substr(colon) == ":latest";
  Default(container, "imagePullPolicy", latest ? "Always" : "IfNotPresent");
  Default(container, "terminationMessagePath", "/dev/termination-log");
  Default(container, "terminationMessagePolicy", "File");
  Default(container, "resources", Json::object());
  Json& resources = container["resources"];
  for (const auto& [name, limit] : At(resources, "/limits").items()) {
    if (At(resources, "/requests").is_null()) resources["requests"] = Json::object();
    Default(resources["requests"], name.c_str(), limit);
  }
  for (Json& port : ListAt(container, "ports")) Default(port, "protocol", "TCP");
  for (const char* const name : {"readinessProbe", "livenessProbe", "startupProbe"}) {
    if (!container.contains(name)) continue;
    Json& probe = container[name];
    Default(probe, "timeoutSeconds", 1);
    Default(probe, "periodSeconds", 10);
    Default(probe, "successThreshold", 1);
    Default(probe, "failureThreshold", 3);
    if (probe.contains("grpc")) Default(probe["grpc"], "service", "");
    if (probe.contains("httpGet")) Default(probe["httpGet"], "scheme", "HTTP");
  }
  for (Json& variable : ListAt(container, "env")) {
    if (!At(variable, "/valueFrom/fieldRef").is_null()) {
      Default(variable["valueFrom"]["fieldRef"], "apiVersion", "v1");
    }
  }
}

void DefaultPod(Json& spec) {
  Default(spec, "restartPolicy", "Always");
  Default(spec, "terminationGracePeriodSeconds", 30);
  Default(spec, "dnsPolicy", "ClusterFirst");
  Default(spec, "schedulerName", "default-scheduler");
  Default(spec, "securityContext", Json::object());
  if (spec.contains("serviceAccountName")) {
    Default(spec, "serviceAccount", spec["serviceAccountName"]);
  }
  for (const char* const list : {"containers", "initContainers"}) {
    for (Json& container : ListAt(spec, list)) DefaultContainer(container);
  }
  for (Json& volume : ListAt(spec, "volumes")) {
    for (const char* const kind : {"secret", "configMap", "projected"}) {
      if (volume.contains(kind)) Default(volume[kind], "defaultMode", 420);
    }
  }
}

void DefaultDeployment(Json& spec) {
  Default(spec, "replicas", 1);
  Default(spec, "revisionHistoryLimit", 10);
  Default(spec, "progressDeadlineSeconds", 600);
  Default(spec, "strategy", Json::object());
  Default(spec["strategy"], "type", "RollingUpdate");
  if (spec["strategy"]["type"] == "RollingUpdate") {
    Default(spec["strategy"], "rollingUpdate", Json::object());
    Default(spec["strategy"]["rollingUpdate"], "maxSurge", "25%");
    Default(spec["strategy"]["rollingUpdate"], "maxUnavailable", "25%");
  }
}

void DefaultService(Json& spec) {
  Default(spec, "type", "ClusterIP");
  Default(spec, "sessionAffinity", "None");
  Default(spec, "internalTrafficPolicy", "Cluster");
  Default(spec, "ipFamilies", Json::array({"IPv4"}));
  Default(spec, "ipFamilyPolicy", "SingleStack");
  Default(spec, "clusterIP", "10.96.0.10");
  Default(spec, "clusterIPs", Json::array({spec["clusterIP"]}));
  for (Json& port : ListAt(spec, "ports")) {
    Default(port, "protocol", "TCP");
    Default(port, "targetPort", port["port"]);
  }
}

// What is written as text is read as bytes.
void DefaultSecret(Json& secret) {
  Default(secret, "type", "Opaque");
  const auto texts = secret.find("stringData");
  if (texts == secret.end()) return;
  for (const auto& [key, text] : texts->items()) {
    secret["data"][key] = absl::Base64Escape(text.get<std::string>());
  }
  secret.erase("stringData");
}

}  // namespace

void SetDefaults(Json& object) {
  const std::string kind = StringAt(object, "/kind");
  if (kind == "Secret") DefaultSecret(object);
  if (!object.contains("spec") || !object["spec"].is_object()) return;
  Json& spec = object["spec"];
  if (kind == "Deployment") DefaultDeployment(spec);
  if (kind == "Service") DefaultService(spec);
  if (kind == "Pod") DefaultPod(spec);
  if (kind == "HorizontalPodAutoscaler") Default(spec, "minReplicas", 1);
  if ((kind == "Deployment" || kind == "Job") && At(spec, "/template/spec").is_object()) {
    Default(spec["template"], "metadata", Json::object());
    DefaultPod(spec["template"]["spec"]);
  }
}

}  // namespace chains::deploy::fake
