#include "deploy/fleets/kubernetes/fleet_state.h"

namespace chains::deploy {

FleetReplica* FleetState::Find(const std::string& deployment, const std::string& replica) {
  const auto found = replicas.find({deployment, replica});
  return found == replicas.end() ? nullptr : &found->second;
}

const FleetReplica* FleetState::Find(const std::string& deployment,
                                     const std::string& replica) const {
  const auto found = replicas.find({deployment, replica});
  return found == replicas.end() ? nullptr : &found->second;
}

AgentPod* FleetState::FindPod(const std::string& deployment, const std::string& pod) {
  const auto found = pods.find({deployment, pod});
  return found == pods.end() ? nullptr : &found->second;
}

FleetReplica* FleetState::InPod(const std::string& deployment, const std::string& pod) {
  return const_cast<FleetReplica*>(std::as_const(*this).InPod(deployment, pod));
}

const FleetReplica* FleetState::InPod(const std::string& deployment, const std::string& pod) const {
  if (pod.empty()) return nullptr;
  for (auto each = replicas.lower_bound({deployment, ""});
       each != replicas.end() && each->first.first == deployment; ++each) {
    if (each->second.pod == pod) return &each->second;
  }
  return nullptr;
}

void FleetState::End(FleetReplica& replica, bool asked, std::string how,
                     std::vector<std::string> last_lines, absl::Time now) {
  ReplicaExit exit;
  exit.deployment = replica.deployment;
  exit.name = replica.note.replica;
  exit.asked = asked;
  exit.how = std::move(how);
  exit.last_lines = std::move(last_lines);
  if (AgentPod* const pod = FindPod(replica.deployment, replica.pod)) {
    pod->free_since = now;
    pod->crashed = !asked;
  }
  replicas.erase({exit.deployment, exit.name});
  exits.push_back(std::move(exit));
  changed.Give();
}

void FleetState::PutBack(FleetReplica& replica) {
  replica.pod.clear();
  replica.pod_uid.clear();
  replica.noted = false;
  replica.told = false;
  replica.seen = false;
  changed.Give();
}

}  // namespace chains::deploy
