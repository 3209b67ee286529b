#include "deploy/apiserver/port_tunnel.h"

#include <array>
#include <string_view>
#include <utility>

#include <boost/asio/connect.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/streambuf.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>
#include <boost/beast/websocket/ssl.hpp>
#include <boost/beast/websocket/stream.hpp>

#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "chains/core/text.h"
#include "deploy/apiserver/failure.h"
#include "deploy/apiserver/port_frames.h"
#include "deploy/apiserver/target.h"

namespace chains::deploy {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace websocket = boost::beast::websocket;
using asio::ip::tcp;
using Error = boost::system::error_code;

constexpr int kAttempts = 2;                 // pods that are tried
constexpr size_t kPiece = 32 << 10;          // of what is sent
constexpr size_t kLongestMessage = 4 << 20;  // of what comes
constexpr size_t kLongestProxyHead = 16 << 10;
constexpr auto kToConnect = std::chrono::seconds(15);

using Plain = beast::tcp_stream;
using Secure = beast::ssl_stream<beast::tcp_stream>;

std::string WithoutBrackets(const std::string& host) {
  return host.starts_with('[') ? host.substr(1, host.size() - 2) : host;
}

template <typename Layer>
class Tunnel : public std::enable_shared_from_this<Tunnel<Layer>> {
 public:
  Tunnel(PortTunnels& shared, tcp::socket local)
      : shared_(shared), resolver_(shared.io), local_(std::move(local)), frames_(shared.port) {}
  Tunnel(const Tunnel&) = delete;
  ~Tunnel() { shared_.Ended(); }

  void Pick(const std::string& failed) {
    ++attempts_;
    shared_.Pick(failed, [self = this->shared_from_this()](absl::StatusOr<std::string> pod) {
      if (!pod.ok()) return self->shared_.Report(pod.status());
      self->pod_ = *std::move(pod);
      self->Resolve();
    });
  }

 private:
  // A handler that goes on in `next`, or ends in Fail().
  template <typename Next>
  auto Then(std::string_view what, Next next) {
    return [self = this->shared_from_this(), what, next](Error error, auto&&...) {
      if (error) return self->Fail(Text(what, ": ", error.message()));
      next(*self);
    };
  }

  beast::tcp_stream& socket() { return beast::get_lowest_layer(*stream_); }

  void Resolve() {
    answer_.clear();
    upgraded_ = {};
    if constexpr (std::is_same_v<Layer, Secure>) {
      stream_ = std::make_unique<websocket::stream<Layer>>(shared_.io, shared_.tls);
    } else {
      stream_ = std::make_unique<websocket::stream<Layer>>(shared_.io);
    }
    const http::UrlParts& first = shared_.proxy ? *shared_.proxy : shared_.server;
    resolver_.async_resolve(
        WithoutBrackets(first.host), first.port,
        [self = this->shared_from_this()](Error error, const tcp::resolver::results_type& found) {
          if (error) return self->Fail(Text("cannot find the server: ", error.message()));
          self->Connect(found);
        });
  }

  void Connect(const tcp::resolver::results_type& found) {
    socket().expires_after(kToConnect);
    socket().async_connect(found, Then("cannot connect", [](Tunnel& self) {
                             Error ignored;
                             self.socket().socket().set_option(tcp::no_delay(true), ignored);
                             self.shared_.proxy ? self.AskProxy() : self.Secured();
                           }));
  }

  void AskProxy() {
    const std::string place = Text(shared_.server.host, ":", shared_.server.port);
    request_ = Text("CONNECT ", place, " HTTP/1.1\r\nHost: ", place, "\r\n\r\n");
    asio::async_write(socket(), asio::buffer(request_), Then("the proxy", [](Tunnel& self) {
                        asio::async_read_until(
                            self.socket(), asio::dynamic_buffer(self.answer_, kLongestProxyHead),
                            "\r\n\r\n",
                            self.Then("the proxy", [](Tunnel& me) { me.HeardProxy(); }));
                      }));
  }

  void HeardProxy() {
    const std::vector<std::string> words =
        absl::StrSplit(answer_.substr(0, answer_.find("\r\n")), ' ');
    if (words.size() < 2 || words[1] != "200") {
      return Fail(Text("the proxy refuses: ", answer_.substr(0, answer_.find("\r\n"))));
    }
    Secured();
  }

  void Secured() {
    if constexpr (std::is_same_v<Layer, Secure>) {
      Secure& layer = stream_->next_layer();
      const ServerAddress& address = shared_.address;
      const std::string name =
          address.server_name.empty() ? WithoutBrackets(shared_.server.host) : address.server_name;
      if (!address.skip_verify) {
        layer.set_verify_mode(asio::ssl::verify_peer);
        layer.set_verify_callback(asio::ssl::host_name_verification(name));
      }
      Error not_address;
      asio::ip::make_address(name, not_address);
      if (not_address) SSL_set_tlsext_host_name(layer.native_handle(), name.c_str());
      layer.async_handshake(asio::ssl::stream_base::client,
                            Then("the server is not who it should be, or does not take our "
                                 "certificate",
                                 [](Tunnel& self) { self.Upgrade(); }));
    } else {
      Upgrade();
    }
  }

