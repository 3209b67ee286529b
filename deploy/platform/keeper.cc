#include "deploy/platform/keeper.h"

#include <optional>

#include "chains/core/blocking.h"

namespace chains::deploy {

Task<Permit> Keeper::Begin() {
  Permit permit = co_await changing_.Enter();
  // Of somebody who left. The next one must see it.
  while (writing_ != nullptr) co_await written_.Wait();
  co_await Open();
  co_return std::move(permit);
}

Task<void> Keeper::KeepIt(std::unique_ptr<const Store::Change> change, Then then) {
  chains::internal::Here::Place here = co_await chains::internal::Here();
  co_await Open();
  const auto outcome = std::make_shared<std::optional<absl::Status>>();
  writing_ = std::make_unique<chains::internal::Root<void>>(
      here.loop(), Context(), Write(std::move(change), std::move(then)),
      [this, outcome](const absl::StatusOr<chains::internal::Unit>& written) {
        *outcome = written.status();
        writing_.reset();
        written_.Give();
      });
  writing_->Start();
  while (!outcome->has_value()) {
    co_await Open();
    co_await written_.Wait();
  }
  co_await **outcome;
}

Task<void> Keeper::Write(std::unique_ptr<const Store::Change> change, Then then) {
  co_await Blocking([&] { return store_.Apply(*change); });
  Apply(*change);
  if (then) then();
  model_.Touch();
}

void Keeper::Close() {
  closed_ = true;
  writing_.reset();
  written_.Give();
}

absl::Status Keeper::Open() const {
  return closed_ ? absl::UnavailableError("the platform is ending") : absl::OkStatus();
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
