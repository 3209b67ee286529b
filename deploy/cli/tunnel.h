// Tunnel: a way from this machine to an installation on a Kubernetes cluster, through the API
// server, as long as it lives: nothing of the installation has to be reachable from outside.
//
//   absl::StatusOr<std::unique_ptr<Tunnel>> tunnel = session.world().open_tunnel(access);
//   PlatformClient platform({.platform = (*tunnel)->addresses().platform, .key = key});
#pragma once

#include <string>

#include "absl/status/status.h"

namespace chains::deploy::cli {

class Tunnel {
 public:
  // Of this machine alone: "127.0.0.1:40123". Each connection leads to a pod that is ready then.
  struct Addresses {
    std::string platform = {};
    std::string http = {};
    std::string grpc = {};
  };

  virtual ~Tunnel() = default;
  virtual Addresses addresses() const = 0;
  // Why connections through it did not come about; OK: they did, or nobody tried.
  virtual absl::Status problem() const = 0;
};

}  // namespace chains::deploy::cli
