// Whether an installation on a cluster is up, and what it waits for. Pure.
//
//   const Readiness is = ReadinessOf({"chains-platform", "chains-gateway"}, deployments, pods, {});
//   if (!is.ready) Show(is.text);   // "chains-gateway 0/1: the image … cannot be pulled: …"
#pragma once

#include <string>
#include <vector>

#include "deploy/apiserver/object.h"

namespace chains::deploy::cli {

struct Readiness {
  bool ready = false;
  std::string text = {};  // a line
};

// Of the Deployments of these names. Ready: each has a pod of its latest template that is ready.
Readiness ReadinessOf(const std::vector<std::string>& names, const std::vector<Json>& deployments,
                      const std::vector<Json>& pods, const std::vector<Json>& events);

}  // namespace chains::deploy::cli
