#include "gateway/app/gateway_server.h"

#include <future>
#include <utility>

#include "chains/chain/log.h"
#include "chains/core/text.h"
#include "chains/grpc/run_on.h"

namespace chains::gateway {

absl::Status GatewayServer::Open(std::vector<std::unique_ptr<Target>> targets, Options options) {
  absl::StatusOr<std::unique_ptr<Gateway>> gateway =
      Gateway::Create(reactor_, std::move(targets), std::move(options.gateway));
  if (!gateway.ok()) return gateway.status();
  Serve(*std::move(gateway), std::move(options));
  return absl::OkStatus();
}

void GatewayServer::Open(Options options) {
  std::unique_ptr<Gateway> gateway = Gateway::Create(reactor_, std::move(options.gateway));
  Serve(std::move(gateway), std::move(options));
}

void GatewayServer::Serve(std::unique_ptr<Gateway> gateway, Options options) {
  gateway_ = std::move(gateway);
  if (options.async.store != nullptr) gateway_->Queue(std::move(options.async));
  if (options.ui.assets != nullptr) gateway_->Host(std::move(options.ui));
  server_ = std::make_unique<HttpServer>(reactor_, sockets_, *gateway_, options.http);
  gateway_->CountConnections([this] { return server_->connections(); });
  reactor_.Attach(sockets_);
  reactor_.Post([this] { gateway_->Start(); });
}

absl::StatusOr<std::string> GatewayServer::Listen(std::string_view address) {
  return server_->Listen(address);
}

absl::StatusOr<std::string> GatewayServer::ListenTls(std::string_view address,
                                                     TlsContext::Files files) {
  absl::StatusOr<std::unique_ptr<TlsContext>> tls =
      TlsContext::Load(std::move(files), [](const absl::Status& why) {
        Log(Context(), Severity::kWarning,
            Text("the certificate has changed, but the one of before stays: ", MessageOf(why)));
      });
  if (!tls.ok()) return tls.status();
  return server_->ListenTls(address, *std::move(tls));
}

void GatewayServer::AwaitFirstAnswers() {
  const auto answered = RunOn(reactor_, [this] { return gateway_->FirstAnswers(); });
  answered.status().IgnoreError();
}

void GatewayServer::Drain(absl::Time deadline) {
  std::promise<void> drained;
  reactor_.Post([&] {
    gateway_->Stop();
    server_->Drain(deadline, [&] { drained.set_value(); });
  });
  const auto jobs = RunOn(reactor_, [&] { return gateway_->EndJobs(deadline); });
  jobs.status().IgnoreError();
  drained.get_future().wait();
  std::promise<void> destroyed;
  reactor_.Post([&] {
    gateway_->CountConnections(nullptr);
    server_.reset();
    destroyed.set_value();
  });
  destroyed.get_future().wait();
}

}  // namespace chains::gateway
