#include "gateway/app/platform_server.h"

#include <utility>

#include "chains/core/text.h"

namespace chains::gateway {
namespace {

absl::Status At(std::string_view what, const absl::Status& problem) {
  return absl::Status(problem.code(),
                      Text("the gateway's address for ", what, ": ", MessageOf(problem)));
}

}  // namespace

PlatformServer::PlatformServer(Options options, HttpOptions http, OpenAsync open_async)
    : options_(std::move(options)), http_options_(http), open_async_(std::move(open_async)) {}

// Where the start failed, too, what was posted by then is run or dropped while all is there.
PlatformServer::~PlatformServer() {
  Drain(absl::InfinitePast());
  StopReactor(absl::InfinitePast());
}

absl::StatusOr<PlatformGateway::Addresses> PlatformServer::Start() {
  if (absl::Status listening = ListenForGrpc(); !listening.ok()) return listening;
  if (absl::Status listening = ListenForHttp(); !listening.ok()) return listening;
  WatchRoutes();
  running_ = true;
  if (grpc_ != nullptr) {
    grpc_->Start();
  } else {
    reactor_->Start();
  }
  return addresses_;
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
  options.gateway.max_body_bytes = http_options_.request.max_body_bytes;
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
  platform_ = std::make_unique<GrpcChannel>(options_.platform, *reactor_);
  const auto connect = [reactor = reactor_,
                        faults = options_.faults](const ElasticChannel::Way& way) {
    return WithFaults(
        std::make_unique<GrpcChannel>(way.address, *reactor,
                                      GrpcChannel::Options{.connections = way.connections}),
        "", faults);
  };
  RouteWatch::Options watch{.gateway = options_.name, .token = options_.token};
  watch_ = std::make_unique<RouteWatch>(*reactor_, *platform_, connect, std::move(watch),
                                        http_->gateway());
  reactor_->Post([this] { watch_->Start(); });
  if (grpc_ == nullptr) return;
  proxy_ = std::make_unique<GrpcProxy>(*reactor_, http_->gateway().routes(),
                                       GrpcProxy::Options{.timeout = options_.timeout});
  grpc_->SetFallback(0, [this](std::string_view path, const Context& context) {
    return proxy_->Find(path, context);
  });
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
