// World: when all is calm, whether everything is as it was wanted.
#include <utility>

#include "chains/core/text.h"
#include "tests/deploy/cluster/world.h"
#include "tests/deploy/cluster/world_gateway.h"

namespace chains::deploy {
namespace {

constexpr absl::Duration kLongest = absl::Minutes(40);
constexpr absl::Duration kPass = absl::Milliseconds(500);
constexpr int kMaxSteps = 2000;  // without time passing
constexpr int kCalm = 10;        // looks in a row that find nothing

constexpr std::pair<const char*, const char*> kOurs[] = {{"v1", "configmaps"},
                                                         {"v1", "secrets"},
                                                         {"v1", "services"},
                                                         {"v1", "pods"},
                                                         {"apps/v1", "deployments"},
                                                         {"apps/v1", "replicasets"},
                                                         {"policy/v1", "poddisruptionbudgets"},
                                                         {"discovery.k8s.io/v1", "endpointslices"}};

}  // namespace

std::string World::Converge() {
  Note("all is calm");
  storms_ = false;
  server_.SetFaults({});
  cluster_->RestoreNode("node2");
  cluster_->BreakRegistry(false);
  if (platform_ == nullptr) StartPlatform();
  if (platform_ == nullptr) return "no platform starts";
  const absl::Time end = clock_.Now() + kLongest;
  std::string wrong;
  for (int calm = 0; clock_.Now() < end && problems_.empty();) {
    int steps = 0;
    while (StepCluster()) {
      TakeAnswers();
      if (++steps > kMaxSteps) return "the cluster does not come to rest";
    }
    Pass(kPass);
    TakeAnswers();
    wrong = WhatIsWrong();
    calm = wrong.empty() ? calm + 1 : 0;
    if (calm == kCalm) return "";
  }
  return wrong.empty() ? "it does not stay as it should be" : wrong;
}

std::string World::WhatIsWrong() {
  if (!asked_.empty()) return Text("not answered: ", asked_.front()->what);
  CheckEnvironment();
  for (const std::string& id : pushed_) {
    if (may_be_gone_.count(id) == 0 && platform_->model().Find(id) == nullptr) {
      return Text("deployment ", id, " is lost");
    }
  }
  for (const std::string& id : deleted_) {
    if (platform_->model().Find(id) != nullptr) return Text("deployment ", id, " is back");
  }
  for (const auto& [version, plural] : kOurs) {
    for (const Json& object : cluster_->Objects(version, plural)) {
      const std::string id = LabelOf(object, "chains.dev/deployment");
      if (!id.empty() && platform_->model().Find(id) == nullptr) {
        return Text(plural, " ", NameOf(object), " is left of deployment ", id);
      }
    }
  }
  for (const auto& [id, deployment] : platform_->model().deployments) {
    std::string wrong = WrongIn(*deployment);
    if (!wrong.empty()) return Text("deployment ", id, ": ", wrong);
  }
  return "";
}

std::string World::WrongIn(Deployment& deployment) {
  if (deployment.active() && deployment.pending != nullptr) return "is pending";
  const bool runs = deployment.active() && deployment.live != nullptr;
  std::map<std::string, int> wanted;
  int all = 0;
  if (runs) {
    for (const Unit& unit : deployment.live->units)
      all += wanted[unit.key] = deployment.WantedOf(unit);
  }
  std::map<std::string, int> ready;
  for (const auto& [name, replica] : deployment.replicas) {
    if (replica.draining) return Text("replica ", name, " still drains");
    const auto seen = seen_.find(name);
    const bool callable = seen != seen_.end() && seen->second.gone_since == absl::InfiniteFuture();
    if (!replica.is_ready() || !callable) {
      return Text("replica ", name, " is not ready: ", replica.place.problem);
    }
    ++ready[replica.unit];
  }
  for (const auto& [unit, count] : wanted) {
    if (ready[unit] != count) return Text("a unit has ", ready[unit], " of ", count, " replicas");
  }
  int pods = 0;
  for (const Json& pod : cluster_->Objects("v1", "pods")) {
    pods += LabelOf(pod, "chains.dev/deployment") == deployment.id();
  }
  return pods == all ? "" : Text(pods, " pods for ", all, " replicas");
}

}  // namespace chains::deploy
