// Where an API server is, and who asks: what a kubeconfig or a pod's service account says.
//
//   absl::StatusOr<ServerAddress> address = FindServer({.kubeconfig = flag}, ProcessEnvironment());
//   absl::StatusOr<std::unique_ptr<CurlTransport>> transport = CurlTransport::Make(*address);
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "absl/status/statusor.h"

namespace chains::deploy {

struct ServerAddress {
  std::string url;               // http or https, a path in front of all others is possible
  std::string ca = {};           // PEM; empty: the system's
  std::string certificate = {};  // PEM, with key: who we are
  std::string key = {};
  bool skip_verify = false;      // whoever answers is believed
  std::string server_name = {};  // in the server's certificate; empty: the url's
  std::string proxy = {};        // "http://proxy:3128"; empty: as HTTPS_PROXY and NO_PROXY say
  // The bearer token for the next request; null: none. Called on a thread of the transport's.
  std::function<absl::StatusOr<std::string>()> token = nullptr;
  std::string in_namespace = {};  // where things are when nothing else is said
};

struct ServerFlags {
  std::string kubeconfig = {};  // a file; empty: as said below
  std::string context = {};     // of the kubeconfig; empty: its current one
};

// The value of a variable; nullopt where it is not set.
using Environment = std::function<std::optional<std::string>(const std::string&)>;
Environment ProcessEnvironment();

// As kubectl looks for it: the flag, the files of KUBECONFIG, ~/.kube/config, and in a pod its
// service account. A kubeconfig's token and certificate are in memory then; a token's file is read
// again for each request, because it changes while a pod runs. NOT_FOUND: none of these is there.
// FAILED_PRECONDITION, INVALID_ARGUMENT: what there is cannot be used.
absl::StatusOr<ServerAddress> FindServer(const ServerFlags& flags, const Environment& environment);

// A pod's service account. `folder` has the files ca.crt, token and namespace.
absl::StatusOr<ServerAddress> InClusterAddress(
    const Environment& environment,
    const std::string& folder = "/var/run/secrets/kubernetes.io/serviceaccount");

// A small file, without spaces and line ends around it. NOT_FOUND, or FAILED_PRECONDITION: it
// cannot be read, is empty or too large.
absl::StatusOr<std::string> ReadSmallFile(const std::string& path);

}  // namespace chains::deploy
