#include "deploy/apiserver/port_forward.h"

#include <csignal>
#include <mutex>
#include <pthread.h>
#include <thread>
#include <utility>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>

#include "chains/core/text.h"
#include "chains/http/curl_transport.h"
#include "chains/http/url.h"
#include "deploy/apiserver/pod_picker.h"
#include "deploy/apiserver/port_tunnel.h"

namespace chains::deploy {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

constexpr int kMaxTunnels = 256;

void BlockPipeSignal() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
}

class Forward final : public PortForward, private PortTunnels {
 public:
  Forward(std::unique_ptr<asio::io_context> context, std::unique_ptr<http::CurlTransport> transport,
          const Target& target)
      : PortTunnels(*context),
        context_(std::move(context)),
        transport_(std::move(transport)),
        picker_(
            std::make_unique<PodPicker>(*transport_, target.in_namespace, target.label_selector)),
        listener_(std::make_unique<tcp::acceptor>(io)) {
    in_namespace = target.in_namespace;
    PortTunnels::port = target.port;
  }
  ~Forward() override {
    io.stop();
    if (thread_.joinable()) thread_.join();
    // Tunnels are in what the picker and the io_context have to do yet, and say that they ended.
    picker_.reset();
    listener_.reset();
    context_.reset();
  }

  absl::Status Begin(ServerAddress of, http::UrlParts parts) {
    PortTunnels::address = std::move(of);
    server = std::move(parts);
    if (absl::Status status = SetUp(); !status.ok()) return status;
    boost::system::error_code error;
    const tcp::endpoint place(asio::ip::address_v4::loopback(), 0);
    listener_->open(tcp::v4(), error);
    if (!error) listener_->bind(place, error);
    if (!error) listener_->listen(asio::socket_base::max_listen_connections, error);
    if (error) {
      return absl::UnavailableError(Text("cannot listen on 127.0.0.1: ", error.message()));
    }
    port_ = listener_->local_endpoint(error).port();
    Accept();
    thread_ = std::thread([this] {
      BlockPipeSignal();
      io.run();
    });
    return absl::OkStatus();
  }

  int port() const override { return port_; }
  absl::Status problem() const override {
    const std::lock_guard lock(mutex_);
    return problem_;
  }

 private:
  absl::Status SetUp() {
    const ServerAddress& of = PortTunnels::address;
    if (!of.proxy.empty()) {
      absl::StatusOr<http::UrlParts> parts = http::ParseHttpUrl(of.proxy);
      if (!parts.ok() || parts->scheme != "http") {
        return absl::FailedPreconditionError(
            Text("a port is forwarded through a proxy of http only, and proxy-url is '", of.proxy,
                 "'; use `kubectl port-forward` beside it"));
      }
      proxy = *std::move(parts);
    }
    return SetUpTls(of, tls);
  }

  void Accept() {
    listener_->async_accept([this](boost::system::error_code error, tcp::socket local) {
      if (error == asio::error::operation_aborted) return;
      if (!error && tunnels_ < kMaxTunnels) {
        ++tunnels_;
        CarryOn(*this, std::move(local));
      }
      Accept();
    });
  }

  void Pick(const std::string& failed, Picked picked) override {
    if (!pod_.empty() && pod_ != failed) {
      asio::post(io, [picked = std::move(picked), pod = pod_] { picked(pod); });
      return;
    }
    pod_.clear();
    // Handed on, not copied: a tunnel must end on this thread.
    picker_->Pick(failed,
                  [this, picked = std::move(picked)](absl::StatusOr<std::string> pod) mutable {
                    asio::post(io, [this, picked = std::move(picked), pod = std::move(pod)] {
                      pod_ = pod.value_or("");
                      picked(pod);
                    });
                  });
  }
  void Report(absl::Status status) override {
    const std::lock_guard lock(mutex_);
    problem_ = std::move(status);
  }
  void Ended() override { --tunnels_; }

  std::unique_ptr<asio::io_context> context_;
  const std::unique_ptr<http::CurlTransport> transport_;
  std::unique_ptr<PodPicker> picker_;
  std::unique_ptr<tcp::acceptor> listener_;
  int port_ = 0;
  std::string pod_;  // the one that served last; on the thread
  int tunnels_ = 0;  // on the thread
  mutable std::mutex mutex_;
  absl::Status problem_;  // guarded by mutex_
  std::thread thread_;
};

}  // namespace

std::string PortForward::address() const { return Text("127.0.0.1:", port()); }

absl::StatusOr<std::unique_ptr<PortForward>> PortForward::Open(ServerAddress address,
                                                               Target target) {
  absl::StatusOr<http::UrlParts> server = http::ParseHttpUrl(address.url);
  if (!server.ok()) return server.status();
  if (target.port < 1 || target.port > 65535) {
    return absl::InvalidArgumentError(Text("there is no port ", target.port));
  }
  absl::StatusOr<std::unique_ptr<http::CurlTransport>> transport =
      http::CurlTransport::Make(address);
  if (!transport.ok()) return transport.status();
  auto forward = std::make_unique<Forward>(std::make_unique<asio::io_context>(1),
                                           *std::move(transport), target);
  if (absl::Status status = forward->Begin(std::move(address), *std::move(server)); !status.ok()) {
    return status;
  }
  return forward;
}

}  // namespace chains::deploy
