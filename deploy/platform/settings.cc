// PlatformService: environments and their scaling, keys, secrets.
#include <algorithm>
#include <utility>

#include "absl/time/clock.h"
#include "chains/core/text.h"
#include "chains/policy/key_limits.h"
#include "deploy/platform/describe.h"
#include "deploy/platform/names.h"
#include "deploy/platform/platform_service.h"
#include "deploy/state/keys.h"

namespace chains::deploy {
namespace {

constexpr size_t kMaxSecretBytes = 64 * 1024;

int64_t NowMs() { return absl::ToUnixMillis(absl::Now()); }

// Later changes win, field by field.
void Merge(const v1::SetScalingRequest& request, v1::ScalingChange& kept) {
  if (request.reset()) kept.Clear();
  kept.MergeFrom(request.change());
}

absl::Status CheckChange(const v1::Chainlet& declared, const v1::ScalingChange& change,
                         const Model& model) {
  absl::Status valid = ValidateAutoscaling(WithChange(declared.autoscaling(), change));
  if (!valid.ok()) return valid;
  v1::Resources resources = declared.resources();
  if (change.has_cpus()) resources.set_cpus(change.cpus());
  if (change.has_memory_bytes()) resources.set_memory_bytes(change.memory_bytes());
  valid = CheckResources(declared.name(), resources);
  if (!valid.ok() || model.scheduled) return valid;
  return CheckCanFit({resources}, model.capacity);
}

absl::Status NotThere(std::string_view kind, const std::string& name) {
  return absl::NotFoundError(Text("there is no ", kind, " '", name, "'"));
}

// Chains need not be there yet.
absl::Status CheckChainsOf(const v1::CreateKeyRequest& request) {
  for (const std::string& chain : request.chains()) {
    if (absl::Status fine = CheckName("chain", chain); !fine.ok()) return fine;
  }
  const bool manages =
      std::count(request.scopes().begin(), request.scopes().end(), v1::KEY_SCOPE_MANAGE) > 0;
  if (request.chains().empty() || !manages) return absl::OkStatus();
  return absl::InvalidArgumentError(
      "chains: who manages does so for all chains; take the scope invoke, or leave chains out");
}

}  // namespace

Task<v1::DeploymentResponse> PlatformService::SetScaling(v1::SetScalingRequest request) {
  co_await Authorize();
  Model& model = parts_.model;
  const Permit changing = co_await parts_.keeper.Begin();
  Deployment* const deployment =
      co_await model.Resolve(request.deployment(), request.chain(), request.environment());
  const auto& revision = deployment->live != nullptr ? deployment->live : deployment->pending;
  if (revision == nullptr) {
    co_return absl::FailedPreconditionError(Text(deployment->id(), " never became live"));
  }
  const std::string chainlet = co_await ResolveChainlet(revision->manifest, request.chainlet());
  Store::Change change;
  const std::vector<std::string> environments = model.EnvironmentsOf(*deployment);
  const v1::Chainlet& declared = *revision->Chainlet(chainlet);
  if (request.deployment().empty() && !deployment->record.development()) {
    const std::string name =
        request.environment().empty() ? environments.front() : request.environment();
    state::EnvironmentRecord record = *model.Environment(deployment->record.chain(), name);
    v1::ScalingChange& kept = (*record.mutable_scaling())[chainlet];
    Merge(request, kept);
    co_await CheckChange(declared, kept, model);
    change.put_environments.push_back(std::move(record));
  } else {
    state::DeploymentRecord record = deployment->record;
    v1::ScalingChange& kept = (*record.mutable_scaling())[chainlet];
    Merge(request, kept);
    co_await CheckChange(declared, kept, model);
    change.put_deployments.push_back(std::move(record));
  }
  const absl::Time now = (co_await chains::internal::Here()).loop().Now();
  Keeper::Then then = [&model, deployment, now] {
    model.FollowSettings(deployment->record.chain(), now);
  };
  co_await parts_.keeper.Keep(std::move(change), std::move(then));
  co_return Shown(*deployment);
}

Task<v1::ListEnvironmentsResponse> PlatformService::ListEnvironments(
    v1::ListEnvironmentsRequest request) {
  co_await Authorize();
  v1::ListEnvironmentsResponse response;
  for (const auto& [name, environment] : parts_.model.environments) {
    if (request.chain().empty() || environment.chain() == request.chain()) {
      *response.add_environments() = Describe(environment);
    }
  }
  co_return response;
}

Task<v1::Environment> PlatformService::CreateEnvironment(v1::CreateEnvironmentRequest request) {
  co_await Authorize();
  co_await CheckName("chain", request.chain());
  co_await CheckName("environment", request.name());
  const Permit changing = co_await parts_.keeper.Begin();
  if (const auto* known = parts_.model.Environment(request.chain(), request.name())) {
    co_return Describe(*known);
  }
  state::EnvironmentRecord record;
  record.set_chain(request.chain());
  record.set_name(request.name());
  record.set_created_unix_ms(NowMs());
  v1::Environment described = Describe(record);
  Store::Change change;
  change.put_environments.push_back(std::move(record));
  co_await parts_.keeper.Keep(std::move(change));
  co_return described;
}

Task<v1::CreateKeyResponse> PlatformService::CreateKey(v1::CreateKeyRequest request) {
  co_await Authorize();
  co_await CheckName("key", request.name());
  for (const int scope : request.scopes()) {
    if (scope == v1::KEY_SCOPE_INVOKE || scope == v1::KEY_SCOPE_MANAGE) continue;
    co_return absl::InvalidArgumentError("scopes: there are KEY_SCOPE_INVOKE and KEY_SCOPE_MANAGE");
  }
  co_await CheckChainsOf(request);
  co_await CheckKeyLimits(request.limits());
  const int64_t expires = co_await ExpiryOf(request.expires_in_ms(), absl::Now());
  const Permit changing = co_await parts_.keeper.Begin();
  if (parts_.model.keys.contains(request.name())) {
    co_return absl::AlreadyExistsError(
        Text("there is a key '", request.name(), "' already; revoke it, or take another name"));
  }
  NewApiKey made = co_await NewKey();
  state::KeyRecord record;
  record.set_name(request.name());
  record.set_sha256(made.sha256);
  record.set_prefix(made.prefix);
  record.set_created_unix_ms(NowMs());
  *record.mutable_scopes() = request.scopes();
  if (record.scopes().empty()) record.add_scopes(v1::KEY_SCOPE_INVOKE);
  *record.mutable_chains() = request.chains();
  if (request.has_limits()) *record.mutable_limits() = request.limits();
  record.set_expires_unix_ms(expires);
  v1::CreateKeyResponse response;
  *response.mutable_info() = ToKeyInfo(record);
  response.set_key(std::move(made.text));
  Store::Change change;
  change.put_keys.push_back(std::move(record));
  co_await parts_.keeper.Keep(std::move(change));
  co_return response;
}

Task<v1::ListKeysResponse> PlatformService::ListKeys(v1::ListKeysRequest) {
  co_await Authorize();
  v1::ListKeysResponse response;
  for (const auto& [name, key] : parts_.model.keys) *response.add_keys() = ToKeyInfo(key);
  co_return response;
}

Task<v1::RevokeKeyResponse> PlatformService::RevokeKey(v1::RevokeKeyRequest request) {
  co_await Authorize();
  const Permit changing = co_await parts_.keeper.Begin();
  if (!parts_.model.keys.contains(request.name())) co_return NotThere("key", request.name());
  Store::Change change;
  change.delete_keys.push_back(request.name());
  co_await parts_.keeper.Keep(std::move(change));
  co_return v1::RevokeKeyResponse();
}

Task<v1::SetSecretResponse> PlatformService::SetSecret(v1::SetSecretRequest request) {
  co_await Authorize();
  co_await CheckName("secret", request.name());
  if (request.value().size() > kMaxSecretBytes) {
    co_return absl::InvalidArgumentError(Text("secret '", request.name(), "' has ",
                                              request.value().size(), " bytes; at most ",
                                              kMaxSecretBytes, " are possible"));
  }
  const Permit changing = co_await parts_.keeper.Begin();
  state::SecretRecord record;
  record.set_name(request.name());
  std::string sealed = co_await parts_.secrets.Seal(request.name(), request.value());
  record.set_sealed(std::move(sealed));
  record.set_set_unix_ms(NowMs());
  Store::Change change;
  change.put_secrets.push_back(std::move(record));
  co_await parts_.keeper.Keep(std::move(change));
  co_return v1::SetSecretResponse();
}

Task<v1::ListSecretsResponse> PlatformService::ListSecrets(v1::ListSecretsRequest) {
  co_await Authorize();
  v1::ListSecretsResponse response;
  for (const auto& [name, secret] : parts_.model.secrets) {
    v1::SecretInfo& info = *response.add_secrets();
    info.set_name(name);
    info.set_set_unix_ms(secret.set_unix_ms());
  }
  co_return response;
}

Task<v1::DeleteSecretResponse> PlatformService::DeleteSecret(v1::DeleteSecretRequest request) {
  co_await Authorize();
  const Permit changing = co_await parts_.keeper.Begin();
  if (!parts_.model.secrets.contains(request.name())) co_return NotThere("secret", request.name());
  Store::Change change;
  change.delete_secrets.push_back(request.name());
  co_await parts_.keeper.Keep(std::move(change));
  co_return v1::DeleteSecretResponse();
}

}  // namespace chains::deploy
