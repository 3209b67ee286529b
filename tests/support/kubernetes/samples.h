// Objects that are right, for tests to make wrong.
//
//   Json deployment = SampleDeployment("hello");
//   deployment["spec"]["replicas"] = "three";
#pragma once

#include <string>

#include "deploy/apiserver/object.h"

namespace chains::deploy::fake {

inline Json SampleMetadata(const std::string& name) {
  return {{"name", name}, {"namespace", "chains"}, {"labels", {{"app", name}}}};
}

inline Json SampleDeployment(const std::string& name, int replicas = 1) {
  const Json container = {
      {"name", "agent"},
      {"image", "chains/replica-cpu:1"},
      {"ports", Json::array({{{"name", "calls"}, {"containerPort", 7001}}})},
      {"env", Json::array({{{"name", "MODE"}, {"value", "fast"}}})},
      {"resources", {{"requests", {{"cpu", "500m"}, {"memory", "1Gi"}}}}},
      {"readinessProbe", {{"grpc", {{"port", 7002}}}, {"periodSeconds", 1}}},
      {"volumeMounts", Json::array({{{"name", "scratch"}, {"mountPath", "/tmp"}}})}};
  const Json pod = {
      {"containers", Json::array({container})},
      {"volumes", Json::array({{{"name", "scratch"}, {"emptyDir", {{"sizeLimit", "1Gi"}}}}})}};
  return {{"apiVersion", "apps/v1"},
          {"kind", "Deployment"},
          {"metadata", SampleMetadata(name)},
          {"spec",
           {{"replicas", replicas},
            {"selector", {{"matchLabels", {{"app", name}}}}},
            {"template", {{"metadata", {{"labels", {{"app", name}}}}}, {"spec", pod}}}}}};
}

inline Json SampleService(const std::string& name) {
  return {{"apiVersion", "v1"},
          {"kind", "Service"},
          {"metadata", SampleMetadata(name)},
          {"spec",
           {{"clusterIP", "None"},
            {"selector", {{"app", name}}},
            {"ports", Json::array({{{"name", "calls"}, {"port", 7001}}})}}}};
}

inline Json SampleConfigMap(const std::string& name) {
  return {{"apiVersion", "v1"},
          {"kind", "ConfigMap"},
          {"metadata", SampleMetadata(name)},
          {"data", {{"color", "red"}}}};
}

}  // namespace chains::deploy::fake
