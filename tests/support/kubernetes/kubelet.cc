// Cluster: where pods are placed, and what kubelets do with them.
#include <algorithm>
#include <utility>

#include "absl/strings/str_join.h"
#include "chains/core/text.h"
#include "tests/support/kubernetes/cluster.h"
#include "tests/support/kubernetes/quantity.h"

namespace chains::deploy::fake {
namespace {

constexpr const char* kResources[] = {"cpu", "memory", "nvidia.com/gpu"};

double Wants(const Json& pod, const std::string& resource) {
  double wanted = 0;
  for (const Json& container : At(pod, "/spec/containers")) {
    const Json& requests = At(container, "/resources/requests");
    const auto found = requests.find(resource);
    if (found != requests.end()) wanted += ParseQuantity(*found).value_or(0);
  }
  return wanted;
}

double Has(const Node& node, const std::string& resource) {
  if (resource == "cpu") return node.cpus;
  return resource == "memory" ? node.memory : node.gpus;
}

bool HasEnded(const Json& pod) {
  const std::string phase = StringAt(pod, "/status/phase");
  return phase == "Failed" || phase == "Succeeded";
}

absl::Time EndOfGrace(const Json& pod) {
  absl::Time end = absl::InfinitePast();
  std::string problem;
  const std::string text = StringAt(pod, "/metadata/deletionTimestamp");
  absl::ParseTime(absl::RFC3339_full, text, &end, &problem);
  return end;
}

Json ContainerStatus(const Json& pod, Json state, bool ready) {
  const Json& before = At(pod, "/status/containerStatuses/0");
  Json status = {{"name", StringAt(pod, "/spec/containers/0/name")},
                 {"image", StringAt(pod, "/spec/containers/0/image")},
                 {"imageID", ""},
                 {"ready", ready},
                 {"restartCount", IntAt(before, "/restartCount")},
                 {"state", std::move(state)}};
  if (before.contains("lastState")) status["lastState"] = before["lastState"];
  return Json::array({std::move(status)});
}

}  // namespace

double Cluster::UsedOn(const std::string& node, const std::string& resource) const {
  double used = 0;
  for (const Json& pod : Objects("v1", "pods")) {
    if (StringAt(pod, "/spec/nodeName") == node && !HasEnded(pod)) used += Wants(pod, resource);
  }
  return used;
}

void Cluster::ForPods(std::vector<Action>& actions) {
  for (const Json& pod : Objects("v1", "pods")) {
    const auto node = nodes_.find(StringAt(pod, "/spec/nodeName"));
    if (node == nodes_.end()) {
      if (!IsBeingDeleted(pod)) Schedule(pod, actions);
    } else if (node->second.up) {
      ForKubelet(pod, actions);
    } else if (IsBeingDeleted(pod)) {
      // Its node does not answer; sooner or later somebody, or the collector of pods, forces it.
      actions.push_back([this, its = &pod] { Delete(Json(*its), {{"gracePeriodSeconds", 0}}); });
    } else if (HasCondition(pod, "Ready")) {
      actions.push_back([this, its = &pod] {
        Change(*its, [this](Json& next) {
          SetCondition(next, "Ready", false, "NodeNotReady", "", clock_.Now());
        });
      });
    } else {
      actions.push_back([this, its = &pod] { Delete(Json(*its), Json::object()); });
    }
  }
}

// As the scheduler says it (kubernetes, pkg/scheduler/framework/types.go: FitError).
void Cluster::Schedule(const Json& pod, std::vector<Action>& actions) {
  std::vector<std::string> fit;
  std::map<std::string, int> reasons;
  for (const auto& [name, node] : nodes_) {
    std::string lacks;
    for (const char* const resource : kResources) {
      const double wanted = Wants(pod, resource);
      if (wanted > 0 && UsedOn(name, resource) + wanted > Has(node, resource)) lacks = resource;
    }
    if (!node.up) {
      ++reasons["node(s) had untolerated taint(s)"];
    } else if (!lacks.empty()) {
      ++reasons["Insufficient " + lacks];
    } else {
      fit.push_back(name);
    }
  }
  if (!fit.empty()) {
    const std::string node = fit[random_() % fit.size()];
    actions.push_back([this, its = &pod, node] {
      Change(*its, [&](Json& next) {
        next["spec"]["nodeName"] = node;
        SetCondition(next, "PodScheduled", true, "", "", clock_.Now());
      });
    });
    return;
  }
  std::vector<std::string> texts;
  for (const auto& [reason, count] : reasons) texts.push_back(Text(count, " ", reason));
  const std::string message =
      Text("0/", nodes_.size(), " nodes are available: ", absl::StrJoin(texts, ", "), ".");
  if (pod.dump().find(message) != std::string::npos) return;  // it says so already
  actions.push_back([this, its = &pod, message] {
    Change(*its, [&](Json& next) {
      SetCondition(next, "PodScheduled", false, "Unschedulable", message, clock_.Now());
    });
  });
}

void Cluster::ForKubelet(const Json& pod, std::vector<Action>& actions) {
  const auto running = programs_.find(UidOf(pod));
  PodProgram* const program = running == programs_.end() ? nullptr : running->second.get();
  if (IsBeingDeleted(pod)) {
    const bool gone = program == nullptr || program->ended() || clock_.Now() >= EndOfGrace(pod);
    if (gone || terminated_.count(UidOf(pod)) == 0) {
      actions.push_back([this, its = &pod] { EndPod(Json(*its)); });
    }
    return;
  }
  if (HasEnded(pod)) return;
  if (program == nullptr) {
    if (registry_broken_ && pod.dump().find("ImagePullBackOff") != std::string::npos) return;
    actions.push_back([this, its = &pod] { StartPod(Json(*its)); });
    return;
  }
  if (program->ended()) {
    actions.push_back([this, its = &pod] { FailContainer(NameOf(*its), "Completed", 0); });
    return;
  }
  const bool ready = program->ready();
  if (ready == HasCondition(pod, "Ready")) return;
  actions.push_back([this, its = &pod, ready] {
    Change(*its, [this, ready](Json& next) {
      SetCondition(next, "Ready", ready, ready ? "" : "ContainersNotReady", "", clock_.Now());
      next["status"]["containerStatuses"][0]["ready"] = ready;
    });
  });
}

void Cluster::StartPod(const Json& pod) {
  const absl::Time now = clock_.Now();
  if (registry_broken_) {
    const Json waiting = {{"waiting",
                           {{"reason", "ImagePullBackOff"},
                            {"message", Text("Back-off pulling image \"",
                                             StringAt(pod, "/spec/containers/0/image"), "\"")}}}};
    Change(pod, [&](Json& next) {
      next["status"]["containerStatuses"] = ContainerStatus(next, waiting, false);
    });
    return;
  }
  Json started;
  const std::string address = Text("10.0.", addresses_ / 250, ".", 1 + addresses_ % 250);
  const bool has_address = !StringAt(pod, "/status/podIP").empty();
  if (!has_address) ++addresses_;
  Change(pod, [&](Json& next) {
    Json& status = next["status"];
    status["phase"] = "Running";
    if (!has_address) status["podIP"] = address;
    status["podIPs"] = Json::array({{{"ip", status["podIP"]}}});
    const Json running = {{"running", {{"startedAt", TimeText(now)}}}};
    status["containerStatuses"] = ContainerStatus(next, running, false);
    SetCondition(next, "Ready", false, "ContainersNotReady", "", now);
    started = next;
  });
  if (!started.is_null()) programs_[UidOf(pod)] = start_(started);
}

// Tells its program to end; or ends it, and the pod.
void Cluster::EndPod(const Json& pod) {
  const auto running = programs_.find(UidOf(pod));
  if (running != programs_.end() && !running->second->ended()) {
    if (terminated_.insert(UidOf(pod)).second) running->second->Terminate();
    if (clock_.Now() < EndOfGrace(pod)) return;
  }
  terminated_.erase(UidOf(pod));
  programs_.erase(UidOf(pod));
  Delete(pod, {{"gracePeriodSeconds", 0}});
}

}  // namespace chains::deploy::fake
