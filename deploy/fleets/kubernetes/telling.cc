// KubernetesFleet: what the platform is told: who ended, who can be reached, where replicas are or
// why they wait.
#include "absl/strings/match.h"
#include "chains/core/text.h"
#include "deploy/fleets/kubernetes/kubernetes_fleet_impl.h"
#include "deploy/fleets/kubernetes/labels.h"
#include "deploy/fleets/kubernetes/objects.h"
#include "deploy/fleets/kubernetes/pod_facts.h"
#include "deploy/fleets/kubernetes/why_waiting.h"

namespace chains::deploy {
namespace {

// Those that the cluster leads calls to, by uid. Where a condition is missing it is as discovery/v1
// says: unknown readiness is readiness, and nobody is terminating.
std::set<std::string> ReadyPods(const std::map<std::string, Json>& slices) {
  std::set<std::string> ready;
  for (const auto& [name, slice] : slices) {
    for (const Json& endpoint : At(slice, "/endpoints")) {
      if (!BoolAt(endpoint, "/conditions/ready", true)) continue;
      if (BoolAt(endpoint, "/conditions/terminating", false)) continue;
      ready.insert(StringAt(endpoint, "/targetRef/uid"));
    }
  }
  ready.erase("");
  return ready;
}

}  // namespace

void KubernetesFleet::Impl::TellExits() {
  while (!state_.exits.empty()) {
    ReplicaExit exit = std::move(state_.exits.front());
    state_.exits.pop_front();
    if (hooks_.on_exit != nullptr) hooks_.on_exit(std::move(exit));
  }
}

void KubernetesFleet::Impl::TellReachable() {
  const std::set<std::string> ready = ReadyPods(slices_.objects());
  std::vector<std::pair<FleetState::Key, bool>> changes;
  for (auto& [key, replica] : state_.replicas) {
    const AgentPod* const agent = state_.FindPod(key.first, replica.pod);
    const bool reachable = replica.seen && !replica.lost() && agent != nullptr &&
                           agent->runs == key.second && agent->has_process &&
                           ready.contains(replica.pod_uid);
    if (reachable == replica.reachable) continue;
    replica.reachable = reachable;
    changes.emplace_back(key, reachable);
  }
  if (hooks_.on_reachable == nullptr) return;
  for (const auto& [key, reachable] : changes)
    hooks_.on_reachable(key.first, key.second, reachable);
}

void KubernetesFleet::Impl::TellPlaced() {
  std::set<std::string> changed;
  for (auto& [key, replica] : state_.replicas) {
    const ReplicaPlace place = PlaceOf(key.first, key.second);
    std::string text = Text(place.node, "\n", place.problem);
    if (text == replica.placed) continue;
    replica.placed = std::move(text);
    changed.insert(key.first);
  }
  if (hooks_.on_placed == nullptr) return;
  for (const std::string& deployment : changed) hooks_.on_placed(deployment);
}

ReplicaPlace KubernetesFleet::Impl::PlaceOf(const std::string& deployment,
                                            const std::string& name) const {
  const FleetReplica* const replica = state_.Find(deployment, name);
  if (replica == nullptr) return {};
  ReplicaPlace place;
  const Json* const pod = replica->pod.empty() ? nullptr : pods_.Find(replica->pod);
  if (pod == nullptr) {
    place.problem = WhyNoPod(*replica);
    return place;
  }
  place.node = NodeText(*pod);
  const auto agent = state_.pods.find({deployment, replica->pod});
  if (replica->seen && agent != state_.pods.end()) {
    if (!agent->second.has_process) place.problem = agent->second.doing;
    return place;
  }
  place.problem = WhyNoPod(*replica);
  return place;
}

std::vector<const Json*> KubernetesFleet::Impl::EventsOf(const std::string& place,
                                                         const Json* pod) const {
  std::vector<const Json*> events;
  for (const auto& [name, event] : events_.objects()) {
    if (StringAt(event, "/type") != "Warning") continue;
    const std::string of = StringAt(event, "/involvedObject/name");
    const std::string kind = StringAt(event, "/involvedObject/kind");
    const bool is_its = pod != nullptr
                            ? kind == "Pod" && of == NameOf(*pod)
                            : (kind == "ReplicaSet" && absl::StartsWith(of, place + "-")) ||
                                  (kind == "Deployment" && of == place);
    if (is_its) events.push_back(&event);
  }
  return events;
}

// The API server's refusals first, then those of whoever makes pods of what it was given.
std::string KubernetesFleet::Impl::WhyNoPod(const FleetReplica& replica) const {
  const auto known = state_.deployments.find(replica.deployment);
  if (known != state_.deployments.end() && work_) {
    if (!known->second.problem.ok()) return std::string(MessageOf(known->second.problem));
    for (const std::string& key : {Text("apply ConfigMap ", OwnerName(known->second.wanted)),
                                   Text("apply Secret ", OwnerName(known->second.wanted)),
                                   Text("apply Deployment ", replica.place),
                                   Text("scale ", replica.place), Text("note ", replica.pod)}) {
      if (const absl::Status* const problem = work_->ProblemOf(key)) {
        return std::string(MessageOf(*problem));
      }
    }
  }
  if (!pods_.problem().ok()) return std::string(MessageOf(pods_.problem()));
  Waiting waiting;
  waiting.deployment = places_.Find(replica.place);
  if (const auto place = state_.places.find(replica.place); place != state_.places.end()) {
    waiting.gpu = place->second.unit.resources.gpu();
    waiting.gpu_optional = place->second.unit.resources.gpu_optional();
  }
  // Any of its place that nobody has and about which something is known.
  std::string why;
  for (const auto& [name, pod] : pods_.objects()) {
    if (LabelOf(pod, labels::kPlace) != replica.place || IsBeingDeleted(pod)) continue;
    const FleetReplica* const in_it = state_.InPod(replica.deployment, name);
    if (in_it != nullptr && in_it != &replica) continue;
    waiting.pod = &pod;
    waiting.events = EventsOf(replica.place, &pod);
    why = WhyWaiting(waiting);
    if (!why.empty() && !HasEnded(pod)) return why;
  }
  waiting.pod = nullptr;
  waiting.events = EventsOf(replica.place, nullptr);
  const std::string refused = WhyWaiting(waiting);
  return refused.empty() ? why : refused;
}

}  // namespace chains::deploy
