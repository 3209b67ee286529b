// FleetState: what a fleet on a cluster knows beside the cluster's own objects: what is deployed,
// which replicas are to run, and which pods' agents are attached.
//
// Between those who use it (the fleet, and the service that agents call) it is plain data of the
// platform's loop. Who changes it gives `changed`.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "chains/core/notice.h"
#include "chains/v1/pods.pb.h"
#include "deploy/apiserver/object.h"
#include "deploy/fleets/fleet.h"
#include "deploy/fleets/kubernetes/replica_note.h"

namespace chains::deploy {

// An object as it is to be, and whether the API server was told.
struct WantedObject {
  ObjectKind kind;
  Json object;          // without owner, and a Deployment without replicas
  std::string digest;   // of it
  std::string applied;  // the digest and owner of what was applied last
};

// What the fleet was told by Deploy().
struct KnownDeployment {
  FleetDeployment wanted;
  absl::Status problem;               // why its objects cannot be made
  std::vector<WantedObject> objects;  // all but those of units that have a problem
  std::string owner_uid;              // of its ConfigMap, as the cluster has it; empty: none yet
};

// Where replicas of a unit run: one Deployment object.
struct Place {
  std::string deployment;
  FleetUnit unit;
  absl::Status problem;  // why there can be none; replicas of it end at once
};

struct FleetReplica {
  std::string deployment;
  v1::ReplicaOrder order;  // of one that an earlier platform started only its name is known
  ReplicaNote note;
  std::string place;
  std::string pod;      // that it was given; empty: it waits for one
  std::string pod_uid;  // of that
  bool noted = false;   // that is written on the pod: its agent may be told
  bool told = false;    // its agent was, or may have been
  bool seen = false;    // its agent has it: fetches it, or runs it
  bool found = false;   // it was there before this platform
  // Its agent attached without it: it is lost, and its pod's status is about to say how.
  absl::Time lost_since = absl::InfiniteFuture();
  bool stopping = false;
  absl::Duration patience;
  absl::Time give_up = absl::InfiniteFuture();  // then its pod is deleted
  bool reachable = false;
  std::string placed;   // what was told of where it is
  uint64_t number = 0;  // the order in which they are to get pods

  bool lost() const { return lost_since < absl::InfiniteFuture(); }
};

// A pod whose agent is attached, or was.
struct AgentPod {
  std::string uid;
  std::string place;
  uint64_t stream = 0;  // 0: it is not attached
  absl::Time gone_since = absl::InfinitePast();
  bool leaving = false;
  std::string runs;  // a replica's name
  bool has_process = false;
  std::string doing;
  std::map<std::string, uint64_t> output_kept;  // by replica
  // Without a replica since then, and whether one crashed in it: another attempt may come.
  absl::Time free_since = absl::InfinitePast();
  bool crashed = false;
  absl::Time doomed_until = absl::InfinitePast();  // the cluster may be about to delete it
};

class FleetState {
 public:
  using Key = std::pair<std::string, std::string>;  // deployment, and a name in it

  FleetState() = default;
  FleetState(const FleetState&) = delete;

  // Null: there is none.
  FleetReplica* Find(const std::string& deployment, const std::string& replica);
  const FleetReplica* Find(const std::string& deployment, const std::string& replica) const;
  AgentPod* FindPod(const std::string& deployment, const std::string& pod);
  // Who has a pod; null: nobody.
  FleetReplica* InPod(const std::string& deployment, const std::string& pod);
  const FleetReplica* InPod(const std::string& deployment, const std::string& pod) const;

  // It does not run any more: forgotten here, and told to the platform by the fleet's next look.
  void End(FleetReplica& replica, bool asked, std::string how, std::vector<std::string> last_lines,
           absl::Time now);
  // It never came to run in the pod that it was given: it waits for another.
  void PutBack(FleetReplica& replica);

  std::map<std::string, KnownDeployment> deployments;  // by id
  std::map<std::string, Place> places;                 // by name, of `deployments`
  std::map<Key, FleetReplica> replicas;
  std::map<Key, AgentPod> pods;  // those with an agent, by name
  std::deque<ReplicaExit> exits;
  uint64_t last_number = 0;
  Notice changed;
};

}  // namespace chains::deploy
