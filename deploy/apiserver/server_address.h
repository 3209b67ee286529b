// Where an API server is, and who asks: what a kubeconfig or a pod's service account says.
//
//   absl::StatusOr<ServerAddress> address = FindServer({.kubeconfig = flag}, ProcessEnvironment());
//   absl::StatusOr<std::unique_ptr<http::CurlTransport>> transport =
//       http::CurlTransport::Make(*address);
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "chains/http/server_address.h"

namespace chains::deploy {

using http::ServerAddress;

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
