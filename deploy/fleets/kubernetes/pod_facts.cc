#include "deploy/fleets/kubernetes/pod_facts.h"

#include <string_view>

#include "chains/core/text.h"

namespace chains::deploy {
namespace {

constexpr int kKilled = 128 + 9;

const Json& Status(const Json& pod) { return At(pod, "/status/containerStatuses/0"); }

const Json* ConditionOf(const Json& pod, std::string_view type) {
  for (const Json& condition : At(pod, "/status/conditions")) {
    if (StringAt(condition, "/type") == type) return &condition;
  }
  return nullptr;
}

// A DisruptionTarget condition says who ends a pod (kubernetes, api/core/v1/types.go:
// PodReason…).
std::string DisruptionText(const Json& condition) {
  const std::string reason = StringAt(condition, "/reason");
  const std::string message = StringAt(condition, "/message");
  const std::string more = message.empty() ? "" : Text(" (", message, ")");
  if (reason == "PreemptionByScheduler") {
    return Text("was preempted: its node is given to a pod of a higher priority", more,
                "; a priorityClass in the cluster's settings protects it");
  }
  if (reason == "EvictionByEvictionAPI")
    return Text("was evicted: its node is being emptied", more);
  if (reason == "DeletionByTaintManager") {
    return Text("was evicted by a taint of its node, which is lost or not ready", more);
  }
  if (reason == "DeletionByPodGC") return Text("was lost with its node", more);
  if (reason == "TerminationByKubelet") {
    return Text("was ended by its node, which is short of memory or disk, or shuts down", more);
  }
  return Text("was ended by the cluster: ", reason, more);
}

std::string OutOfMemory(const Json& pod) {
  const std::string limit = StringAt(pod, "/spec/containers/0/resources/limits/memory");
  return Text("was killed: it used more memory than its limit",
              limit.empty() ? "" : Text(" of ", limit),
              " (OOMKilled); declare more: Resources{.memory = …}");
}

std::string TerminationText(const Json& pod, const Json& terminated) {
  const std::string reason = StringAt(terminated, "/reason");
  const int64_t code = IntAt(terminated, "/exitCode");
  if (reason == "OOMKilled") return OutOfMemory(pod);
  std::string text = Text("its container ended with ", code);
  if (code == kKilled) text += " (killed)";
  if (!reason.empty() && reason != "Error" && reason != "Completed") text += Text(": ", reason);
  const std::string message = StringAt(terminated, "/message");
  if (!message.empty()) text += Text(": ", message);
  return text;
}

}  // namespace

bool HasEnded(const Json& pod) {
  const std::string phase = StringAt(pod, "/status/phase");
  return phase == "Failed" || phase == "Succeeded";
}

bool IsReady(const Json& pod) {
  const Json* const ready = ConditionOf(pod, "Ready");
  return ready != nullptr && StringAt(*ready, "/status") == "True";
}

bool IsPending(const Json& pod) {
  const std::string phase = StringAt(pod, "/status/phase");
  return phase.empty() || phase == "Pending";
}

int64_t RestartsOf(const Json& pod) { return IntAt(Status(pod), "/restartCount"); }

bool ContainerRuns(const Json& pod) { return At(Status(pod), "/state/running").is_object(); }

absl::Time EndOfGrace(const Json& pod) {
  const std::string text = StringAt(pod, "/metadata/deletionTimestamp");
  if (text.empty()) return absl::InfiniteFuture();
  absl::Time time;
  std::string problem;
  // What cannot be read is over: nobody may wait for it for good.
  return absl::ParseTime(absl::RFC3339_full, text, &time, &problem) ? time : absl::InfinitePast();
}

std::string NodeText(const Json& pod) {
  const std::string node = StringAt(pod, "/spec/nodeName");
  return Text(node.empty() ? "no node yet" : node, " (pod ", NameOf(pod), ")");
}

std::string HowItEnded(const Json& pod) {
  if (StringAt(pod, "/status/reason") == "Evicted") {
    return Text("was evicted by its node: ", StringAt(pod, "/status/message"),
                "; ask for what it needs (Resources{.memory = …}), or for a larger bundleSpace in "
                "the cluster's settings");
  }
  if (const Json* const target = ConditionOf(pod, "DisruptionTarget");
      target != nullptr && StringAt(*target, "/status") == "True") {
    return DisruptionText(*target);
  }
  for (const char* const state : {"/state/terminated", "/lastState/terminated"}) {
    const Json& terminated = At(Status(pod), state);
    if (terminated.is_object()) return TerminationText(pod, terminated);
  }
  const std::string reason = StringAt(pod, "/status/reason");
  if (!reason.empty()) {
    return Text("its pod ended: ", reason, ": ", StringAt(pod, "/status/message"));
  }
  if (IsBeingDeleted(pod)) return "its pod was deleted";
  return "its pod ended";
}

}  // namespace chains::deploy
