#include "deploy/platform/model.h"

#include <algorithm>
#include <set>

#include "absl/strings/str_join.h"
#include "chains/core/text.h"

namespace chains::deploy {

Deployment* Model::Find(const std::string& id) {
  const auto found = deployments.find(id);
  return found == deployments.end() ? nullptr : found->second.get();
}

Deployment* Model::Development(const std::string& chain) {
  for (const auto& [id, deployment] : deployments) {
    if (deployment->record.development() && deployment->record.chain() == chain) {
      return deployment.get();
    }
  }
  return nullptr;
}

const state::EnvironmentRecord* Model::Environment(const std::string& chain,
                                                   const std::string& name) const {
  const auto found = environments.find({chain, name});
  return found == environments.end() ? nullptr : &found->second;
}

std::vector<std::string> Model::Chains() const {
  std::set<std::string> chains;
  for (const auto& [id, deployment] : deployments) chains.insert(deployment->record.chain());
  return {chains.begin(), chains.end()};
}

absl::StatusOr<Deployment*> Model::Resolve(const std::string& id, const std::string& chain,
                                           const std::string& environment) {
  if (!id.empty()) {
    if (Deployment* const found = Find(id)) return found;
    return absl::NotFoundError(
        Text("there is no deployment '", id, "'; `chains list` shows those there are"));
  }
  if (chain.empty()) return absl::InvalidArgumentError("name a deployment, or a chain");
  const std::vector<std::string> chains = Chains();
  if (std::find(chains.begin(), chains.end(), chain) == chains.end()) {
    return absl::NotFoundError(Text("there is no chain '", chain, "' here",
                                    chains.empty() ? "; nothing has been pushed"
                                                   : Text(", only ", absl::StrJoin(chains, ", "))));
  }
  const std::string name = environment.empty() ? "production" : environment;
  if (const state::EnvironmentRecord* const found = Environment(chain, name)) {
    if (Deployment* const deployment = Find(found->deployment())) return deployment;
  }
  if (name == "development" || environment.empty()) {
    if (Deployment* const development = Development(chain)) return development;
  }
  return absl::NotFoundError(Text("the environment ", name, " of ", chain,
                                  " points at no deployment; promote one: chains promote ID",
                                  name == "production" ? "" : Text(" --environment ", name)));
}

std::vector<std::string> Model::EnvironmentsOf(const Deployment& deployment) const {
  std::vector<std::string> names;
  for (const auto& [name, environment] : environments) {
    if (environment.deployment() != deployment.id()) continue;
    names.insert(name.second == "production" ? names.begin() : names.end(), name.second);
  }
  return names;
}

std::vector<const state::EnvironmentRecord*> Model::CanaryOf(const Deployment& deployment) const {
  std::vector<const state::EnvironmentRecord*> of;
  for (const auto& [name, environment] : environments) {
    if (environment.has_canary() && environment.canary().deployment() == deployment.id()) {
      of.push_back(&environment);
    }
  }
  return of;
}

void Model::CountAnew(const std::string& chain) {
  for (const auto& [id, deployment] : deployments) {
    if (deployment->record.chain() == chain) deployment->traffic = {};
  }
}

const state::EnvironmentRecord* Model::SettingsFor(const Deployment& deployment) const {
  const std::vector<std::string> names = EnvironmentsOf(deployment);
  if (!names.empty()) return Environment(deployment.record.chain(), names.front());
  const std::vector<const state::EnvironmentRecord*> shares = CanaryOf(deployment);
  if (!shares.empty()) return shares.front();
  if (!deployment.record.promote_to().empty()) {
    return Environment(deployment.record.chain(), deployment.record.promote_to());
  }
  if (!deployment.record.development()) return nullptr;
  return Environment(deployment.record.chain(), "development");
}

void Model::FollowSettings(const std::string& chain, absl::Time now) {
  for (const auto& [id, deployment] : deployments) {
    if (deployment->record.chain() != chain) continue;
    for (const auto& revision : {deployment->live, deployment->pending}) {
      if (revision != nullptr) deployment->ScaleBy(*revision, SettingsFor(*deployment), now, 0);
    }
  }
}

bool Model::AllArePast(uint64_t version, const Deployment& deployment) const {
  for (const auto& [name, replica] : deployment.replicas) {
    if (replica.stream != 0 && !replica.follower.IsPast(version)) return false;
  }
  return std::all_of(gateways.begin(), gateways.end(), [version](const auto& numbered) {
    return numbered.second.follower.IsPast(version);
  });
}

uint64_t Model::AtGateways(const std::string& deployment) const {
  uint64_t sum = 0;
  for (const auto& [number, gateway] : gateways) {
    const auto found = gateway.requests.find(deployment);
    if (found != gateway.requests.end()) sum += found->second;
  }
  return sum;
}

Reserved Model::Reservations(const Deployment* without) const {
  Reserved reserved;
  for (const auto& [id, deployment] : deployments) {
    if (deployment.get() == without) continue;
    for (const auto& [name, replica] : deployment->replicas) {
      reserved.Add(replica.resources, replica.gpus);
    }
  }
  return reserved;
}

}  // namespace chains::deploy
