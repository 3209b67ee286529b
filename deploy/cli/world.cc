#include "deploy/cli/world.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <unistd.h>

#include "absl/time/clock.h"
#include "chains/core/text.h"
#include "chains/http/curl_transport.h"
#include "deploy/apiserver/server_address.h"
#include "deploy/build/init.h"
#include "deploy/bundle/child.h"
#include "deploy/cli/kubernetes/cluster.h"
#include "deploy/cli/kubernetes/cluster_tunnel.h"
#include "deploy/cli/push/chain_source.h"
#include "deploy/cli/wait.h"

namespace chains::deploy::cli {
namespace {

std::optional<std::string> FromEnvironment(const std::string& name) {
  const char* const value = std::getenv(name.c_str());
  if (value == nullptr) return std::nullopt;
  return value;
}

absl::Status Become(const std::vector<std::string>& command) {
  std::vector<char*> arguments;
  for (const std::string& each : command) arguments.push_back(const_cast<char*>(each.c_str()));
  arguments.push_back(nullptr);
  execv(arguments[0], arguments.data());
  return absl::FailedPreconditionError(Text("cannot run ", command[0], ": ", std::strerror(errno)));
}

absl::StatusOr<ServerAddress> AddressOfCluster(const ClusterAccess& access) {
  return FindServer({.kubeconfig = access.kubeconfig, .context = access.context},
                    ProcessEnvironment());
}

absl::StatusOr<std::unique_ptr<Tunnel>> OpenTunnel(const ClusterAccess& access) {
  const absl::StatusOr<ServerAddress> address = AddressOfCluster(access);
  if (!address.ok()) return address.status();
  return OpenClusterTunnel(*address, access.in_namespace);
}

absl::StatusOr<std::unique_ptr<Cluster>> OpenCluster(const ClusterAccess& access,
                                                     const std::string& field_manager) {
  absl::StatusOr<ServerAddress> address = AddressOfCluster(access);
  if (!address.ok()) return address.status();
  absl::StatusOr<std::unique_ptr<http::CurlTransport>> transport =
      http::CurlTransport::Make(*std::move(address));
  if (!transport.ok()) return transport.status();
  return std::make_unique<Cluster>(*std::move(transport), access.in_namespace, field_manager);
}

}  // namespace

Session::World ThisWorld() {
  return {.getenv = FromEnvironment,
          .open_chain = OpenChain,
          .init_chain = [](const std::string& folder,
                           const std::string& name) { return InitChain(folder, name).status(); },
          .become = Become,
          .now = [] { return absl::Now(); },
          .interrupted = Interrupted,
          .open_tunnel = OpenTunnel,
          .open_cluster = OpenCluster,
          .run_child = RunChild};
}

}  // namespace chains::deploy::cli
