// Cluster: what a Kubernetes cluster makes of objects, step by step: ReplicaSets and pods of
// Deployments, a scheduler, kubelets, endpoints, the garbage collector. Which of them does its next
// thing is drawn, so a seed is an order of events.
//
//   Cluster cluster(clock, server, seed, [](const Json& pod) { return MakeProgram(pod); });
//   cluster.AddNode({.name = "node1", .cpus = 8, .gpus = 1});
//   while (cluster.Step()) clock.Settle();          // until nobody has anything to do
//   cluster.LoseNode("node1");
//
// What runs in pods is the test's own: a PodProgram, which its kubelet starts, asks whether it is
// ready, tells to end, and ends by force.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "chains/testing/fake_clock.h"
#include "tests/support/kubernetes/api_server.h"

namespace chains::deploy::fake {

// The first process of a pod's container. Destroying it kills it.
class PodProgram {
 public:
  virtual ~PodProgram() = default;
  virtual bool ready() const = 0;  // what a readiness probe sees
  virtual void Terminate() = 0;    // SIGTERM
  virtual bool ended() const = 0;
};

struct Node {
  std::string name;
  double cpus = 8;
  double memory = 64.0 * (int64_t{1} << 30);
  double gpus = 0;
  bool up = true;
};

// On the clock's loop.
class Cluster {
 public:
  // Of a pod that is scheduled and has its address.
  using Start = std::function<std::unique_ptr<PodProgram>(const Json& pod)>;
  // Both outlive it.
  Cluster(chains::testing::FakeClock& clock, ApiServer& server, uint64_t seed, Start start);
  ~Cluster();

  void AddNode(Node node) { nodes_[node.name] = std::move(node); }
  // Its kubelet and all that runs there are gone; pods stay as they were until somebody notices.
  void LoseNode(const std::string& name);
  void RestoreNode(const std::string& name) { nodes_.at(name).up = true; }
  // Somebody deletes a pod; it goes at once, with `force`.
  void DeletePod(const std::string& name, bool force);
  // Its container ends and is started anew: "OOMKilled", "Error".
  void FailContainer(const std::string& pod, const std::string& reason, int code);
  // Images cannot be pulled from now on, or can be.
  void BreakRegistry(bool broken) { registry_broken_ = broken; }

  // Somebody of those who have something to do does it. False: nobody has.
  bool Step();

  // Until the next change of any object.
  const std::vector<Json>& Objects(const std::string& api_version, const std::string& plural) const;
  std::vector<std::string> RunningPods() const;
  PodProgram* ProgramOf(const std::string& pod) const;
  // Since when calls are not led to a pod any more; past: they are; future: they never were.
  absl::Time NotReadySince(const std::string& pod_uid) const;

 private:
  using Action = std::function<void()>;

  void ForDeployments(std::vector<Action>& actions);
  void ForReplicaSets(std::vector<Action>& actions);
  void ForPods(std::vector<Action>& actions);
  void ForKubelet(const Json& pod, std::vector<Action>& actions);
  void ForEndpoints(std::vector<Action>& actions);
  void ForGarbage(std::vector<Action>& actions);

  void MakeReplicaSet(const Json& deployment);
  void MakePod(const Json& set);
  void DeleteOne(const std::vector<const Json*>& pods);
  void Schedule(const Json& pod, std::vector<Action>& actions);
  void StartPod(const Json& pod);
  void EndPod(const Json& pod);
  std::vector<const Json*> PodsOf(const Json& set) const;
  double UsedOn(const std::string& node, const std::string& resource) const;

  void Put(const Json& object);
  void Change(const Json& object, const std::function<void(Json&)>& change);
  void Delete(const Json& object, Json options);
  std::string RandomSuffix();

  struct Copy {
    uint64_t version = 0;
    std::vector<Json> objects = {};
  };

  chains::testing::FakeClock& clock_;
  ApiServer& server_;
  std::mt19937_64 random_;
  const Start start_;
  std::map<std::string, Node> nodes_;
  std::map<std::string, std::unique_ptr<PodProgram>> programs_;  // by the pod's uid
  std::map<std::string, absl::Time> not_ready_since_;            // by uid
  std::set<std::string> terminated_;                             // by uid: they were told
  mutable std::map<const Resource*, Copy> copies_;               // what Objects() gave
  bool registry_broken_ = false;
  int addresses_ = 0;
};

// Conditions of a pod's status.
void SetCondition(Json& object, const std::string& type, bool value, const std::string& reason,
                  const std::string& message, absl::Time now);
bool HasCondition(const Json& object, const std::string& type);

}  // namespace chains::deploy::fake
