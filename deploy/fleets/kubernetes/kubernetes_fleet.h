// KubernetesFleet: replicas in pods of a cluster.
//
//   KubernetesFleet fleet(api, settings, {.on_exit = …, .on_reachable = …, .on_scaled = …});
//   absl::StatusOr<std::vector<FoundReplica>> found = co_await Outcome(fleet.Find());  // once,
//   first …a task of the owner's runs fleet.Run() for good… fleet.Deploy(deployment);
//   fleet.Start(spec);
//
// How it works:
//
//   wanted (Deploy, Start, Stop) ──► objects, by server-side apply ──► Kubernetes makes pods
//   pods' agents ──Pods.Host──► a pod without a replica gets one of its place that has no pod
//   EndpointSlices, Pods, Events ──► who can be reached, who is lost, why somebody waits
//
// A place has as many pods as it has replicas to run. Which replica a pod has is written on the pod
// (an annotation) before its agent is told, so that a platform that comes after this one finds all.
// A replica is stopped by its agent; then its pod goes: it is the one without a program, not ready,
// and cheapest to delete. Where development deployments exchange programs the pod stays a while for
// the next. A pod that is lost, with its node say, is an exit of its replica; one that Kubernetes
// ends is asked by its own agent to leave, as SIGTERM does everywhere.
//
// All on the platform's loop.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "chains/core/task.h"
#include "chains/v1/pods.chains.h"
#include "deploy/apiserver/api_client.h"
#include "deploy/fleets/fleet.h"
#include "deploy/fleets/kubernetes/cluster_settings.h"

namespace chains::deploy {

class KubernetesFleet final : public Fleet {
 public:
  struct Hooks {
    OnExit on_exit;
    OnReachable on_reachable;
    OnScaled on_scaled;
    // Where a replica is, or why it waits, has changed: PlaceOf().
    std::function<void(const std::string& deployment)> on_placed;
    // A replica wrote this, at `offset` of all that it wrote; in order, without gaps.
    std::function<void(const FoundReplica& replica, std::string_view data)> on_output;
  };
  // `api` outlives it.
  KubernetesFleet(ApiClient& api, ClusterSettings settings, Hooks hooks);
  ~KubernetesFleet() override;

  // Replicas that run in pods of the cluster, by the pods' annotations. Before all else, once.
  Task<std::vector<FoundReplica>> Find();
  // Never ends by itself.
  Task<void> Run();
  // Agents' end of chains.v1.Pods, for the platform's server. `deployments known`: by Deploy().
  v1::Pods& pods();

  std::string kind() const override { return "kubernetes"; }
  bool tells_reachable() const override { return true; }
  bool schedules() const override { return true; }
  void Deploy(const FleetDeployment& deployment) override;
  void Remove(const std::string& deployment) override;
  void Start(ReplicaSpec spec) override;
  void Stop(const std::string& deployment, const std::string& name,
            absl::Duration patience) override;
  void Forget(const std::string& deployment, const std::string& name) override;
  ReplicaPlace PlaceOf(const std::string& deployment, const std::string& name) const override;
  // Removes what no deployment of `known` owns: of a platform that died while it deleted.
  void RemoveUnknown(const std::vector<std::string>& known);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace chains::deploy
