#include "deploy/fleets/kubernetes/why_waiting.h"

#include <array>
#include <string_view>

#include "absl/strings/match.h"
#include "absl/strings/str_replace.h"
#include "chains/core/text.h"
#include "deploy/fleets/kubernetes/pod_facts.h"

namespace chains::deploy {
namespace {

constexpr size_t kLongest = 600;

bool Has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

// On one line, and not without end.
std::string Line(std::string text) {
  text = absl::StrReplaceAll(text, {{"\r", ""}, {"\n", "; "}, {"\t", " "}});
  while (!text.empty() && (text.back() == ' ' || text.back() == ';')) text.pop_back();
  if (text.size() <= kLongest) return text;
  size_t end = kLongest;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end) + "…";
}

const Json& ContainerStatus(const Json& pod) { return At(pod, "/status/containerStatuses/0"); }

const Json* ConditionOf(const Json& object, std::string_view type, std::string_view status) {
  for (const Json& condition : At(object, "/status/conditions")) {
    if (StringAt(condition, "/type") == type && StringAt(condition, "/status") == status) {
      return &condition;
    }
  }
  return nullptr;
}

std::string WhyNoImage(const std::string& image, const std::string& reason,
                       const std::string& message) {
  if (reason == "ErrImageNeverPull") {
    return Text("the image ", image,
                " is not on the node, and images.pullPolicy in the cluster's settings is Never: "
                "load it on all nodes, or let it be pulled");
  }
  if (reason == "InvalidImageName") {
    return Text("'", image, "' is no name of an image: correct images in the cluster's settings");
  }
  std::string what = "look at images in the cluster's settings";
  if (Has(message, "not found") || Has(message, "manifest unknown")) {
    what =
        "the registry does not have it: push it there (./dev images, chains image), or correct "
        "images in the cluster's settings";
  } else if (Has(message, "denied") || Has(message, "nauthorized") || Has(message, "forbidden") ||
             Has(message, "authentication")) {
    what =
        "the registry refuses the node: name a Secret for it in images.pullSecrets of the "
        "cluster's settings";
  } else if (Has(message, "no such host") || Has(message, "timeout") ||
             Has(message, "connection refused") || Has(message, "x509")) {
    what = "the node cannot reach the registry";
  }
  return Text("the image ", image, " cannot be pulled (", reason, "): ", what,
              message.empty() ? "" : Text("; the node says: ", message));
}

// What the kubelet waits for.
std::string WhyContainerWaits(const Json& pod) {
  const Json& status = ContainerStatus(pod);
  const std::string reason = StringAt(status, "/state/waiting/reason");
  const std::string message = StringAt(status, "/state/waiting/message");
  const std::string image = StringAt(pod, "/spec/containers/0/image");
  if (absl::StrContains(reason, "Image")) return WhyNoImage(image, reason, message);
  if (reason == "CrashLoopBackOff") {
    return Text("its pod's agent ends again and again: ", HowItEnded(pod),
                "; see kubectl logs --previous ", NameOf(pod));
  }
  if (reason == "CreateContainerConfigError" || reason == "CreateContainerError" ||
      reason == "RunContainerError" || reason == "StartError") {
    return Text("its container cannot be made (", reason, "): ", message);
  }
  return "";
}

// While a container is being made only events tell what does not work.
std::string WhyFromEvents(const std::vector<const Json*>& events) {
  for (const Json* const event : events) {
    const std::string reason = StringAt(*event, "/reason");
    const std::string message = StringAt(*event, "/message");
    if (reason == "FailedMount" || reason == "FailedAttachVolume") {
      return Text("a volume of its pod cannot be mounted: ", message);
    }
    if (reason == "FailedCreatePodSandBox") {
      return Text("its node cannot give the pod a network or a sandbox: ", message,
                  "; look at the node's network plugin");
    }
    if (reason == "FailedCreate") return WhyRefused(message);
    if (reason == "FailedScheduling") return Text("no node can take it: ", message);
  }
  return "";
}

// "nvidia.com/gpu": what a pod asks for beside CPUs and memory; empty: nothing.
std::string DeviceOf(const Json& pod) {
  for (const auto& [resource, count] : At(pod, "/spec/containers/0/resources/limits").items()) {
    if (absl::StrContains(resource, "/")) return resource;
  }
  return "";
}

std::string Request(const Json& pod, const char* resource) {
  return StringAt(pod, Text("/spec/containers/0/resources/requests/", resource));
}

std::string SelectorText(const Json& pod) {
  std::string text;
  for (const auto& [label, value] : StringsAt(pod, "/spec/nodeSelector")) {
    text += Text(text.empty() ? "" : ", ", label, "=", value);
  }
  return text;
}

std::string WhyNoGpu(const Waiting& waiting, const std::string& device) {
  const Json& limits = At(*waiting.pod, "/spec/containers/0/resources/limits");
  const auto found = limits.find(device);
  const std::string count =
      found != limits.end() && found->is_string() ? found->get_ref<const std::string&>() : "1";
  const std::string type = waiting.gpu.empty() ? "" : Text(", for a GPU of type ", waiting.gpu);
  const std::string selector = SelectorText(*waiting.pod);
  return Text("no node has a free ", device, " (it asks for ", count, type,
              selector.empty() ? "" : Text(", on nodes with ", selector),
              "): add such a node, or wait until others leave theirs",
              waiting.gpu_optional
                  ? "; it runs on CPUs where gpus in the cluster's settings do not "
                    "have its type"
                  : "");
}

}  // namespace