  void Upgrade() {
    std::string token;
    if (shared_.address.token != nullptr) {
      absl::StatusOr<std::string> now = shared_.address.token();
      if (!now.ok()) return Fail(MessageOf(now.status()));
      token = *std::move(now);
    }
    // The WebSocket has its own time limits from here on.
    socket().expires_never();
    stream_->set_option(websocket::stream_base::timeout{
        .handshake_timeout = kToConnect, .idle_timeout = kToConnect * 4, .keep_alive_pings = true});
    stream_->set_option(
        websocket::stream_base::decorator([token](websocket::request_type& request) {
          request.set(beast::http::field::user_agent, "chains");
          request.set(beast::http::field::sec_websocket_protocol,
                      beast::string_view(kPortForwardProtocol.data(), kPortForwardProtocol.size()));
          if (!token.empty()) request.set(beast::http::field::authorization, "Bearer " + token);
        }));
    stream_->read_message_max(kLongestMessage);
    stream_->binary(true);
    // Each frame needs its channel: Kubernetes' side takes a fragment for a message of its own.
    stream_->auto_fragment(false);
    stream_->write_buffer_bytes(kPiece);
    chains::deploy::Target target(kinds::kPod, shared_.in_namespace, pod_);
    target.Enter("portforward");
    target.Add("ports", Text(shared_.port));
    request_ = shared_.server.path + target.text();
    stream_->async_handshake(
        upgraded_, Text(shared_.server.host, ":", shared_.server.port), request_,
        [self = this->shared_from_this()](Error error) { self->Upgraded(error); });
  }

  void Upgraded(Error error) {
    if (error == websocket::error::upgrade_declined) {
      HttpResponse answer;
      answer.status = static_cast<int>(upgraded_.result_int());
      answer.body = upgraded_.body();
      return Fail(
          MessageOf(FailureOf(answer, Text("reach port ", shared_.port, " of pod '", pod_, "'"))));
    }
    if (error) return Fail(Text("cannot reach pod '", pod_, "': ", error.message()));
    shared_.Report(absl::OkStatus());
    begun_ = true;
    ReadLocal();
    ReadRemote();
  }

  void ReadLocal() {
    outgoing_[0] = 0;  // the channel of data
    local_.async_read_some(asio::buffer(outgoing_.data() + 1, outgoing_.size() - 1),
                           [self = this->shared_from_this()](Error error, size_t size) {
                             if (error) return self->End();
                             self->Send(size);
                           });
  }

  void Send(size_t size) {
    stream_->async_write(asio::buffer(outgoing_.data(), size + 1),
                         Then("the connection broke", [](Tunnel& self) { self.ReadLocal(); }));
  }

  void ReadRemote() {
    incoming_.clear();
    stream_->async_read(incoming_, [self = this->shared_from_this()](Error error, size_t) {
      if (error == websocket::error::closed) return self->End();
      if (error) return self->Fail(Text("the connection broke: ", error.message()));
      self->Receive();
    });
  }

  void Receive() {
    const std::string_view message(static_cast<const char*>(incoming_.data().data()),
                                   incoming_.size());
    const absl::StatusOr<std::string_view> data = frames_.Take(message);
    if (!data.ok()) return Fail(Text("pod '", pod_, "': ", MessageOf(data.status())));
    if (data->empty()) return ReadRemote();
    asio::async_write(local_, asio::buffer(data->data(), data->size()),
                      [self = this->shared_from_this()](Error error, size_t) {
                        if (error) return self->End();
                        self->ReadRemote();
                      });
  }

  void Fail(std::string_view why) {
    if (ended_) return;
    if (!begun_ && attempts_ < kAttempts) return Pick(pod_);
    shared_.Report(absl::UnavailableError(ToAbsl(why)));
    if (begun_) shared_.Pick(pod_, [](const absl::StatusOr<std::string>&) {});  // for the next one
    End();
  }

  // Whatever still runs ends with an error, and with the last of it this is gone.
  void End() {
    if (std::exchange(ended_, true)) return;
    Error ignored;
    local_.close(ignored);
    if (!stream_->is_open()) return socket().close();
    stream_->async_close(websocket::close_code::normal,
                         [self = this->shared_from_this()](Error) { self->socket().close(); });
  }

  PortTunnels& shared_;
  tcp::resolver resolver_;
  tcp::socket local_;
  std::unique_ptr<websocket::stream<Layer>> stream_;
  std::string pod_;
  int attempts_ = 0;
  std::string request_;
  std::string answer_;  // the proxy's
  websocket::response_type upgraded_;
  PortFrames frames_;
  bool begun_ = false;
  bool ended_ = false;
  std::array<char, kPiece + 1> outgoing_;
  beast::flat_buffer incoming_;
};

}  // namespace

void CarryOn(PortTunnels& shared, tcp::socket local) {
  Error ignored;
  local.set_option(tcp::no_delay(true), ignored);
  if (shared.server.scheme == "https") {
    std::make_shared<Tunnel<Secure>>(shared, std::move(local))->Pick("");
  } else {
    std::make_shared<Tunnel<Plain>>(shared, std::move(local))->Pick("");
  }
}

absl::Status SetUpTls(const ServerAddress& address, asio::ssl::context& tls) {
  Error error;
  const auto refuse = [&](std::string_view what) {
    return absl::FailedPreconditionError(Text(what, " cannot be used: ", error.message()));
  };
  if (address.ca.empty()) {
    tls.set_default_verify_paths(error);
  } else {
    tls.add_certificate_authority(asio::buffer(address.ca), error);
  }
  if (error) return refuse("the certificate authority");
  if (address.certificate.empty()) return absl::OkStatus();
  tls.use_certificate_chain(asio::buffer(address.certificate), error);
  if (error) return refuse("the client certificate");
  tls.use_private_key(asio::buffer(address.key), asio::ssl::context::pem, error);
  if (error) return refuse("the client key");
  return absl::OkStatus();
}

}  // namespace chains::deploy
