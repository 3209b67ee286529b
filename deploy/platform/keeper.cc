#include "deploy/platform/keeper.h"

#include "chains/core/blocking.h"

namespace chains::deploy {

Task<void> Keeper::KeepIt(std::unique_ptr<const Store::Change> change) {
  co_await Blocking([&] { return store_.Apply(*change); });
  Apply(*change);
  model_.Touch();
}

void Keeper::Apply(const Store::Change& change) {
  for (const std::string& id : change.delete_deployments) model_.deployments.erase(id);
  for (const Store::Change::Environment& gone : change.delete_environments) {
    model_.environments.erase({gone.chain, gone.name});
  }
  for (const std::string& name : change.delete_keys) model_.keys.erase(name);
  for (const std::string& name : change.delete_secrets) model_.secrets.erase(name);
  for (const state::DeploymentRecord& record : change.put_deployments) {
    std::unique_ptr<Deployment>& deployment = model_.deployments[record.id()];
    if (deployment == nullptr) {
      deployment = std::make_unique<Deployment>(record);
    } else {
      deployment->record = record;
    }
  }
  for (const state::EnvironmentRecord& record : change.put_environments) {
    model_.environments[{record.chain(), record.name()}] = record;
  }
  for (const state::KeyRecord& record : change.put_keys) model_.keys[record.name()] = record;
  for (const state::SecretRecord& record : change.put_secrets) {
    model_.secrets[record.name()] = record;
  }
}

}  // namespace chains::deploy
