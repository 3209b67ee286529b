// Remotes: which platforms this user knows, and how to talk to each.
//
//   absl::StatusOr<Remotes> remotes = LoadRemotes(HomeFolder(getenv));
//   absl::StatusOr<Remote> remote = Choose(*remotes, "", getenv);
//
// They are kept in HOME/remotes.json, readable by its owner only, because keys are in it:
//
//   {"default": "local",
//    "remotes": {"local": {"platform": "unix:/home/ada/.chains/platform.sock",
//                          "gateway": "http://127.0.0.1:8080", "grpc": "127.0.0.1:8081",
//                          "key": "…"},
//                "prod": {"kubernetes": {"kubeconfig": "/home/ada/.kube/config",
//                                        "context": "prod", "namespace": "chains"},
//                         "key": "…"}}}
//
// What of a remote on a cluster has no address is reached through the API server (tunnel.h).
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace chains::deploy::cli {

// Where an installation on a Kubernetes cluster is.
struct ClusterAccess {
  std::string kubeconfig = {};  // the file; empty: $KUBECONFIG, else ~/.kube/config
  std::string context = {};     // in it; empty: its current one
  std::string in_namespace = "chains";

  friend bool operator==(const ClusterAccess&, const ClusterAccess&) = default;
};

struct Remote {
  std::string name = {};
  std::string platform = {};  // where chains.v1.Platform answers: "unix:/path", "HOST:PORT"
  std::string gateway = {};   // "http://127.0.0.1:8080"
  std::string grpc = {};      // "127.0.0.1:8081"; empty: gRPC clients are not served
  std::string key = {};       // with the scope `manage`; empty: nobody is asked for one
  std::optional<ClusterAccess> kubernetes = {};
  // The gateway's address is one of this command's own, and of no use to others. Not kept.
  bool forwarded = false;

  friend bool operator==(const Remote&, const Remote&) = default;
};

struct Remotes {
  std::string default_name = {};
  std::map<std::string, Remote> by_name = {};
};

// A variable of the environment, as std::getenv has it.
using Getenv = std::function<std::optional<std::string>(const std::string& name)>;

// $CHAINS_HOME, or .chains in the user's home.
std::filesystem::path HomeFolder(const Getenv& getenv);
std::filesystem::path RemotesFile(const std::filesystem::path& home);

// None where there is no file. FAILED_PRECONDITION names what cannot be read, and the field that
// makes no sense.
absl::StatusOr<Remotes> LoadRemotes(const std::filesystem::path& home);

// The text of such a file, and what is in it. INVALID_ARGUMENT names the field. Pure.
absl::StatusOr<Remotes> ParseRemotes(const std::string& text);
std::string FormatRemotes(const Remotes& remotes);

// Replaces the file at once, with mode 0600; makes `home`, with mode 0700, where it is missing.
absl::Status SaveRemotes(const std::filesystem::path& home, const Remotes& remotes);

// The one called `name`, else $CHAINS_REMOTE, else the default. NOT_FOUND says what there is, or
// how to come by one.
absl::StatusOr<Remote> Choose(const Remotes& remotes, const std::string& name,
                              const Getenv& getenv);

// A gateway alone, of $CHAINS_GATEWAY (a URL), $CHAINS_GRPC and $CHAINS_API_KEY, as for a program
// in a pod that only calls; nullopt without the first.
std::optional<Remote> RemoteOfEnvironment(const Getenv& getenv);

}  // namespace chains::deploy::cli
