#include "deploy/cli/kubernetes/readiness.h"

#include <algorithm>

#include "absl/strings/str_join.h"
#include "chains/core/text.h"
#include "deploy/fleets/kubernetes/pod_facts.h"
#include "deploy/fleets/kubernetes/why_waiting.h"

namespace chains::deploy::cli {
namespace {

const Json* Find(const std::vector<Json>& objects, const std::string& name) {
  const auto found = std::find_if(objects.begin(), objects.end(),
                                  [&](const Json& each) { return NameOf(each) == name; });
  return found == objects.end() ? nullptr : &*found;
}

// The newest pod of it that is not ready; null: none.
const Json* WaitingPod(const std::vector<Json>& pods, const std::string& name) {
  const Json* newest = nullptr;
  for (const Json& pod : pods) {
    const bool waits =
        LabelOf(pod, "app.kubernetes.io/name") == name && !IsReady(pod) && !IsBeingDeleted(pod);
    if (!waits) continue;
    const auto created = [](const Json& of) { return StringAt(of, "/metadata/creationTimestamp"); };
    if (newest == nullptr || created(pod) >= created(*newest)) newest = &pod;
  }
  return newest;
}

// What the cluster said last of a pod: of volumes that are not there, say.
std::string LastWarning(const std::vector<const Json*>& events) {
  for (auto event = events.rbegin(); event != events.rend(); ++event) {
    if (StringAt(**event, "/type") == "Warning") return StringAt(**event, "/message");
  }
  return "";
}

std::string WhyNot(const std::string& name, const Json* deployment, const std::vector<Json>& pods,
                   const std::vector<Json>& events) {
  const Json* const pod = WaitingPod(pods, name);
  Waiting waiting{.deployment = deployment, .pod = pod};
  for (const Json& event : events) {
    const std::string about = StringAt(event, "/involvedObject/name");
    const bool ours = pod != nullptr ? about == NameOf(*pod) : about.starts_with(name);
    if (ours) waiting.events.push_back(&event);
  }
  std::string why = WhyWaiting(waiting);
  if (!why.empty()) return why;
  if (pod == nullptr) return "no pod yet";
  why = LastWarning(waiting.events);
  if (!why.empty()) return why;
  return IsPending(*pod) ? "its pod starts" : "its pod is not ready yet";
}

// Ready pods of the latest template, and how many there are to be.
bool IsUp(const Json& deployment) {
  const bool seen =
      IntAt(deployment, "/status/observedGeneration") >= IntAt(deployment, "/metadata/generation");
  return seen && IntAt(deployment, "/status/updatedReplicas") > 0 &&
         IntAt(deployment, "/status/readyReplicas") > 0 &&
         IntAt(deployment, "/status/replicas") == IntAt(deployment, "/status/updatedReplicas");
}

}  // namespace

Readiness ReadinessOf(const std::vector<std::string>& names, const std::vector<Json>& deployments,
                      const std::vector<Json>& pods, const std::vector<Json>& events) {
  Readiness all{.ready = true};
  std::vector<std::string> parts;
  for (const std::string& name : names) {
    const Json* const deployment = Find(deployments, name);
    if (deployment != nullptr && IsUp(*deployment)) {
      parts.push_back(Text(name, " is ready"));
      continue;
    }
    all.ready = false;
    parts.push_back(Text(name, ": ", WhyNot(name, deployment, pods, events)));
  }
  all.text = absl::StrJoin(parts, "; ");
  return all;
}

}  // namespace chains::deploy::cli
