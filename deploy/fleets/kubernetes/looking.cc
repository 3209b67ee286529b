// KubernetesFleet: what has become of replicas' pods, and which pod gets which replica.
#include <algorithm>

#include "chains/core/text.h"
#include "deploy/fleets/kubernetes/kubernetes_fleet_impl.h"
#include "deploy/fleets/kubernetes/labels.h"
#include "deploy/fleets/kubernetes/pod_facts.h"

namespace chains::deploy {
namespace {

// Without its agent for so long, and with a container that does not run: it is lost.
constexpr absl::Duration kReattach = absl::Seconds(5);
// The kubelet's clock, and its word, may be late by so much.
constexpr absl::Duration kKubeletIsLate = absl::Seconds(5);
// An agent that has lost its program is faster here than the kubelet's word of why.
constexpr absl::Duration kWhy = absl::Seconds(2);
// What was asked to leave and whose agent says nothing, beyond its patience.
constexpr absl::Duration kBeyondPatience = absl::Seconds(30);

}  // namespace

void KubernetesFleet::Impl::Look(absl::Time now) {
  std::vector<FleetState::Key> keys;
  for (const auto& [key, replica] : state_.replicas) keys.push_back(key);
  for (const FleetState::Key& key : keys) {
    if (FleetReplica* const replica = state_.Find(key.first, key.second)) LookAt(*replica, now);
  }
  ForgetPods();
}

void KubernetesFleet::Impl::LookAt(FleetReplica& replica, absl::Time now) {
  if (replica.stopping && !replica.told) {
    return state_.End(replica, /*asked=*/true, "was not started", {}, now);
  }
  if (replica.pod.empty()) return;
  const Json* const pod = pods_.Find(replica.pod);
  if (pod == nullptr || UidOf(*pod) != replica.pod_uid) {
    return EndOrPutBack(replica, "its pod was deleted", now);
  }
  if (HasEnded(*pod) || IsLost(replica, *pod, now)) {
    return EndOrPutBack(replica, HowItEnded(*pod), now);
  }
  if (IsBeingDeleted(*pod) && !replica.told) return state_.PutBack(replica);
  if (!replica.stopping) return;
  if (replica.give_up == absl::InfiniteFuture()) {
    replica.give_up = now + replica.patience + kBeyondPatience;
  }
  WakeAt(replica.give_up);
  // Its agent hangs, or is cut off. The kubelet ends the pod, and its end is the replica's.
  if (now >= replica.give_up && !IsBeingDeleted(*pod)) Delete(kinds::kPod, *pod);
}

bool KubernetesFleet::Impl::IsLost(const FleetReplica& replica, const Json& pod, absl::Time now) {
  const bool started_anew = RestartsOf(pod) > replica.note.restarts;
  if (replica.lost()) {
    WakeAt(replica.lost_since + kWhy);
    return started_anew || now - replica.lost_since >= kWhy;
  }
  const AgentPod* const agent = state_.FindPod(replica.deployment, replica.pod);
  if (agent != nullptr && agent->stream != 0) return false;
  const absl::Time gone_since = agent == nullptr ? absl::InfinitePast() : agent->gone_since;
  const absl::Time end_of_grace = EndOfGrace(pod);
  WakeAt(gone_since + kReattach);
  if (now - gone_since < kReattach) return false;
  if (!ContainerRuns(pod) || started_anew) return true;
  // Its node does not answer any more: the pod stays as it was, and nobody ends it.
  if (end_of_grace != absl::InfiniteFuture()) WakeAt(end_of_grace + kKubeletIsLate);
  return end_of_grace + kKubeletIsLate <= now;
}

// What its agent never heard of has not begun: it gets another pod.
void KubernetesFleet::Impl::EndOrPutBack(FleetReplica& replica, std::string how, absl::Time now) {
  if (!replica.told) return state_.PutBack(replica);
  const std::string where = Text(" (pod ", replica.pod, ")");
  state_.End(replica, replica.stopping, how + where, {}, now);
}

void KubernetesFleet::Impl::ForgetPods() {
  std::erase_if(state_.pods, [this](const auto& named) {
    const auto& [key, agent] = named;
    if (agent.stream != 0 || state_.InPod(key.first, key.second) != nullptr) return false;
    const Json* const pod = pods_.Find(key.second);
    return pod == nullptr || UidOf(*pod) != agent.uid;
  });
}

// Who says that he is the agent of a pod has only his word for it until the cluster says the same.
bool KubernetesFleet::Impl::IsFree(const FleetState::Key& key, const AgentPod& agent,
                                   absl::Time now) const {
  if (agent.stream == 0 || agent.leaving || !agent.runs.empty() || agent.doomed_until > now) {
    return false;
  }
  const Json* const pod = pods_.Find(key.second);
  return pod != nullptr && UidOf(*pod) == agent.uid && !IsBeingDeleted(*pod) && !HasEnded(*pod) &&
         LabelOf(*pod, labels::kDeployment) == LabelValue(key.first) &&
         LabelOf(*pod, labels::kPlace) == agent.place;
}

void KubernetesFleet::Impl::Assign(absl::Time now) {
  std::vector<FleetReplica*> waiting;
  std::set<FleetState::Key> taken;
  for (auto& [key, replica] : state_.replicas) {
    if (replica.pod.empty()) {
      waiting.push_back(&replica);
    } else {
      taken.insert({replica.deployment, replica.pod});
    }
  }
  std::sort(waiting.begin(), waiting.end(),
            [](const FleetReplica* a, const FleetReplica* b) { return a->number < b->number; });
  for (const auto& named : state_.pods) {  // clang captures no structured bindings
    const FleetState::Key& key = named.first;
    const AgentPod& agent = named.second;
    WakeAt(agent.doomed_until);
    if (taken.contains(key) || !IsFree(key, agent, now)) continue;
    const auto its = std::find_if(waiting.begin(), waiting.end(), [&](const FleetReplica* each) {
      return each->deployment == key.first && each->place == agent.place;
    });
    if (its == waiting.end()) continue;
    FleetReplica& replica = **its;
    waiting.erase(its);
    replica.pod = key.second;
    replica.pod_uid = agent.uid;
    replica.noted = false;
    replica.note.restarts = RestartsOf(*pods_.Find(key.second));
  }
}

}  // namespace chains::deploy
