// WhyWaiting: why a replica has no pod that runs yet, in one line, with what to do. Pure.
//
//   WhyWaiting({.pod = &pod, .gpu = "A10G"});
//   // "no node has a free nvidia.com/gpu (it asks for 1, for a GPU of type A10G): …"
#pragma once

#include <string>
#include <vector>

#include "deploy/apiserver/object.h"

namespace chains::deploy {

struct Waiting {
  const Json* deployment = nullptr;  // the place; null: it is not made yet
  const Json* pod = nullptr;         // one of the place that does not run; null: there is none
  // Events of the pod; of the place and its ReplicaSet, where there is no pod.
  std::vector<const Json*> events = {};
  std::string gpu = {};  // the type that is declared; empty: none
  bool gpu_optional = false;
};

// Empty: nothing is known yet, as when a pod was made a moment ago.
std::string WhyWaiting(const Waiting& waiting);

// Parts of it. Of a pod that no node was found for; `message` is the scheduler's.
std::string WhyUnschedulable(const Waiting& waiting, const std::string& message);
// Of a pod that Kubernetes did not even make; `message` is what the API server said.
std::string WhyRefused(const std::string& message);

}  // namespace chains::deploy
