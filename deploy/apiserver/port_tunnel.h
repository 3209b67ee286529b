// PortTunnel: one connection of this machine, carried to a pod's port over a WebSocket.
// Implementation detail of port_forward.h.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "chains/http/url.h"
#include "deploy/apiserver/server_address.h"

namespace chains::deploy {

// What all tunnels of a PortForward share. On the thread of its io_context, which ends before it.
class PortTunnels {
 public:
  explicit PortTunnels(boost::asio::io_context& of) : io(of) {}
  virtual ~PortTunnels() = default;

  // Calls back on the same thread. A new pod, where `failed` names one that did not work.
  using Picked = std::function<void(absl::StatusOr<std::string>)>;
  virtual void Pick(const std::string& failed, Picked picked) = 0;
  // One came about, or why it did not, or broke.
  virtual void Report(absl::Status status) = 0;
  virtual void Ended() = 0;

  boost::asio::io_context& io;
  boost::asio::ssl::context tls{boost::asio::ssl::context::tls_client};
  ServerAddress address;
  http::UrlParts server;
  std::optional<http::UrlParts> proxy;
  std::string in_namespace;
  int port = 0;
};

// Serves `local` until either side ends; keeps itself until then.
void CarryOn(PortTunnels& shared, boost::asio::ip::tcp::socket local);

// FAILED_PRECONDITION: a certificate or key of the address cannot be used.
absl::Status SetUpTls(const ServerAddress& address, boost::asio::ssl::context& tls);

}  // namespace chains::deploy
