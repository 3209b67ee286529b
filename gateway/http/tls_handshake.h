// TlsHandshake: a client that says how its connection will be encrypted. When both have agreed it
// becomes a connection of HTTP/2 or HTTP/1.1, as the client chose (ALPN).
#pragma once

#include <list>
#include <memory>

#include "chains/core/loop.h"
#include "gateway/http/connection.h"
#include "gateway/http/tls_transport.h"

namespace chains::gateway {

// It may take HttpOptions::head_timeout. As long as it lasts the connection is idle: where there
// are too many it makes room.
class TlsHandshake final : public Connection, private SocketLoop::Watcher, private Loop::Timer {
 public:
  TlsHandshake(std::unique_ptr<TlsTransport> transport, Shared& shared, Owner& owner);
  ~TlsHandshake() override;

  void Start() override;
  void Close() override;
  void Drain() override { Close(); }

 private:
  void OnEvents(uint32_t events) override;
  void Fire() override { Close(); }

  void Become();
  void LetGo();

  std::unique_ptr<TlsTransport> transport_;
  Shared& shared_;
  Owner& owner_;
  std::list<Connection*>::iterator idle_place_;
};

}  // namespace chains::gateway
