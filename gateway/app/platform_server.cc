#include "gateway/app/platform_server.h"

#include <utility>

#include "absl/time/clock.h"
#include "chains/core/text.h"

namespace chains::gateway {
namespace {

// A platform that comes up at the same time is waited for.
constexpr absl::Duration kForIdentity = absl::Minutes(1);

absl::Status At(std::string_view what, const absl::Status& problem) {
  return absl::Status(problem.code(),
                      Text("the gateway's address for ", what, ": ", MessageOf(problem)));
}

}  // namespace

PlatformServer::PlatformServer(Options options, HttpOptions http, OpenAsync open_async,
                               const UiAssets* ui)
    : options_(std::move(options)),
      http_options_(http),
      open_async_(std::move(open_async)),
      ui_(ui) {}

// Where the start failed, too, what was posted by then is run or dropped while all is there.
PlatformServer::~PlatformServer() {
  Drain(absl::InfinitePast());
  StopReactor(absl::InfinitePast());
}

absl::StatusOr<PlatformGateway::Addresses> PlatformServer::Start() {
  if (absl::Status obtained = ObtainIdentity(); !obtained.ok()) return obtained;
  if (absl::Status listening = ListenForGrpc(); !listening.ok()) return listening;
  if (absl::Status listening = ListenForHttp(); !listening.ok()) return listening;
  WatchRoutes();
  if (keeper_ != nullptr) keeper_->Start(*reactor_);
  running_ = true;
  if (grpc_ != nullptr) {
    grpc_->Start();
  } else {
    reactor_->Start();
  }
  return addresses_;
}

absl::Status PlatformServer::ObtainIdentity() {
  if (!options_.platform_roots.empty()) {
    absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> to_platform =
        chains::internal::ToPlatform(options_.platform_roots);
    if (!to_platform.ok()) return to_platform.status();
    to_platform_ = *std::move(to_platform);
  }
  if (options_.identity.empty()) return absl::OkStatus();
  chains::internal::IdentityKeeper::Options keeper;
  keeper.platform = options_.platform;
  keeper.credentials = to_platform_;
  keeper.token = options_.token;
  keeper.folder = options_.identity;
  keeper_ = std::make_unique<chains::internal::IdentityKeeper>(std::move(keeper));
  absl::StatusOr<std::shared_ptr<const Identity>> identity =
      keeper_->Obtain(absl::Now() + kForIdentity);
  if (!identity.ok()) return identity.status();
  identity_ = *std::move(identity);
  return absl::OkStatus();
}

absl::Status PlatformServer::ListenForGrpc() {
  if (options_.grpc.empty()) {
    own_ = std::make_unique<Reactor>(workers_);
    reactor_ = own_.get();
    return absl::OkStatus();
  }
  GrpcServer::Options options;
  options.listen = {options_.grpc};
  options.replica = options_.name;
  absl::StatusOr<std::unique_ptr<GrpcServer>> server =
      GrpcServer::Listen(std::move(options), workers_);
  if (!server.ok()) return At("gRPC", server.status());
  grpc_ = *std::move(server);
  reactor_ = &grpc_->reactor(0);
  addresses_.grpc = grpc_->addresses().front();
  return absl::OkStatus();
}

absl::Status PlatformServer::ListenForHttp() {
  http_ = std::make_unique<GatewayServer>(*reactor_);
  GatewayServer::Options options{.gateway = {.timeout = options_.timeout}, .http = http_options_};
  if (open_async_ != nullptr) {
    absl::StatusOr<AsyncSettings> async = open_async_();
    if (!async.ok()) return async.status();
    options.async = *std::move(async);
  }
  absl::StatusOr<Cors> cors = Cors::Create(options_.cors_origins);
  if (!cors.ok()) return cors.status();
  options.gateway.cors = *std::move(cors);
  options.gateway.quotas = {.max_in_flight = options_.max_in_flight,
                            .dry_run = options_.limits_dry_run};
  options.gateway.max_body_bytes = http_options_.request.max_body_bytes;
  if (ui_ != nullptr && options_.ui) {
    ui_platform_ = std::make_unique<GrpcChannel>(
        options_.platform, *reactor_,
        GrpcChannel::Options{.connections = 1, .credentials = to_platform_});
    options.ui = {.assets = ui_, .platform = ui_platform_.get(), .folder = options_.ui_folder};
  }
  http_->Open(std::move(options));
  absl::StatusOr<std::string> bound = http_->Listen(options_.http);
  if (!bound.ok()) return At("HTTP", bound.status());
  addresses_.http = *std::move(bound);
  if (options_.tls.empty()) return absl::OkStatus();
  bound = http_->ListenTls(options_.tls,
                           {.certificate = options_.tls_certificate, .key = options_.tls_key});
  if (!bound.ok()) return At("TLS", bound.status());
  addresses_.tls = *std::move(bound);
  return absl::OkStatus();
}

void PlatformServer::WatchRoutes() {
  platform_ = std::make_unique<GrpcChannel>(
      options_.platform, *reactor_,
      GrpcChannel::Options{.connections = 1, .credentials = to_platform_});
  const auto connect_to = [this](const std::string& chain, const std::string& entrypoint) {
    return [reactor = reactor_, faults = options_.faults,
            credentials = ToEntrypoint(chain, entrypoint)](
               const ElasticChannel::Way& way) -> std::unique_ptr<Channel> {
      const GrpcChannel::Options options{.connections = way.connections,
                                         .credentials = credentials,
                                         .asks_load = true,
                                         .carries = true};
      return WithFaults(std::make_unique<GrpcChannel>(way.address, *reactor, options), "", faults);
    };
  };
  RouteWatch::Options watch{.gateway = options_.name, .token = options_.token};
  watch.connect_to = connect_to;
  watch.deployment.zone = options_.zone;
  watch.deployment.hedging.on = options_.hedge_percentile > 0;
  if (options_.hedge_percentile > 0) {
    watch.deployment.hedging.percentile = options_.hedge_percentile;
  }
  watch.deployment.circuit.on = options_.circuit;
  watch_ = std::make_unique<RouteWatch>(*reactor_, *platform_, nullptr, std::move(watch),
                                        http_->gateway());
  reactor_->Post([this] { watch_->Start(); });
  if (grpc_ == nullptr) return;
  proxy_ = std::make_unique<GrpcProxy>(*reactor_, http_->gateway().routes(),
                                       GrpcProxy::Options{.timeout = options_.timeout,
                                                          .quotas = &http_->gateway().quotas(),
                                                          .telling = &http_->gateway().telling(),
                                                          .metrics = &http_->gateway().metrics()});
  grpc_->SetFallback(0, [this](std::string_view path, const Context& context) {
    return proxy_->Find(path, context);
  });
}

std::shared_ptr<grpc::ChannelCredentials> PlatformServer::ToEntrypoint(
    const std::string& chain, const std::string& contract) const {
  if (identity_ == nullptr) return nullptr;
  return identity_->ToPeer(ChainletPeer(identity_->trust_domain(), chain, contract));
}

// Routes are watched to the end: a request may wait for a replica.
void PlatformServer::Drain(absl::Time deadline) {
  if (!std::exchange(running_, false)) return;
  http_->Drain(deadline);
  StopReactor(deadline);
}

void PlatformServer::StopReactor(absl::Time deadline) {
  if (grpc_ != nullptr) grpc_->Drain(deadline);
  if (own_ != nullptr) own_->Stop();
}

}  // namespace chains::gateway
