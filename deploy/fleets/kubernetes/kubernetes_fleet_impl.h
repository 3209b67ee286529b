// What KubernetesFleet is made of. With every change, of what is wanted or of what the cluster has,
// it looks again at all of it:
//
//   what has become of replicas' pods (looking.cc) → which pod gets which replica → objects that
//   differ from what they should be (applying.cc) → how many pods each place has, and what is
//   written on them (scaling.cc) → what the platform is to be told (telling.cc)
//
// What is asked of the API server runs beside that, by key, and gives another look when it ends.
#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "deploy/apiserver/informer.h"
#include "deploy/fleets/kubernetes/fleet_state.h"
#include "deploy/fleets/kubernetes/keyed_work.h"
#include "deploy/fleets/kubernetes/kubernetes_fleet.h"
#include "deploy/fleets/kubernetes/pods_service.h"

namespace chains::deploy {

class KubernetesFleet::Impl {
 public:
  Impl(ApiClient& api, ClusterSettings settings, Hooks hooks);

  Task<std::vector<FoundReplica>> Find();
  Task<void> Run();
  v1::Pods& pods() { return service_; }
  void Deploy(const FleetDeployment& deployment);
  void Remove(const std::string& deployment);
  void Start(ReplicaSpec spec);
  void Stop(const std::string& deployment, const std::string& name, absl::Duration patience);
  ReplicaPlace PlaceOf(const std::string& deployment, const std::string& name) const;
  void RemoveUnknown(const std::vector<std::string>& known);

 private:
  // The pods of a place, as many as it should have.
  struct Need {
    int replicas = 0;
    int idle = 0;                    // kept for the next program
    int pods = 0;                    // that there are, and are not about to go
    std::vector<const Json*> spare;  // those that run without a replica, and are not kept
    int total() const { return replicas + idle; }
  };
  class Working;

  // running.cc
  void ApplyAllAgain(absl::Time next);

  // kubernetes_fleet.cc
  void Changed();
  // Another look then, where that is not over already.
  void WakeAt(absl::Time when) {
    if (when > this_look_) next_look_ = std::min(next_look_, when);
  }
  // The place that a spec's replicas run in; empty: none.
  std::string PlaceFor(const ReplicaSpec& spec) const;
  const KnownDeployment* OwnerOf(const Json& object) const;

  // looking.cc
  void Look(absl::Time now);
  void LookAt(FleetReplica& replica, absl::Time now);
  bool IsLost(const FleetReplica& replica, const Json& pod, absl::Time now);
  void EndOrPutBack(FleetReplica& replica, std::string how, absl::Time now);
  void Assign(absl::Time now);
  bool IsFree(const FleetState::Key& key, const AgentPod& agent, absl::Time now) const;
  void ForgetPods();

  // applying.cc
  void Apply(absl::Time now);
  void ApplyOne(const std::string& deployment, WantedObject& wanted, const std::string& owner);
  Task<void> ApplyNow(std::string deployment, ObjectKind kind, std::string name);
  void CleanUp();
  void DeleteUnwanted(const Informer& those, ObjectKind kind);
  void Delete(ObjectKind kind, const Json& object);
  Task<void> DeleteNow(ObjectKind kind, std::string name, std::string uid);
  Informer* InformerOf(ObjectKind kind);

  // scaling.cc
  bool ScaledByOthers(const std::string& place) const;
  Need NeedOf(const std::string& place, absl::Time now);
  void Scale(absl::Time now);
  void ScaleOne(const Json& deployment, absl::Time now);
  Task<void> ScaleNow(std::string place, std::pair<int, int64_t> ask,
                      std::vector<std::string> doomed, absl::Time now);
  void NotePods();
  Task<void> NoteNow(std::string pod, std::string uid, std::string note, bool cheap);
  void FollowScale();

  // telling.cc
  void TellExits();
  void TellReachable();
  void TellPlaced();
  std::string WhyNoPod(const FleetReplica& replica) const;
  std::vector<const Json*> EventsOf(const std::string& place, const Json* pod) const;

  ApiClient& api_;
  const ClusterSettings settings_;
  const Hooks hooks_;
  FleetState state_;
  PodsService service_;
  Informer owners_, services_, places_, budgets_, pods_, slices_, events_;
  std::optional<Informer> autoscalers_;  // HPAs or ScaledObjects, as the settings say
  std::optional<KeyedWork> work_;        // while it runs

  // By place: how many replicas were asked for, and of which generation of the Deployment.
  std::map<std::string, std::pair<int, int64_t>> asked_;
  std::set<std::string> cheap_;    // pods that are to be the first to go
  std::set<std::string> removed_;  // deployments
  std::optional<std::set<std::string>> known_;
  std::map<FleetState::Key, int> told_scale_;  // by deployment and chainlets
  bool again_ = false;
  absl::Time this_look_ = absl::InfinitePast();
  absl::Time next_look_ = absl::InfiniteFuture();
  absl::Time next_sync_ = absl::InfinitePast();
};

}  // namespace chains::deploy