std::string WhyUnschedulable(const Waiting& waiting, const std::string& message) {
  const Json& pod = *waiting.pod;
  const std::string device = DeviceOf(pod);
  const std::string scheduler = Text("; the scheduler says: ", message);
  if (!device.empty() && Has(message, Text("Insufficient ", device))) {
    return WhyNoGpu(waiting, device) + scheduler;
  }
  if (Has(message, "Insufficient memory")) {
    return Text("no node has ", Request(pod, "memory"),
                " of memory free: add a node, or declare less (Resources{.memory = …})", scheduler);
  }
  if (Has(message, "Insufficient cpu")) {
    return Text("no node has ", Request(pod, "cpu"),
                " CPUs free: add a node, or declare fewer (Resources{.cpus = …})", scheduler);
  }
  if (Has(message, "persistentvolumeclaim") || Has(message, "PersistentVolumeClaim")) {
    return Text("a volume that it needs is not bound to a disk: look at kubectl get pvc",
                scheduler);
  }
  if (Has(message, "node affinity/selector")) {
    const std::string selector = SelectorText(pod);
    return Text("no node that could take it has the labels ", selector,
                waiting.gpu.empty()
                    ? ": correct nodeSelector in the cluster's settings, or label a node"
                    : Text(", by which a GPU of type ", waiting.gpu,
                           " is known: add such a node, or correct gpus.", waiting.gpu,
                           ".nodeSelector in the cluster's settings"),
                scheduler);
  }
  if (Has(message, "taint")) {
    return Text(
        "all nodes that could take it are reserved by taints: add to tolerations in the "
        "cluster's settings, or a node without",
        scheduler);
  }
  if (Has(message, "no nodes available")) return Text("the cluster has no nodes", scheduler);
  if (Has(message, "Too many pods")) {
    return Text("all nodes have as many pods as they take: add a node", scheduler);
  }
  return Text("no node can take it", scheduler);
}

std::string WhyRefused(const std::string& message) {
  const std::string said = Text("; Kubernetes says: ", message);
  if (Has(message, "exceeded quota")) {
    return Line(
        Text("the namespace's quota is used up: raise it (kubectl get resourcequota), or "
             "declare less",
             said));
  }
  if (Has(message, "failed quota")) {
    return Line(
        Text("the namespace's quota wants limits that pods of chains do not have: name "
             "defaults in a LimitRange",
             said));
  }
  if (Has(message, "usage per Container") || Has(message, "usage per Pod")) {
    return Line(Text("a LimitRange of the namespace does not allow what it declares", said));
  }
  if (Has(message, "PodSecurity")) {
    return Line(
        Text("the namespace's Pod Security level refuses its pods (a nodeCache in the "
             "cluster's settings needs 'privileged')",
             said));
  }
  if (Has(message, "serviceaccount") || Has(message, "service account")) {
    return Line(
        Text("its service account is missing: install again (chains up --kubernetes), or "
             "correct serviceAccount in the cluster's settings",
             said));
  }
  if (Has(message, "PriorityClass")) {
    return Line(
        Text("its priority class is missing: correct priorityClass in the cluster's "
             "settings",
             said));
  }
  if (Has(message, "RuntimeClass")) {
    return Line(
        Text("its runtime class is missing: correct gpuRuntimeClass in the cluster's "
             "settings",
             said));
  }
  if (Has(message, "admission webhook")) {
    return Line(Text("an admission webhook of the cluster refuses its pods", said));
  }
  return Line(Text("Kubernetes does not make its pod: ", message));
}

std::string WhyWaiting(const Waiting& waiting) {
  if (waiting.pod == nullptr) {
    if (waiting.deployment != nullptr) {
      if (const Json* const failure = ConditionOf(*waiting.deployment, "ReplicaFailure", "True")) {
        return WhyRefused(StringAt(*failure, "/message"));
      }
    }
    return Line(WhyFromEvents(waiting.events));
  }
  const Json& pod = *waiting.pod;
  if (HasEnded(pod)) return Line(HowItEnded(pod));
  if (const Json* const scheduled = ConditionOf(pod, "PodScheduled", "False")) {
    return Line(WhyUnschedulable(waiting, StringAt(*scheduled, "/message")));
  }
  std::string why = WhyContainerWaits(pod);
  if (why.empty() && !ContainerRuns(pod)) why = WhyFromEvents(waiting.events);
  if (why.empty() && RestartsOf(pod) > 0) {
    why = Text("its pod's agent was started ", RestartsOf(pod) + 1, " times: ", HowItEnded(pod));
  }
  return Line(std::move(why));
}

}  // namespace chains::deploy
