#include "deploy/state/kubernetes_records.h"

#include <algorithm>
#include <memory>
#include <utility>

#include <google/protobuf/message_lite.h>
#include <openssl/evp.h>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "chains/core/text.h"

namespace chains::deploy {
namespace {

constexpr size_t kReadable = 40;  // of a key, in a name
constexpr std::string_view kHeadField = "head";
constexpr std::string_view kRecordField = "record";

// Kinds are letters; what follows has its length where another part follows.
std::string DeploymentKey(const std::string& id) { return Text("d/", id); }
std::string KeyKey(const std::string& name) { return Text("k/", name); }
std::string SecretKey(const std::string& name) { return Text("s/", name); }
std::string EnvironmentKey(const std::string& chain, const std::string& name) {
  return Text("e/", chain.size(), ":", chain, "/", name);
}

absl::Status Add(std::string key, std::string label, const google::protobuf::MessageLite& record,
                 std::map<std::string, KeptRecord>& into) {
  std::string bytes = record.SerializeAsString();
  // Protobuf writes strings that are not UTF-8, and does not read them again.
  const std::unique_ptr<google::protobuf::MessageLite> readable(record.New());
  if (!readable->ParseFromString(bytes)) {
    return absl::InvalidArgumentError(
        Text("a ", record.GetTypeName(), " has text that is not UTF-8"));
  }
  if (bytes.size() > kMostOfSecret) {
    return absl::InvalidArgumentError(Text("the record of the ", label, " has ", bytes.size(),
                                           " bytes, and an object of Kubernetes at most ",
                                           kMostOfSecret, ": make it smaller"));
  }
  KeptRecord& kept = into[key];
  kept = {.key = std::move(key), .label = std::move(label), .bytes = std::move(bytes)};
  return absl::OkStatus();
}

std::string Sha256Hex(std::string_view text) {
  std::string hash(32, '\0');
  EVP_Digest(text.data(), text.size(), reinterpret_cast<unsigned char*>(hash.data()), nullptr,
             EVP_sha256(), nullptr);
  return absl::BytesToHexString(hash);
}

// Letters, digits and '-', as far as the key has them.
std::string Readable(std::string_view key) {
  std::string text(key.substr(2, kReadable));
  for (char& c : text) {
    c = absl::ascii_isalnum(static_cast<unsigned char>(c)) ? absl::ascii_tolower(c) : '-';
  }
  return text;
}

Json MakeSecret(const StatePlace& place, std::string name, std::string_view field,
                std::string_view bytes) {
  return {{"apiVersion", "v1"},
          {"kind", "Secret"},
          {"metadata",
           {{"name", std::move(name)},
            {"namespace", place.in_namespace},
            {"labels",
             {{"app.kubernetes.io/managed-by", "chains-platform"},
              {"app.kubernetes.io/component", "state"}}}}},
          {"type", "chains.dev/state"},
          {"data", {{std::string(field), absl::Base64Escape(ToAbsl(bytes))}}}};
}

template <typename Record>
bool Parse(const std::string& bytes, std::vector<Record>& into) {
  return into.emplace_back().ParseFromString(bytes);
}

bool ParseInto(char kind, const std::string& bytes, Store::Contents& contents) {
  switch (kind) {
    case 'd':
      return Parse(bytes, contents.deployments);
    case 'e':
      return Parse(bytes, contents.environments);
    case 'k':
      return Parse(bytes, contents.keys);
    case 's':
      return Parse(bytes, contents.secrets);
    default:
      return false;
  }
}

bool FieldOf(const Json& secret, std::string_view field, std::string& bytes) {
  const std::string text = StringAt(secret, Text("/data/", field));
  return absl::Base64Unescape(text, &bytes);
}

template <typename Record>
void SortByName(std::vector<Record>& records) {
  std::sort(records.begin(), records.end(),
            [](const Record& a, const Record& b) { return a.name() < b.name(); });
}

}  // namespace

absl::StatusOr<std::vector<KeptRecord>> PutsOf(const Store::Change& change) {
  std::map<std::string, KeptRecord> puts;
  absl::Status status;
  for (const state::DeploymentRecord& each : change.put_deployments) {
    if (!status.ok()) return status;
    status = Add(DeploymentKey(each.id()), Text("deployment ", each.id()), each, puts);
  }
  for (const state::EnvironmentRecord& each : change.put_environments) {
    if (!status.ok()) return status;
    status = Add(EnvironmentKey(each.chain(), each.name()),
                 Text("environment ", each.chain(), "/", each.name()), each, puts);
  }
  for (const state::KeyRecord& each : change.put_keys) {
    if (!status.ok()) return status;
    status = Add(KeyKey(each.name()), Text("key ", each.name()), each, puts);
  }
  for (const state::SecretRecord& each : change.put_secrets) {
    if (!status.ok()) return status;
    status = Add(SecretKey(each.name()), Text("secret ", each.name()), each, puts);
  }
  if (!status.ok()) return status;
  std::vector<KeptRecord> all;
  for (auto& [key, put] : puts) all.push_back(std::move(put));
  return all;
}

std::vector<std::string> DeletionsOf(const Store::Change& change) {
  std::vector<std::string> keys;
  for (const std::string& id : change.delete_deployments) keys.push_back(DeploymentKey(id));
  for (const Store::Change::Environment& each : change.delete_environments) {
    keys.push_back(EnvironmentKey(each.chain, each.name));
  }
  for (const std::string& name : change.delete_keys) keys.push_back(KeyKey(name));
  for (const std::string& name : change.delete_secrets) keys.push_back(SecretKey(name));
  return keys;
}

RecordIndex IndexOf(const state::StoreHead& head) {
  RecordIndex index;
  for (const state::StoreHead::Record& each : head.records()) index[each.key()] = each.generation();
  return index;
}

void SetIndex(const RecordIndex& index, state::StoreHead& head) {
  head.clear_records();
  for (const auto& [key, generation] : index) {
    state::StoreHead::Record& record = *head.add_records();
    record.set_key(key);
    record.set_generation(generation);
  }
}

// People may not be able to tell two keys apart by what a name may have of them; the hash does.
std::string SecretName(const StatePlace& place, std::string_view key, std::string_view generation) {
  return Text(place.prefix, "-", key.substr(0, 1), "-", Readable(key), "-",
              Sha256Hex(key).substr(0, 8), "-", generation);
}

std::string SelectorOf(const StatePlace& place) { return Text("chains.dev/state=", place.prefix); }

Json ToSecret(const StatePlace& place, const KeptRecord& record, const std::string& generation) {
  Json secret =
      MakeSecret(place, SecretName(place, record.key, generation), kRecordField, record.bytes);
  secret["metadata"]["labels"]["chains.dev/state"] = place.prefix;
  secret["metadata"]["annotations"] = {{"chains.dev/record", record.label}};
  secret["immutable"] = true;
  return secret;
}

std::string HeadName(const StatePlace& place) { return Text(place.prefix, "-head"); }

absl::StatusOr<Json> ToSecret(const StatePlace& place, const state::StoreHead& head,
                              const std::string& resource_version) {
  const std::string bytes = head.SerializeAsString();
  if (bytes.size() > kMostOfSecret) {
    return absl::InvalidArgumentError(
        Text("the platform keeps ", head.records_size(),
             " records, which is more than an object of Kubernetes can name (", kMostOfSecret,
             " bytes): delete deployments that are not needed (chains list, chains delete ID)"));
  }
  Json secret = MakeSecret(place, HeadName(place), kHeadField, bytes);
  secret["metadata"]["annotations"] = {
      {"chains.dev/record",
       "names the records of the platform that count: without it they are lost"},
      {"chains.dev/version", Text(head.version())}};
  if (!resource_version.empty()) secret["metadata"]["resourceVersion"] = resource_version;
  return secret;
}

absl::StatusOr<state::StoreHead> HeadIn(const Json& secret) {
  state::StoreHead head;
  std::string bytes;
  if (FieldOf(secret, kHeadField, bytes) && !bytes.empty() && head.ParseFromString(bytes)) {
    return head;
  }
  return absl::DataLossError(
      Text("the Secret ", NamespaceOf(secret), "/", NameOf(secret),
           " does not name the platform's records any more: bring back a copy of it, or remove it "
           "and its records to begin with nothing deployed"));
}

absl::Status AddRecord(std::string_view key, const Json* secret, Store::Contents& contents) {
  std::string bytes;
  if (secret != nullptr && !key.empty() && FieldOf(*secret, kRecordField, bytes) &&
      ParseInto(key.front(), bytes, contents)) {
    return absl::OkStatus();
  }
  const std::string what = secret == nullptr ? "is missing"
                                             : Text("cannot be read from the Secret ",
                                                    NamespaceOf(*secret), "/", NameOf(*secret));
  return absl::DataLossError(
      Text("the platform's record '", key, "' ", what,
           ": bring back a copy of its Secrets, all of them as they were at one time"));
}

void Sort(Store::Contents& contents) {
  std::sort(contents.deployments.begin(), contents.deployments.end(),
            [](const auto& a, const auto& b) { return a.id() < b.id(); });
  std::sort(contents.environments.begin(), contents.environments.end(),
            [](const auto& a, const auto& b) {
              return a.chain() != b.chain() ? a.chain() < b.chain() : a.name() < b.name();
            });
  SortByName(contents.keys);
  SortByName(contents.secrets);
}

}  // namespace chains::deploy
