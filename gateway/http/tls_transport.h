// TlsTransport: the bytes of a client that speaks TLS, over the transport of its socket.
//
//   auto transport = std::make_unique<TlsTransport>(std::move(plain), tls.NewConnection(now));
//   if (transport->Shake() == TlsSession::Handshake::kDone) …   // now it reads and writes
#pragma once

#include <memory>
#include <span>
#include <string_view>
#include <utility>

#include "gateway/http/tls_session.h"
#include "gateway/http/transport.h"

namespace chains::gateway {

class TlsTransport final : public Transport {
 public:
  TlsTransport(std::unique_ptr<Transport> below, OwnedSsl ssl)
      : below_(std::move(below)), session_(std::move(ssl)) {}
  ~TlsTransport() override;

  // Reads, and answers, what the handshake needs; to be called again when the socket is readable,
  // or, where Flush() is blocked, writable.
  TlsSession::Handshake Shake();
  // "h2", "http/1.1", or empty.
  std::string_view protocol() const { return session_.protocol(); }

  Result Read(std::span<char> into) override;
  Result Write(std::span<const iovec> pieces) override;
  void EndWriting() override;
  int fd() const override { return below_->fd(); }
  bool is_tls() const override { return true; }
  bool holds_input() const override { return session_.holds_input(); }
  State Flush() override;

 private:
  State ReadBelow();
  void SayEnd();

  const std::unique_ptr<Transport> below_;
  TlsSession session_;
  bool said_end_ = false;
};

}  // namespace chains::gateway
