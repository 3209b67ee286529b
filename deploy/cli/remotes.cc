#include "deploy/cli/remotes.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <sstream>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

#include <google/protobuf/struct.pb.h>
#include <google/protobuf/util/json_util.h>

#include "absl/strings/str_join.h"
#include "chains/core/text.h"
#include "chains/json/json_writer.h"

namespace chains::deploy::cli {
namespace {

using google::protobuf::Struct;
using google::protobuf::Value;

absl::Status Bad(const std::filesystem::path& file, std::string_view problem) {
  return absl::FailedPreconditionError(
      Text(file.string(), ": ", problem, "; correct it, or remove it and run `chains up`"));
}

absl::Status SystemError(std::string_view what, const std::filesystem::path& path) {
  return absl::FailedPreconditionError(
      Text("cannot ", what, " ", path.string(), ": ", std::strerror(errno)));
}

// The text of field `name`; empty without it.
absl::StatusOr<std::string> TextOf(const Struct& object, const std::string& name,
                                   const std::string& path) {
  const auto found = object.fields().find(name);
  if (found == object.fields().end()) return "";
  if (found->second.kind_case() != Value::kStringValue) {
    return absl::InvalidArgumentError(Text(path, name, " is no text"));
  }
  return found->second.string_value();
}

// Sets each of `fields` from the field of its name.
absl::Status ReadTexts(const Struct& object, const std::string& path,
                       const std::vector<std::pair<const char*, std::string*>>& fields) {
  for (const auto& [field, to] : fields) {
    if (!object.fields().contains(field)) continue;
    absl::StatusOr<std::string> text = TextOf(object, field, path);
    if (!text.ok()) return text.status();
    *to = *std::move(text);
  }
  return absl::OkStatus();
}

absl::StatusOr<ClusterAccess> AccessFrom(const Value& value, const std::string& path) {
  if (value.kind_case() != Value::kStructValue) {
    return absl::InvalidArgumentError(Text(path, "kubernetes is no object"));
  }
  ClusterAccess access;
  const absl::Status read = ReadTexts(value.struct_value(), Text(path, "kubernetes."),
                                      {{"kubeconfig", &access.kubeconfig},
                                       {"context", &access.context},
                                       {"namespace", &access.in_namespace}});
  if (!read.ok()) return read;
  if (access.in_namespace.empty()) {
    return absl::InvalidArgumentError(Text(path, "kubernetes.namespace is empty"));
  }
  return access;
}

absl::StatusOr<Remote> RemoteFrom(const std::string& name, const Value& value) {
  const std::string path = Text("remotes.", name, ".");
  if (value.kind_case() != Value::kStructValue) {
    return absl::InvalidArgumentError(Text("remotes.", name, " is no object"));
  }
  Remote remote{.name = name};
  const Struct& object = value.struct_value();
  const absl::Status read = ReadTexts(object, path,
                                      {{"platform", &remote.platform},
                                       {"gateway", &remote.gateway},
                                       {"grpc", &remote.grpc},
                                       {"key", &remote.key}});
  if (!read.ok()) return read;
  if (const auto found = object.fields().find("kubernetes"); found != object.fields().end()) {
    absl::StatusOr<ClusterAccess> access = AccessFrom(found->second, path);
    if (!access.ok()) return access.status();
    remote.kubernetes = *std::move(access);
  }
  if (remote.platform.empty() && !remote.kubernetes) {
    return absl::InvalidArgumentError(Text(path, "platform is missing"));
  }
  return remote;
}

absl::StatusOr<Remotes> RemotesFrom(const Struct& object) {
  Remotes remotes;
  absl::StatusOr<std::string> chosen = TextOf(object, "default", "");
  if (!chosen.ok()) return chosen.status();
  remotes.default_name = *std::move(chosen);
  const auto found = object.fields().find("remotes");
  if (found == object.fields().end()) return remotes;
  if (found->second.kind_case() != Value::kStructValue) {
    return absl::InvalidArgumentError("remotes is no object");
  }
  for (const auto& [name, value] : found->second.struct_value().fields()) {
    absl::StatusOr<Remote> remote = RemoteFrom(name, value);
    if (!remote.ok()) return remote.status();
    remotes.by_name.emplace(name, *std::move(remote));
  }
  return remotes;
}

std::string InQuotes(const std::string& text) {
  return std::move(json::JsonWriter().String(text)).Take();
}

std::string FormatAccess(const ClusterAccess& access) {
  return Text("      \"kubernetes\": {\n        \"kubeconfig\": ", InQuotes(access.kubeconfig),
              ",\n        \"context\": ", InQuotes(access.context),
              ",\n        \"namespace\": ", InQuotes(access.in_namespace), "\n      }");
}

absl::Status WriteAll(int file, std::string_view text, const std::filesystem::path& path) {
  while (!text.empty()) {
    const ssize_t written = write(file, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return SystemError("write", path);
    text.remove_prefix(static_cast<size_t>(written));
  }
  return fsync(file) == 0 ? absl::OkStatus() : SystemError("write", path);
}

}  // namespace

std::filesystem::path HomeFolder(const Getenv& getenv) {
  const std::optional<std::string> chosen = getenv("CHAINS_HOME");
  if (chosen && !chosen->empty()) return *chosen;
  return std::filesystem::path(getenv("HOME").value_or(".")) / ".chains";
}

std::filesystem::path RemotesFile(const std::filesystem::path& home) {
  return home / "remotes.json";
}

std::string FormatRemotes(const Remotes& remotes) {
  std::vector<std::string> entries;
  for (const auto& [name, remote] : remotes.by_name) {
    std::vector<std::string> fields;
    if (remote.kubernetes) fields.push_back(FormatAccess(*remote.kubernetes));
    const std::pair<std::string_view, const std::string&> texts[] = {{"platform", remote.platform},
                                                                     {"gateway", remote.gateway},
                                                                     {"grpc", remote.grpc},
                                                                     {"key", remote.key}};
    for (const auto& [field, text] : texts) {
      fields.push_back(Text("      \"", field, "\": ", InQuotes(text)));
    }
    entries.push_back(
        Text("    ", InQuotes(name), ": {\n", absl::StrJoin(fields, ",\n"), "\n    }"));
  }
  return Text("{\n  \"default\": ", InQuotes(remotes.default_name), ",\n  \"remotes\": {\n",
              absl::StrJoin(entries, ",\n"), "\n  }\n}\n");
}

absl::StatusOr<Remotes> ParseRemotes(const std::string& text) {
  Struct object;
  if (!google::protobuf::util::JsonStringToMessage(text, &object).ok()) {
    return absl::InvalidArgumentError("this is no JSON object");
  }
  return RemotesFrom(object);
}

absl::StatusOr<Remotes> LoadRemotes(const std::filesystem::path& home) {
  const std::filesystem::path path = RemotesFile(home);
  std::error_code error;
  if (!std::filesystem::exists(path, error)) {
    if (!error) return Remotes();
    return absl::FailedPreconditionError(
        Text("cannot look at ", path.string(), ": ", error.message()));
  }
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  if (!file || !(text << file.rdbuf())) return SystemError("read", path);
  absl::StatusOr<Remotes> remotes = ParseRemotes(text.str());
  return remotes.ok() ? remotes : Bad(path, MessageOf(remotes.status()));
}

absl::Status SaveRemotes(const std::filesystem::path& home, const Remotes& remotes) {
  std::error_code error;
  if (std::filesystem::create_directories(home, error)) {
    std::filesystem::permissions(home, std::filesystem::perms::owner_all, error);
  }
  if (error) {
    return absl::FailedPreconditionError(
        Text("cannot make the folder ", home.string(), ": ", error.message()));
  }
  const std::filesystem::path path = RemotesFile(home);
  const std::string fresh = Text(path.string(), ".", getpid());
  const int file = open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (file < 0) return SystemError("write", fresh);
  const absl::Status written = WriteAll(file, FormatRemotes(remotes), fresh);
  close(file);
  if (!written.ok() || rename(fresh.c_str(), path.c_str()) != 0) {
    const absl::Status problem = written.ok() ? SystemError("replace", path) : written;
    unlink(fresh.c_str());
    return problem;
  }
  return absl::OkStatus();
}

absl::StatusOr<Remote> Choose(const Remotes& remotes, const std::string& name,
                              const Getenv& getenv) {
  if (remotes.by_name.empty()) {
    return absl::NotFoundError(
        "no platform is known: run `chains up`, or set CHAINS_HOME to the folder that one wrote "
        "its remotes.json to");
  }
  std::string chosen = name;
  if (chosen.empty()) chosen = getenv("CHAINS_REMOTE").value_or("");
  if (chosen.empty()) chosen = remotes.default_name;
  if (chosen.empty() && remotes.by_name.size() == 1) return remotes.by_name.begin()->second;
  const auto found = remotes.by_name.find(chosen);
  if (found != remotes.by_name.end()) return found->second;
  if (chosen == "kubernetes") {
    return absl::NotFoundError(
        "no platform is called 'kubernetes': `chains up --kubernetes` installs one on a cluster, "
        "`chains remotes add kubernetes --kubernetes` is for one that is there");
  }
  std::vector<std::string> names;
  for (const auto& [known, remote] : remotes.by_name) names.push_back(known);
  return absl::NotFoundError(Text("no platform is called '", chosen, "', only: ",
                                  absl::StrJoin(names, ", "), "; choose one with --remote"));
}

std::optional<Remote> RemoteOfEnvironment(const Getenv& getenv) {
  const std::optional<std::string> gateway = getenv("CHAINS_GATEWAY");
  if (!gateway || gateway->empty()) return std::nullopt;
  return Remote{.name = "CHAINS_GATEWAY",
                .gateway = *gateway,
                .grpc = getenv("CHAINS_GRPC").value_or(""),
                .key = getenv("CHAINS_API_KEY").value_or("")};
}

}  // namespace chains::deploy::cli
