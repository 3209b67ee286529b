#include "deploy/apiserver/kubeconfig.h"

#include <exception>
#include <filesystem>
#include <utility>

#include <yaml-cpp/yaml.h>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "chains/core/text.h"

namespace chains::deploy {
namespace {

constexpr std::string_view kUseToken =
    "put a token there instead, which `kubectl create token SERVICEACCOUNT` prints, or a client "
    "certificate";

// The functions with YAML::Node may throw; ParseKubeconfig() catches.

std::string StringOf(const YAML::Node& map, const char* key) {
  const YAML::Node value = map[key];
  return value && value.IsScalar() ? value.Scalar() : "";
}

bool FlagOf(const YAML::Node& map, const char* key) {
  const YAML::Node value = map[key];
  return value && value.IsScalar() && value.as<bool>(false);
}

std::string PathIn(const std::string& folder, const YAML::Node& map, const char* key) {
  const std::string path = StringOf(map, key);
  return path.empty() ? "" : (std::filesystem::path(folder) / path).lexically_normal().string();
}

bool IsThere(const YAML::Node& map, const char* key) {
  const YAML::Node value = map[key];
  return value && !value.IsNull();
}

// Why this user cannot be used.
std::string RefusalOf(const YAML::Node& user) {
  if (IsThere(user, "exec")) {
    return Text("gets its credentials from a program ('", StringOf(user["exec"], "command"),
                "'), which is not run here; ", kUseToken);
  }
  if (IsThere(user, "auth-provider")) {
    return Text("has an auth-provider, which Kubernetes itself gave up; ", kUseToken);
  }
  if (IsThere(user, "username") || IsThere(user, "password")) {
    return Text("has a password, which Kubernetes does not take any more; ", kUseToken);
  }
  for (const char* key : {"as", "as-uid", "as-groups", "as-user-extra"}) {
    if (!IsThere(user, key)) continue;
    return Text("acts as somebody else ('", key, "'), which is not done here; ", kUseToken);
  }
  return "";
}

Kubeconfig::Cluster ClusterOf(const YAML::Node& node, const std::string& folder) {
  Kubeconfig::Cluster cluster;
  cluster.server = StringOf(node, "server");
  cluster.ca_file = PathIn(folder, node, "certificate-authority");
  cluster.ca_data = StringOf(node, "certificate-authority-data");
  cluster.server_name = StringOf(node, "tls-server-name");
  cluster.proxy = StringOf(node, "proxy-url");
  cluster.skip_verify = FlagOf(node, "insecure-skip-tls-verify");
  return cluster;
}

Kubeconfig::Context ContextOf(const YAML::Node& node) {
  return {.cluster = StringOf(node, "cluster"),
          .user = StringOf(node, "user"),
          .in_namespace = StringOf(node, "namespace")};
}

Kubeconfig::User UserOf(const YAML::Node& node, const std::string& folder) {
  Kubeconfig::User user;
  user.token = StringOf(node, "token");
  user.token_file = PathIn(folder, node, "tokenFile");
  user.certificate_file = PathIn(folder, node, "client-certificate");
  user.certificate_data = StringOf(node, "client-certificate-data");
  user.key_file = PathIn(folder, node, "client-key");
  user.key_data = StringOf(node, "client-key-data");
  user.refusal = RefusalOf(node);
  return user;
}

// What stands in a list of named things, under `key` of each; the first of a name counts.
template <typename Value, typename Read>
void ReadNamed(const YAML::Node& list, const char* key, std::map<std::string, Value>& into,
               const Read& read) {
  if (!list || !list.IsSequence()) return;
  for (const YAML::Node& item : list) {
    if (!item.IsMap()) continue;
    const YAML::Node value = item[key];
    if (value && value.IsMap()) into.emplace(StringOf(item, "name"), read(value));
  }
}

absl::StatusOr<Kubeconfig> Read(const std::string& text, const std::string& path) {
  const YAML::Node root = YAML::Load(text);
  if (!root.IsMap() || StringOf(root, "kind") != "Config") {
    return absl::InvalidArgumentError(
        Text(path, " is no kubeconfig: it has no 'kind: Config'; `kubectl config view` shows one"));
  }
  const std::string folder = std::filesystem::path(path).parent_path().string();
  Kubeconfig config;
  config.current_context = StringOf(root, "current-context");
  ReadNamed(root["clusters"], "cluster", config.clusters,
            [&](const YAML::Node& node) { return ClusterOf(node, folder); });
  ReadNamed(root["contexts"], "context", config.contexts, ContextOf);
  ReadNamed(root["users"], "user", config.users,
            [&](const YAML::Node& node) { return UserOf(node, folder); });
  return config;
}

// PEM from the file's own data, or from the file that it names.
absl::StatusOr<std::string> Pem(const std::string& data, const std::string& file,
                                std::string_view what) {
  std::string pem;
  if (!data.empty()) {
    std::string compact = data;
    absl::RemoveExtraAsciiWhitespace(&compact);
    if (!absl::Base64Unescape(compact, &pem)) {
      return absl::FailedPreconditionError(Text(what, " is not base64"));
    }
  } else if (!file.empty()) {
    absl::StatusOr<std::string> read = ReadSmallFile(file);
    if (!read.ok()) {
      return absl::FailedPreconditionError(Text(what, ": ", MessageOf(read.status())));
    }
    pem = *std::move(read);
  } else {
    return pem;
  }
  if (pem.find("-----BEGIN ") == pem.npos) {
    return absl::FailedPreconditionError(Text(what, " is not PEM (-----BEGIN …)"));
  }
  return pem;
}

absl::Status AddUser(const Kubeconfig::User& user, const std::string& name,
                     ServerAddress& address) {
  if (!user.refusal.empty()) {
    return absl::FailedPreconditionError(Text("the kubeconfig's user '", name, "' ", user.refusal));
  }
  absl::StatusOr<std::string> certificate =
      Pem(user.certificate_data, user.certificate_file,
          Text("the kubeconfig's user '", name, "': client-certificate"));
  if (!certificate.ok()) return certificate.status();
  absl::StatusOr<std::string> key =
      Pem(user.key_data, user.key_file, Text("the kubeconfig's user '", name, "': client-key"));
  if (!key.ok()) return key.status();
  if (certificate->empty() != key->empty()) {
    return absl::FailedPreconditionError(Text("the kubeconfig's user '", name,
                                              "' has only one of client-certificate and "
                                              "client-key; both go together"));
  }
  address.certificate = *std::move(certificate);
  address.key = *std::move(key);
  if (!user.token_file.empty()) {
    address.token = [file = user.token_file] { return ReadSmallFile(file); };
  } else if (!user.token.empty()) {
    address.token = [token = user.token] { return token; };
  }
  return absl::OkStatus();
}

template <typename Value>
absl::StatusOr<const Value*> Find(const std::map<std::string, Value>& values,
                                  const std::string& name, std::string_view what) {
  const auto found = values.find(name);
  if (found != values.end()) return &found->second;
  std::string known;
  for (const auto& [other, value] : values)
    known += Text(known.empty() ? "" : ", ", "'", other, "'");
  return absl::NotFoundError(Text("the kubeconfig has no ", what, " '", name, "'; it has ",
                                  known.empty() ? "none" : known));
}

}  // namespace

void Kubeconfig::Merge(const Kubeconfig& other) {
  if (current_context.empty()) current_context = other.current_context;
  clusters.insert(other.clusters.begin(), other.clusters.end());
  contexts.insert(other.contexts.begin(), other.contexts.end());
  users.insert(other.users.begin(), other.users.end());
}

absl::StatusOr<Kubeconfig> ParseKubeconfig(std::string_view text, const std::string& path) {
  try {
    return Read(std::string(text), path);
  } catch (const std::exception& error) {
    return absl::InvalidArgumentError(Text(path, " is not YAML: ", error.what()));
  }
}

absl::StatusOr<ServerAddress> AddressOf(const Kubeconfig& config, const std::string& context) {
  const std::string& name = context.empty() ? config.current_context : context;
  if (name.empty()) {
    return absl::FailedPreconditionError(
        "the kubeconfig has no current context; choose one: kubectl config use-context NAME");
  }
  const auto chosen = Find(config.contexts, name, "context");
  if (!chosen.ok()) return chosen.status();
  const auto cluster = Find(config.clusters, (*chosen)->cluster, "cluster");
  if (!cluster.ok()) return cluster.status();
  absl::StatusOr<std::string> ca =
      Pem((*cluster)->ca_data, (*cluster)->ca_file,
          Text("the kubeconfig's cluster '", (*chosen)->cluster, "': certificate-authority"));
  if (!ca.ok()) return ca.status();
  ServerAddress address;
  address.url = (*cluster)->server;
  if (address.url.empty()) {
    return absl::FailedPreconditionError(
        Text("the kubeconfig's cluster '", (*chosen)->cluster, "' has no server"));
  }
  address.ca = *std::move(ca);
  address.skip_verify = (*cluster)->skip_verify;
  address.server_name = (*cluster)->server_name;
  address.proxy = (*cluster)->proxy;
  address.in_namespace = (*chosen)->in_namespace.empty() ? "default" : (*chosen)->in_namespace;
  if ((*chosen)->user.empty()) return address;
  const auto user = Find(config.users, (*chosen)->user, "user");
  if (!user.ok()) return user.status();
  if (absl::Status status = AddUser(**user, (*chosen)->user, address); !status.ok()) return status;
  return address;
}

}  // namespace chains::deploy
