// A Tunnel whose connections go through the API server, to pods of platform and gateway.
#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "deploy/apiserver/server_address.h"
#include "deploy/cli/tunnel.h"

namespace chains::deploy::cli {

// Listens on ports of 127.0.0.1; nobody is asked before somebody connects. Errors as in
// port_forward.h.
absl::StatusOr<std::unique_ptr<Tunnel>> OpenClusterTunnel(const ServerAddress& address,
                                                          const std::string& in_namespace);

}  // namespace chains::deploy::cli
