#include "deploy/platform/tables.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "chains/core/text.h"
#include "deploy/state/keys.h"

namespace chains::deploy {
namespace {

constexpr uint32_t kMeasureEveryMs = 2000;

void AddThresholds(const Deployment& deployment, const Unit& unit, v1::ReplicaOrders& orders) {
  for (const auto& [chainlet, level] : deployment.record.log_levels()) {
    const bool has = chainlet.empty() || std::find(unit.chainlets.begin(), unit.chainlets.end(),
                                                   chainlet) != unit.chainlets.end();
    if (!has) continue;
    v1::LogThreshold& threshold = *orders.add_log_thresholds();
    threshold.set_chainlet(chainlet);
    threshold.set_level(level);
  }
  // A map has no order, and orders that are the same must look so.
  std::sort(orders.mutable_log_thresholds()->begin(), orders.mutable_log_thresholds()->end(),
            [](const v1::LogThreshold& a, const v1::LogThreshold& b) {
              return a.chainlet() < b.chainlet();
            });
}

void AddEndpoint(const Replica& replica, v1::Endpoint& endpoint) {
  if (!replica.report.addresses().empty()) endpoint.set_address(replica.report.addresses(0));
  endpoint.set_connections(std::max(1u, replica.report.connections()));
  endpoint.set_zone(replica.report.zone());
  endpoint.set_replica(replica.name);
}

std::string ProblemOf(const Deployment& deployment) {
  if (!deployment.record.failure().empty()) {
    return Text("deployment ", deployment.id(),
                " never became live: ", deployment.record.failure());
  }
  if (deployment.record.deactivated()) {
    return Text("deployment ", deployment.id(), " is deactivated; chains activate ",
                deployment.id(), " brings it back");
  }
  return Text("deployment ", deployment.id(), " is not live yet");
}

using Contracts = std::set<std::pair<std::string, std::string>>;  // deployment, contract

Contracts ContractsIn(const v1::RouteTable& table) {
  Contracts contracts;
  for (const v1::DeploymentRoute& route : table.deployments()) {
    contracts.emplace(route.deployment(), route.contract());
  }
  return contracts;
}

void AddDeployment(const Deployment& deployment, absl::Time now, const Contracts& known,
                   v1::RouteTable& table) {
  v1::DeploymentRoute& route = *table.add_deployments();
  route.set_deployment(deployment.id());
  route.set_chain(deployment.record.chain());
  route.set_active(deployment.active() && deployment.live != nullptr);
  if (!route.active()) route.set_problem(ProblemOf(deployment));
  if (deployment.live == nullptr) return;
  const Revision& live = *deployment.live;
  route.set_entrypoint(live.manifest.entrypoint());
  route.set_contract(live.contract);
  if (!known.contains({deployment.id(), live.contract})) {
    *route.mutable_descriptors() = live.descriptors;
  }
  if (deployment.held) return;
  const Unit* const unit = live.UnitOf(live.manifest.entrypoint());
  for (const Replica* replica : deployment.Callable(unit->key, now)) {
    AddEndpoint(*replica, *route.add_replicas());
  }
}

}  // namespace

v1::ReplicaOrders OrdersFor(const Deployment& deployment, const Replica& replica, absl::Time now) {
  v1::ReplicaOrders orders;
  orders.set_report_every_ms(500);
  orders.set_measure_every_ms(kMeasureEveryMs);
  const Revision* const revision = deployment.RevisionOf(replica);
  if (revision == nullptr) return orders;
  const Unit* const unit = revision->Find(replica.unit);
  if (unit == nullptr) return orders;
  AddThresholds(deployment, *unit, orders);
  for (const std::string& chainlet : revision->DependenciesOf(*unit)) {
    v1::Endpoints& endpoints = *orders.add_endpoints();
    endpoints.set_chainlet(chainlet);
    const Unit* const callee = revision->UnitOf(chainlet);
    if (callee == nullptr) continue;
    for (const Replica* each : deployment.Callable(callee->key, now)) {
      AddEndpoint(*each, *endpoints.add_replicas());
    }
  }
  return orders;
}

void AddCallers(const Deployment& deployment, v1::ReplicaOrders& orders) {
  struct Callers {
    std::set<std::string> chainlets;
    bool gateway = false;
  };
  std::map<std::string, Callers> by_chainlet;
  for (const auto& revision : {deployment.live, deployment.pending}) {
    if (revision == nullptr) continue;
    by_chainlet[revision->manifest.entrypoint()].gateway = true;
    for (const v1::Chainlet& chainlet : revision->manifest.chainlets()) {
      by_chainlet[chainlet.name()];
      for (const v1::Dependency& dependency : chainlet.dependencies()) {
        by_chainlet[dependency.chainlet()].chainlets.insert(chainlet.name());
      }
    }
  }
  for (const auto& [chainlet, callers] : by_chainlet) {
    v1::AllowedCallers& allowed = *orders.add_callers();
    allowed.set_chainlet(chainlet);
    allowed.mutable_callers()->Assign(callers.chainlets.begin(), callers.chainlets.end());
    allowed.set_gateway(callers.gateway);
  }
}

v1::RouteTable RoutesOf(const Model& model, absl::Time now, const v1::RouteTable& told) {
  const Contracts known = ContractsIn(told);
  v1::RouteTable table;
  for (const auto& [id, deployment] : model.deployments) {
    AddDeployment(*deployment, now, known, table);
  }
  for (const auto& [name, environment] : model.environments) {
    if (environment.deployment().empty()) continue;
    v1::EnvironmentRoute& route = *table.add_environments();
    route.set_chain(environment.chain());
    route.set_environment(environment.name());
    route.set_deployment(environment.deployment());
    const auto canary = model.deployments.find(environment.canary().deployment());
    if (canary == model.deployments.end()) continue;
    if (!canary->second->active() || canary->second->live == nullptr) continue;
    route.set_canary(canary->first);
    route.set_canary_percent(environment.canary().percent());
  }
  for (const auto& [id, deployment] : model.deployments) {
    if (!deployment->record.development()) continue;
    v1::EnvironmentRoute& route = *table.add_environments();
    route.set_chain(deployment->record.chain());
    route.set_environment("development");
    route.set_deployment(id);
  }
  for (const auto& [name, key] : model.keys) *table.add_keys() = ToKnownKey(key);
  table.set_open(model.open);
  table.set_measure_every_ms(kMeasureEveryMs);
  *table.mutable_tracing() = model.tracing;
  return table;
}

}  // namespace chains::deploy
