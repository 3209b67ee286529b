// PortForward: a port of this machine that leads to a port of a pod, through the API server.
//
//   absl::StatusOr<std::unique_ptr<PortForward>> forward =
//       PortForward::Open(*address, {"chains", "app=chains-platform", 7070});
//   Connect((*forward)->address());     // "127.0.0.1:41873"
//
// Each connection is a WebSocket of its own, as the kubelet and container runtimes of all supported
// versions of Kubernetes serve it (k8s.io/cri-streaming, portforward/websocket.go). Which pod it
// leads to is decided when it is made: the one that served last, or, where that fails, another one
// that is ready. Its user needs the verbs get and create on pods/portforward, and list on pods.
//
// There are no half-closed connections: when either side ends, both do.
#pragma once

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "deploy/apiserver/server_address.h"

namespace chains::deploy {

// Thread-safe; serves on threads of its own.
class PortForward {
 public:
  struct Target {
    std::string in_namespace;
    std::string label_selector;
    int port = 0;
  };

  // Listens. INVALID_ARGUMENT: the address cannot be used. FAILED_PRECONDITION: a certificate or
  // key cannot be used, or it would lead through a proxy of kubeconfig's proxy-url that is not
  // http. Nobody is asked yet.
  static absl::StatusOr<std::unique_ptr<PortForward>> Open(ServerAddress address, Target target);
  // Ends all connections.
  virtual ~PortForward() = default;

  virtual int port() const = 0;
  std::string address() const;
  // Why the last connection did not come about or was broken off; OK: it did, or there was none.
  virtual absl::Status problem() const = 0;
};

}  // namespace chains::deploy
