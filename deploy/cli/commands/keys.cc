// keys, secrets.
#include <algorithm>
#include <iterator>
#include <memory>
#include <utility>

#include "absl/strings/str_join.h"
#include "chains/core/text.h"
#include "deploy/cli/commands/audit.h"
#include "deploy/cli/commands/key_limit_flags.h"
#include "deploy/cli/commands/settings.h"
#include "deploy/cli/platform_client.h"
#include "deploy/cli/terminal/human.h"
#include "deploy/cli/terminal/safe_text.h"
#include "deploy/cli/terminal/table.h"

namespace chains::deploy::cli {
namespace {

constexpr size_t kMaxSecretBytes = 1 << 20;

struct KeyFlags {
  std::string name = {};
  std::vector<std::string> scopes = {};
  KeyLimitFlags limits = {};
  std::vector<std::string> chains = {};
  absl::Duration expires = absl::ZeroDuration();
};

std::string ScopeNames(const google::protobuf::RepeatedField<int>& scopes) {
  std::vector<std::string> names;
  for (const int scope : scopes) {
    names.push_back(scope == v1::KEY_SCOPE_MANAGE   ? "manage"
                    : scope == v1::KEY_SCOPE_INVOKE ? "invoke"
                                                    : "unknown");
  }
  return absl::StrJoin(names, ", ");
}

std::string Age(const Session& session, int64_t unix_ms) {
  return HumanAge(session.world().now() - absl::FromUnixMillis(unix_ms));
}

int CreateKey(Session& session, const KeyFlags& flags) {
  absl::StatusOr<PlatformClient*> platform = session.Platform();
  if (!platform.ok()) return session.Fail(platform.status());
  v1::CreateKeyRequest request;
  request.set_name(flags.name);
  for (const std::string& scope : flags.scopes) {
    request.add_scopes(scope == "manage" ? v1::KEY_SCOPE_MANAGE : v1::KEY_SCOPE_INVOKE);
  }
  const v1::KeyLimits limits = ToLimits(flags.limits);
  if (limits.ByteSizeLong() > 0) *request.mutable_limits() = limits;
  for (const std::string& chain : flags.chains) request.add_chains(chain);
  request.set_expires_in_ms(absl::ToInt64Milliseconds(flags.expires));
  const absl::StatusOr<v1::CreateKeyResponse> response =
      (*platform)->Call(&v1::Platform::CreateKey, std::move(request));
  if (!response.ok()) return session.Fail(response.status());
  if (session.json()) {
    session.PrintJson(*response);
    return kDone;
  }
  session.out() << Safe(response->key()) << "\n";
  const std::string limited = LimitsText(response->info().limits());
  session.Note(Text("key '", Safe(response->info().name()), "' may ",
                    ScopeNames(response->info().scopes()),
                    Safe(ValidityOf(response->info(), session.world().now())),
                    limited.empty() ? "" : ", within ", limited, "; it is shown this once"));
  return kDone;
}

int ListKeys(Session& session) {
  absl::StatusOr<PlatformClient*> platform = session.Platform();
  if (!platform.ok()) return session.Fail(platform.status());
  const absl::StatusOr<v1::ListKeysResponse> response =
      (*platform)->Call(&v1::Platform::ListKeys, v1::ListKeysRequest());
  if (!response.ok()) return session.Fail(response.status());
  if (session.json()) {
    session.PrintJson(*response);
    return kDone;
  }
  const bool any_limits = std::any_of(response->keys().begin(), response->keys().end(),
                                      [](const v1::KeyInfo& key) { return key.has_limits(); });
  std::vector<std::string> heads = {"NAME", "SCOPES", "BEGINS WITH", "AGE"};
  if (any_limits) heads.emplace_back("LIMITS");
  Table table(std::move(heads));
  for (const v1::KeyInfo& key : response->keys()) {
    std::vector<Table::Cell> row = {
        {key.name()},
        {Text(ScopeNames(key.scopes()), ValidityOf(key, session.world().now()))},
        {key.prefix()},
        {Age(session, key.created_unix_ms())}};
    if (any_limits) row.push_back({LimitsText(key.limits())});
    table.Add(std::move(row));
  }
  table.Print(session.terminal());
  return kDone;
}

int RevokeKey(Session& session, const KeyFlags& flags) {
  absl::StatusOr<PlatformClient*> platform = session.Platform();
  if (!platform.ok()) return session.Fail(platform.status());
  v1::RevokeKeyRequest request;
  request.set_name(flags.name);
  const absl::StatusOr<v1::RevokeKeyResponse> response =
      (*platform)->Call(&v1::Platform::RevokeKey, std::move(request));
  if (!response.ok()) return session.Fail(response.status());
  if (session.json()) {
    session.PrintJson(*response);
  } else {
    session.out() << "revoked " << Safe(flags.name) << "\n";
  }
  return kDone;
}

struct SecretFlags {
  std::string name = {};
};

// All of standard input, but for the line end that `echo` puts.
absl::StatusOr<std::string> ReadValue(std::istream& in) {
  std::string value;
  for (std::istreambuf_iterator<char> at(in), end; at != end; ++at) {
    if (value.size() > kMaxSecretBytes) {
      return absl::InvalidArgumentError("a secret has at most 1 MiB");
    }
    value += *at;
  }
  if (value.ends_with('\n')) value.pop_back();
  if (value.empty()) {
    return absl::InvalidArgumentError(
        "the value comes from standard input, and that is empty: "
        "printf %s \"$VALUE\" | chains secrets set NAME");
  }
  return value;
}

int SetSecret(Session& session, const SecretFlags& flags) {
  absl::StatusOr<std::string> value = ReadValue(session.terminal().in);
  if (!value.ok()) return session.Usage(MessageOf(value.status()));
  absl::StatusOr<PlatformClient*> platform = session.Platform();
  if (!platform.ok()) return session.Fail(platform.status());
  v1::SetSecretRequest request;
  request.set_name(flags.name);
  request.set_value(*std::move(value));
  const absl::StatusOr<v1::SetSecretResponse> response =
      (*platform)->Call(&v1::Platform::SetSecret, std::move(request));
  if (!response.ok()) return session.Fail(response.status());
  if (session.json()) {
    session.PrintJson(*response);
  } else {
    session.out() << "set " << Safe(flags.name) << "\n";
  }
  return kDone;
}

int ListSecrets(Session& session) {
  absl::StatusOr<PlatformClient*> platform = session.Platform();
  if (!platform.ok()) return session.Fail(platform.status());
  const absl::StatusOr<v1::ListSecretsResponse> response =
      (*platform)->Call(&v1::Platform::ListSecrets, v1::ListSecretsRequest());
  if (!response.ok()) return session.Fail(response.status());
  if (session.json()) {
    session.PrintJson(*response);
    return kDone;
  }
  Table table({"NAME", "SET"});
  for (const v1::SecretInfo& secret : response->secrets()) {
    table.Add({{secret.name()},
               {Ago(session.world().now() - absl::FromUnixMillis(secret.set_unix_ms()))}});
  }
  table.Print(session.terminal());
  return kDone;
}

int DeleteSecret(Session& session, const SecretFlags& flags) {
  absl::StatusOr<PlatformClient*> platform = session.Platform();
  if (!platform.ok()) return session.Fail(platform.status());
  v1::DeleteSecretRequest request;
  request.set_name(flags.name);
  const absl::StatusOr<v1::DeleteSecretResponse> response =
      (*platform)->Call(&v1::Platform::DeleteSecret, std::move(request));
  if (!response.ok()) return session.Fail(response.status());
  if (session.json()) {
    session.PrintJson(*response);
  } else {
    session.out() << "deleted " << Safe(flags.name) << "\n";
  }
  return kDone;
}

}  // namespace

Command MakeKeys() {
  auto create = std::make_shared<KeyFlags>();
  std::vector<Option> create_options = {
      {"NAME", "to revoke it by", &create->name, {.required = true}},
      {"--scope",
       "invoke (the default) or manage; may be repeated",
       &create->scopes,
       {.choices = {"invoke", "manage"}}},
      {"--chain",
       "that it may call (default: all); may be repeated",
       &create->chains,
       {.completes = Completes::kChains}},
      {"--expires", "for how long it is good (default: for ever)", &create->expires}};
  for (Option& option : KeyLimitOptions(create->limits)) {
    create_options.push_back(std::move(option));
  }
  auto revoke = std::make_shared<KeyFlags>();
  return {.name = "keys",
          .summary = "who may call chains, who may change what is deployed",
          .group = "Settings",
          .subcommands = {
              {.name = "create",
               .summary = "a key, shown this once",
               .examples = {"chains keys create phone-app", "chains keys create ci --scope manage",
                            "chains keys create nightly --rate 50/s --priority-ceiling 1",
                            "chains keys create partner --chain hello --expires 720h"},
               .options = std::move(create_options),
               .run = [create](Session& session) { return CreateKey(session, *create); }},
              {.name = "list", .summary = "all keys, without their values", .run = ListKeys},
              MakeRotate(),
              {.name = "revoke",
               .summary = "from now on it is refused",
               .examples = {"chains keys revoke phone-app"},
               .options = {{"NAME", "of the key", &revoke->name, {.required = true}}},
               .run = [revoke](Session& session) { return RevokeKey(session, *revoke); }}}};
}

Command MakeSecrets() {
  auto set = std::make_shared<SecretFlags>();
  auto remove = std::make_shared<SecretFlags>();
  return {.name = "secrets",
          .summary = "what chainlets that declare it may read",
          .group = "Settings",
          .subcommands = {
              {.name = "set",
               .summary = "to what comes from standard input",
               .examples = {"printf %s \"$TOKEN\" | chains secrets set hf_token"},
               .options = {{"NAME", "of the secret", &set->name, {.required = true}}},
               .run = [set](Session& session) { return SetSecret(session, *set); }},
              {.name = "list", .summary = "their names", .run = ListSecrets},
              {.name = "delete",
               .summary = "for good",
               .examples = {"chains secrets delete hf_token"},
               .options = {{"NAME", "of the secret", &remove->name, {.required = true}}},
               .run = [remove](Session& session) { return DeleteSecret(session, *remove); }}}};
}

}  // namespace chains::deploy::cli
