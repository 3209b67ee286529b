#include "deploy/platform/describe.h"

#include <algorithm>

#include "chains/core/text.h"

namespace chains::deploy {
namespace {

const Revision* ShownRevision(const Deployment& deployment) {
  return deployment.pending != nullptr ? deployment.pending.get() : deployment.live.get();
}

std::string StateOf(const Replica& replica) {
  if (replica.draining) return "draining";
  if (!replica.has_started() && !replica.place.problem.empty()) return "pending";
  switch (replica.state) {
    case Replica::State::kStarting:
      return "starting";
    case Replica::State::kReady:
      return replica.reachable ? "ready" : replica.was_reachable ? "unreachable" : "starting";
    case Replica::State::kUnhealthy:
      return "unhealthy";
  }
  return "";
}

void DescribeReplica(const Replica& replica, const std::string& chainlet,
                     v1::ReplicaStatus& status) {
  status.set_name(replica.name);
  status.set_pid(replica.report.pid());
  status.set_state(StateOf(replica));
  status.set_node(replica.place.node);
  status.set_started_unix_ms(absl::ToUnixMillis(replica.started));
  for (const v1::ChainletLoad& load : replica.report.loads()) {
    if (load.chainlet() == chainlet) status.set_in_flight(load.in_flight());
  }
  for (const std::string& other : replica.chainlets) {
    if (other != chainlet) status.add_shares_process_with(other);
  }
}

// Why a replica of a unit does not run yet; empty: none waits, or nobody knows.
std::string WaitOf(const Deployment& deployment, const std::string& unit) {
  for (const auto& [name, replica] : deployment.replicas) {
    const bool waits = replica.unit == unit && !replica.draining && !replica.has_started();
    if (waits && !replica.place.problem.empty()) return replica.place.problem;
  }
  return "";
}

void SetState(const Deployment& deployment, const std::string& unit, v1::ChainletStatus& status) {
  const auto crashes = deployment.crashes.find(unit);
  const bool crashed = crashes != deployment.crashes.end() && !crashes->second.report.empty();
  const auto no_room = deployment.no_room.find(unit);
  if (status.ready() > 0 && status.ready() >= status.wanted()) {
    status.set_state("ready");
  } else if (no_room != deployment.no_room.end()) {
    status.set_state("waits for room");
    status.set_problem(no_room->second);
  } else if (std::string wait = WaitOf(deployment, unit); !wait.empty()) {
    status.set_state("pending");
    status.set_problem(std::move(wait));
  } else if (crashed) {
    status.set_state("crashing");
  } else if (status.wanted() > 0) {
    status.set_state("starting");
  } else {
    status.set_state(status.replicas_size() > 0 ? "draining" : "asleep");
  }
  if (crashed && status.problem().empty()) status.set_problem(crashes->second.report);
}

void DescribeChainlet(const Model& model, const Deployment& deployment, const Revision& revision,
                      const v1::Chainlet& chainlet, v1::ChainletStatus& status) {
  const Unit& unit = *revision.UnitOf(chainlet.name());
  status.set_chainlet(chainlet.name());
  status.set_display_name(chainlet.display_name());
  status.set_wanted(deployment.WantedOf(unit));
  for (const auto& [name, replica] : deployment.replicas) {
    if (std::find(replica.chainlets.begin(), replica.chainlets.end(), chainlet.name()) ==
        replica.chainlets.end()) {
      continue;
    }
    DescribeReplica(replica, chainlet.name(), *status.add_replicas());
    if (replica.draining || replica.unit != unit.key) continue;
    if (replica.is_ready()) status.set_ready(status.ready() + 1);
    if (!replica.has_started()) status.set_starting(status.starting() + 1);
  }
  const bool is_entrypoint = chainlet.name() == revision.manifest.entrypoint();
  status.set_in_flight(deployment.InFlightOf(
      chainlet.name(), is_entrypoint ? static_cast<double>(model.AtGateways(deployment.id())) : 0));
  *status.mutable_autoscaling() = deployment.AutoscalingOf(chainlet, model.SettingsFor(deployment));
  *status.mutable_resources() = deployment.ResourcesOf(chainlet);
  const auto scaler = deployment.scalers.find(chainlet.name());
  if (scaler != deployment.scalers.end()) {
    status.mutable_changes()->Assign(scaler->second.changes.begin(), scaler->second.changes.end());
  }
  SetState(deployment, unit.key, status);
  const v1::Resources& of_unit = unit.resources;
  const bool has_gpu = !status.resources().gpu().empty();
  if (has_gpu && !model.scheduled && RunsOnCpus(of_unit, model.capacity)) {
    status.set_note(Text("runs on CPUs: it asks for ", of_unit.gpu_count(), " × ", of_unit.gpu(),
                         ", and this machine has ", model.capacity.gpus,
                         model.capacity.gpus == 1 ? " GPU" : " GPUs"));
  }
}

v1::DeploymentState StateOf(const Deployment& deployment, const v1::Deployment& described) {
  if (!deployment.record.failure().empty()) return v1::DEPLOYMENT_FAILED;
  if (deployment.record.deactivated()) return v1::DEPLOYMENT_INACTIVE;
  if (deployment.live == nullptr) return v1::DEPLOYMENT_DEPLOYING;
  bool any_wanted = false, any_lacking = false, any_crashing = false;
  for (const v1::ChainletStatus& chainlet : described.chainlets()) {
    any_wanted |= chainlet.wanted() > 0;
    any_lacking |= chainlet.wanted() > 0 && chainlet.ready() == 0;
    any_crashing |= chainlet.state() == "crashing" || chainlet.state() == "waits for room" ||
                    chainlet.state() == "pending";
  }
  if (!any_wanted) return v1::DEPLOYMENT_SCALED_TO_ZERO;
  if (!any_lacking) return v1::DEPLOYMENT_ACTIVE;
  return any_crashing ? v1::DEPLOYMENT_UNHEALTHY : v1::DEPLOYMENT_WAKING_UP;
}

std::string EndedCanaryOf(const Model& model, const std::string& deployment) {
  for (const auto& [name, environment] : model.environments) {
    const v1::EndedCanary& ended = environment.ended_canary();
    if (!environment.has_ended_canary() || ended.deployment() != deployment) continue;
    return Text("its share of ", name.second, " was ended: ", ended.why());
  }
  return "";
}

}  // namespace

v1::Deployment Describe(const Model& model, const Deployment& deployment) {
  const state::DeploymentRecord& record = deployment.record;
  v1::Deployment described;
  described.set_id(record.id());
  described.set_chain(record.chain());
  described.set_development(record.development());
  described.set_created_unix_ms(record.created_unix_ms());
  described.set_placement(record.placement());
  described.set_problem(record.failure().empty() ? deployment.pending_failure : record.failure());
  for (std::string& name : model.EnvironmentsOf(deployment)) {
    described.add_paths(Text("/chains/", record.chain(), "/", name));
    described.add_environments(std::move(name));
  }
  if (record.development()) {
    described.add_environments("development");
    described.add_paths(Text("/chains/", record.chain(), "/development"));
  }
  described.add_paths(Text("/chains/", record.chain(), "/deployment/", record.id()));
  for (const state::EnvironmentRecord* environment : model.CanaryOf(deployment)) {
    v1::CanaryOf& of = *described.add_canary_of();
    of.set_environment(environment->name());
    of.set_percent(environment->canary().percent());
  }
  if (described.problem().empty()) described.set_problem(EndedCanaryOf(model, record.id()));
  if (const Revision* const revision = ShownRevision(deployment)) {
    described.set_bundle(revision->bundle);
    described.set_revision(revision->number);
    described.set_entrypoint(revision->manifest.entrypoint());
    for (const v1::Chainlet& chainlet : revision->manifest.chainlets()) {
      DescribeChainlet(model, deployment, *revision, chainlet, *described.add_chainlets());
    }
  }
  described.set_state(StateOf(deployment, described));
  return described;
}

v1::Environment Describe(const state::EnvironmentRecord& record) {
  v1::Environment environment;
  environment.set_chain(record.chain());
  environment.set_name(record.name());
  environment.set_deployment(record.deployment());
  environment.set_previous(record.previous());
  *environment.mutable_scaling() = record.scaling();
  if (record.has_canary()) *environment.mutable_canary() = record.canary();
  if (record.has_ended_canary()) *environment.mutable_ended_canary() = record.ended_canary();
  return environment;
}

}  // namespace chains::deploy
