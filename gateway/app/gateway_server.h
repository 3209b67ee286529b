// GatewayServer: a gateway and its HTTP server on the thread of one Reactor.
//
//   GatewayServer server(reactor);
//   RETURN_IF_ERROR(server.Open(std::move(targets), options));
//   absl::StatusOr<std::string> address = server.Listen("127.0.0.1:8080");
//   reactor.Start();
//   …
//   server.Drain(absl::Now() + absl::Seconds(30));
//   reactor.Stop();
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "chains/grpc/reactor.h"
#include "gateway/app/gateway.h"
#include "gateway/http/options.h"
#include "gateway/http/server.h"
#include "gateway/http/socket_loop.h"
#include "gateway/http/tls_context.h"

namespace chains::gateway {

// Destroyed after the reactor's Stop(), and after Drain() where the reactor ran.
class GatewayServer {
 public:
  struct Options {
    Gateway::Options gateway = {};
    HttpOptions http = {};
    AsyncSettings async = {};  // without a store calls are not queued
    UiSettings ui = {};        // without assets there is no page
  };

  explicit GatewayServer(Reactor& reactor) : reactor_(reactor) {}
  GatewayServer(const GatewayServer&) = delete;
  GatewayServer& operator=(const GatewayServer&) = delete;

  // All before the reactor runs. Listen() answers the address with the port that was chosen.
  absl::Status Open(std::vector<std::unique_ptr<Target>> targets, Options options);
  absl::StatusOr<std::string> Listen(std::string_view address);
  absl::StatusOr<std::string> ListenTls(std::string_view address, TlsContext::Files files);
  // Instead: without routes, which are the gateway's to be given, on the reactor's thread.
  void Open(Options options);
  Gateway& gateway() { return *gateway_; }

  // Any thread but the reactor's, while that runs.

  // Ends when every route's contract is known, or was asked for in vain once.
  void AwaitFirstAnswers();
  // Not ready; accepts nothing new; finishes what runs until `deadline`, drops the rest. Once.
  void Drain(absl::Time deadline);

 private:
  void Serve(std::unique_ptr<Gateway> gateway, Options options);

  Reactor& reactor_;
  SocketLoop sockets_;
  std::unique_ptr<Gateway> gateway_;
  std::unique_ptr<HttpServer> server_;
};

}  // namespace chains::gateway
