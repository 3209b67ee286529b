// PlatformServer: HTTP and gRPC in front of what a platform has deployed, on one thread.
//
//   PlatformServer server({.platform = "unix:/run/platform.sock", .token = token}, {});
//   absl::StatusOr<PlatformGateway::Addresses> at = server.Start();
//   …
//   server.Drain(absl::Now() + absl::Seconds(30));
#pragma once

#include <functional>
#include <memory>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "chains/chain/identity_keeper.h"
#include "chains/core/worker_pool.h"
#include "chains/grpc/client_channel.h"
#include "chains/grpc/identity.h"
#include "chains/grpc/reactor.h"
#include "chains/grpc/server.h"
#include "chains/main/platform_gateway.h"
#include "gateway/app/gateway_server.h"
#include "gateway/app/route_watch.h"
#include "gateway/grpc/proxy.h"
#include "gateway/http/options.h"

namespace chains::gateway {

// For one thread.
class PlatformServer final : public PlatformGateway {
 public:
  // Where queued calls lie, opened as it starts: the flags of `options` are for who gives this.
  using OpenAsync = std::function<absl::StatusOr<AsyncSettings>()>;
  // `ui` is the page's files; null: there is no page, whatever `options` say.
  PlatformServer(Options options, HttpOptions http, OpenAsync open_async = nullptr,
                 const UiAssets* ui = nullptr);
  ~PlatformServer() override;  // drains without patience
  PlatformServer(const PlatformServer&) = delete;
  PlatformServer& operator=(const PlatformServer&) = delete;

  absl::StatusOr<Addresses> Start() override;
  void Drain(absl::Time deadline) override;

 private:
  absl::Status ObtainIdentity();
  absl::Status ListenForGrpc();
  absl::Status ListenForHttp();
  void WatchRoutes();
  std::shared_ptr<grpc::ChannelCredentials> ToEntrypoint(const std::string& chain,
                                                         const std::string& contract) const;
  // Once more does nothing.
  void StopReactor(absl::Time deadline);

  const Options options_;
  const HttpOptions http_options_;
  const OpenAsync open_async_;  // null: there is no queue
  const UiAssets* const ui_;
  Addresses addresses_;
  std::shared_ptr<grpc::ChannelCredentials> to_platform_;  // null: in plaintext
  std::unique_ptr<chains::internal::IdentityKeeper> keeper_;
  std::shared_ptr<const Identity> identity_;  // null: replicas are called in plaintext
  WorkerPool workers_;
  std::unique_ptr<GrpcServer> grpc_;          // null where there is no address for it
  std::unique_ptr<Reactor> own_;              // then
  Reactor* reactor_ = nullptr;                // one of them
  std::unique_ptr<GrpcChannel> ui_platform_;  // for the page alone: routes do not wait for it
  std::unique_ptr<GatewayServer> http_;
  std::unique_ptr<GrpcProxy> proxy_;
  std::unique_ptr<GrpcChannel> platform_;
  std::unique_ptr<RouteWatch> watch_;
  bool running_ = false;
};

}  // namespace chains::gateway
