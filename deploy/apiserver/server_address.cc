#include "deploy/apiserver/server_address.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_split.h"
#include "chains/core/text.h"
#include "deploy/apiserver/kubeconfig.h"

namespace chains::deploy {
namespace {

constexpr size_t kMaxFile = 4 << 20;

std::string ValueOf(const Environment& environment, const std::string& name) {
  return environment(name).value_or("");
}

absl::StatusOr<Kubeconfig> ReadKubeconfig(const std::string& path) {
  absl::StatusOr<std::string> text = ReadSmallFile(path);
  if (!text.ok()) return text.status();
  return ParseKubeconfig(*text, path);
}

// Files that are not there are left out, as kubectl does.
absl::StatusOr<Kubeconfig> ReadAll(const std::vector<std::string>& paths, bool& found) {
  Kubeconfig all;
  for (const std::string& path : paths) {
    absl::StatusOr<Kubeconfig> one = ReadKubeconfig(path);
    if (absl::IsNotFound(one.status())) continue;
    if (!one.ok()) return one.status();
    all.Merge(*one);
    found = true;
  }
  return all;
}

std::vector<std::string> PathsOf(const Environment& environment) {
  const std::string listed = ValueOf(environment, "KUBECONFIG");
  if (!listed.empty()) return absl::StrSplit(listed, ':', absl::SkipEmpty());
  const std::string home = ValueOf(environment, "HOME");
  if (home.empty()) return {};
  return {home + "/.kube/config"};
}

}  // namespace

Environment ProcessEnvironment() {
  return [](const std::string& name) -> std::optional<std::string> {
    const char* const value = std::getenv(name.c_str());
    if (value == nullptr) return std::nullopt;
    return value;
  };
}

absl::StatusOr<std::string> ReadSmallFile(const std::string& path) {
  std::error_code error;
  if (!std::filesystem::exists(path, error) && !error) {
    return absl::NotFoundError(Text("there is no file ", path));
  }
  std::ifstream file(path, std::ios::binary);
  std::string text(kMaxFile + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (file.bad() || (file.fail() && !file.eof())) {
    return absl::FailedPreconditionError(Text("cannot read ", path, "; may this user do so?"));
  }
  text.resize(static_cast<size_t>(file.gcount()));
  if (text.size() > kMaxFile) {
    return absl::FailedPreconditionError(Text(path, " has more than ", kMaxFile, " bytes"));
  }
  absl::StripAsciiWhitespace(&text);
  if (text.empty()) return absl::FailedPreconditionError(Text(path, " is empty"));
  return text;
}

absl::StatusOr<ServerAddress> FindServer(const ServerFlags& flags, const Environment& environment) {
  if (!flags.kubeconfig.empty()) {
    const absl::StatusOr<Kubeconfig> config = ReadKubeconfig(flags.kubeconfig);
    if (!config.ok()) return config.status();
    return AddressOf(*config, flags.context);
  }
  bool found = false;
  const absl::StatusOr<Kubeconfig> config = ReadAll(PathsOf(environment), found);
  if (!config.ok()) return config.status();
  if (found) return AddressOf(*config, flags.context);
  if (!ValueOf(environment, "KUBERNETES_SERVICE_HOST").empty()) {
    return InClusterAddress(environment);
  }
  return absl::NotFoundError(
      "there is no cluster to talk to: this is no pod, and neither KUBECONFIG nor ~/.kube/config "
      "names a file that is there; give --kubeconfig FILE");
}

absl::StatusOr<ServerAddress> InClusterAddress(const Environment& environment,
                                               const std::string& folder) {
  const std::string host = ValueOf(environment, "KUBERNETES_SERVICE_HOST");
  const std::string port = ValueOf(environment, "KUBERNETES_SERVICE_PORT");
  if (host.empty() || port.empty()) {
    return absl::FailedPreconditionError(
        "KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set: this is no pod");
  }
  const std::string token_file = folder + "/token";
  const auto token = [token_file] { return ReadSmallFile(token_file); };
  if (const absl::StatusOr<std::string> now = token(); !now.ok()) {
    return absl::FailedPreconditionError(
        Text("this pod has no token: ", MessageOf(now.status()),
             "; give it a service account with automountServiceAccountToken: true"));
  }
  absl::StatusOr<std::string> ca = ReadSmallFile(folder + "/ca.crt");
  if (!ca.ok()) return absl::FailedPreconditionError(ca.status().message());
  const bool is_v6 = host.find(':') != host.npos;
  ServerAddress address;
  address.url = Text("https://", is_v6 ? "[" : "", host, is_v6 ? "]" : "", ":", port);
  address.ca = *std::move(ca);
  address.token = token;
  address.in_namespace = ReadSmallFile(folder + "/namespace").value_or("default");
  return address;
}

}  // namespace chains::deploy
