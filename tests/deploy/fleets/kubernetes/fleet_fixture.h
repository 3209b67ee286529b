// FleetTest: a KubernetesFleet on a small cluster, and what it tells its platform.
//
//   Deploy(Hello());
//   Start("hello.SayHello", "SayHello-1");
//   Settle();
//   EXPECT_TRUE(Reachable("SayHello-1"));
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "chains/core/text.h"
#include "chains/testing/status_matchers.h"
#include "deploy/fleets/kubernetes/kubernetes_fleet.h"
#include "deploy/fleets/kubernetes/labels.h"
#include "deploy/fleets/kubernetes/objects.h"
#include "deploy/fleets/kubernetes/pod_facts.h"
#include "tests/deploy/fleets/kubernetes/made_deployments.h"
#include "tests/deploy/fleets/kubernetes/small_cluster.h"

namespace chains::deploy {

class FleetTest : public ::testing::Test {
 protected:
  explicit FleetTest(ClusterSettings settings = {}) : settings_(std::move(settings)) { Platform(); }

  // A platform begins, and takes over what is there.
  void Platform() {
    cluster_.server.SetFaults({});
    fleet_ = std::make_unique<KubernetesFleet>(api_, settings_, HooksHere());
    const absl::StatusOr<std::vector<FoundReplica>> found = cluster_.Ask(fleet_->Find());
    ASSERT_TRUE(found.ok()) << found.status();
    found_ = *found;
    for (const auto& [id, deployment] : deployed_) fleet_->Deploy(deployment);
    running_.emplace(clock_, fleet_->Run());
    for (const Json& pod : cluster_.Objects(kinds::kPod)) Reattach(NameOf(pod));
    Settle();
  }
  // It is killed: agents' streams break, and all that it had in memory is gone.
  void Kill() {
    cluster_.server.SetFaults({});
    for (const Json& pod : cluster_.Objects(kinds::kPod)) {
      if (cluster_.HasAgent(NameOf(pod))) cluster_.Agent(NameOf(pod)).Detach();
    }
    running_.reset();
    fleet_.reset();
    reachable_.clear();
    clock_.Settle();
  }
  void Reattach(const std::string& pod) {
    if (!cluster_.HasAgent(pod) || cluster_.Agent(pod).attached()) return;
    cluster_.Agent(pod).Attach(fleet_->pods());
  }

  void Deploy(const FleetDeployment& deployment) {
    deployed_[deployment.id] = deployment;
    tokens_[deployment.id] = deployment.token;
    fleet_->Deploy(deployment);
  }
  ReplicaSpec SpecOf(const FleetDeployment& deployment, size_t unit, const std::string& name) {
    ReplicaSpec spec;
    spec.deployment = deployment.id;
    spec.name = name;
    spec.chain = deployment.chain;
    spec.unit = "unit-key";
    spec.revision = 7;
    spec.chainlets = deployment.units[unit].chainlets;
    spec.resources = deployment.units[unit].resources;
    spec.bundle = deployment.bundle;
    spec.program = "bin/program";
    spec.secrets = {{"key", "secret-value"}};
    spec.assets = {{"model", "/ignored"}};
    return spec;
  }
  void Start(const std::string& name, size_t unit = 0) {
    fleet_->Start(SpecOf(deployed_.begin()->second, unit, name));
  }
  void Stop(const std::string& name, absl::Duration patience = absl::Seconds(35)) {
    fleet_->Stop(deployed_.begin()->first, name, patience);
  }

  // Until nothing happens any more, without time.
  void Settle() {
    for (int i = 0; i < 100; ++i) {
      clock_.Settle();
      cluster_.server.SetFaults({});  // they are the fleet's, not the cluster's
      const bool changed = cluster_.Step(fleet_ == nullptr ? nullptr : &fleet_->pods(), tokens_);
      cluster_.server.SetFaults(faults_);
      clock_.Settle();
      if (!changed) return;
    }
    ADD_FAILURE() << "it does not come to rest";
  }
  void Pass(absl::Duration duration) {
    const absl::Time end = clock_.Now() + duration;
    while (clock_.Now() < end) {
      clock_.Advance(std::min(absl::Seconds(1), end - clock_.Now()));
      Settle();
    }
  }

  std::string PlaceOfUnit(size_t unit = 0) {
    const FleetDeployment& deployment = deployed_.begin()->second;
    return PlaceName(deployment, deployment.units[unit], settings_);
  }
  int64_t ReplicasOf(const std::string& place) {
    return IntAt(cluster_.Object(kinds::kDeployment, place), "/spec/replicas", -1);
  }
  std::vector<std::string> Pods() {
    std::vector<std::string> names;
    for (const Json& pod : cluster_.Objects(kinds::kPod)) names.push_back(NameOf(pod));
    return names;
  }
  bool Reachable(const std::string& replica) const {
    const auto found = reachable_.find(replica);
    return found != reachable_.end() && found->second;
  }
  std::string Problem(const std::string& replica) {
    return fleet_->PlaceOf(deployed_.begin()->first, replica).problem;
  }
  const ReplicaExit* ExitOf(const std::string& replica) const {
    for (const ReplicaExit& exit : exits_) {
      if (exit.name == replica) return &exit;
    }
    return nullptr;
  }

  KubernetesFleet::Hooks HooksHere() {
    KubernetesFleet::Hooks hooks;
    hooks.on_exit = [this](ReplicaExit exit) { exits_.push_back(std::move(exit)); };
    hooks.on_reachable = [this](const std::string&, const std::string& name, bool reachable) {
      reachable_[name] = reachable;
    };
    hooks.on_scaled = [this](const std::string&, const std::vector<std::string>& chainlets,
                             std::optional<int> replicas) {
      scaled_.emplace_back(chainlets.front(), replicas.value_or(-1));
    };
    hooks.on_placed = [this](const std::string&) { ++placed_; };
    hooks.on_output = [this](const FoundReplica& replica, std::string_view data) {
      output_[replica.name] += data;
    };
    return hooks;
  }

  const ClusterSettings settings_;
  chains::testing::FakeClock clock_;
  SmallCluster cluster_{clock_};
  ApiClient api_{cluster_.server, {.field_manager = "chains-platform"}};
  std::map<std::string, FleetDeployment> deployed_;
  std::map<std::string, std::string> tokens_;
  std::vector<FoundReplica> found_;
  std::vector<ReplicaExit> exits_;
  std::map<std::string, bool> reachable_;
  std::vector<std::pair<std::string, int>> scaled_;
  std::map<std::string, std::string> output_;
  int placed_ = 0;
  fake::Faults faults_;
  std::unique_ptr<KubernetesFleet> fleet_;
  std::optional<chains::testing::Running<void>> running_;
};

}  // namespace chains::deploy
