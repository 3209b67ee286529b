#include "gateway/http/tls_handshake.h"

#include <sys/epoll.h>
#include <utility>

#include "gateway/http/http1_connection.h"
#include "gateway/http/http2_connection.h"

namespace chains::gateway {

TlsHandshake::TlsHandshake(std::unique_ptr<TlsTransport> transport, Shared& shared, Owner& owner)
    : transport_(std::move(transport)), shared_(shared), owner_(owner) {
  Connection* const self = this;
  idle_place_ = shared_.idle.insert(shared_.idle.end(), self);
}

TlsHandshake::~TlsHandshake() { Close(); }

void TlsHandshake::Start() {
  if (!shared_.sockets.Watch(transport_->fd(), *this, EPOLLIN | EPOLLRDHUP)) return Close();
  shared_.loop.Arm(*this, shared_.loop.Now() + shared_.options.head_timeout);
}

void TlsHandshake::Close() {
  if (transport_ == nullptr) return;
  LetGo();
  transport_.reset();
  owner_.Closed(*this);
}

void TlsHandshake::LetGo() {
  Disarm();
  shared_.idle.erase(idle_place_);
  shared_.sockets.Stop(transport_->fd(), *this);
}

void TlsHandshake::OnEvents(uint32_t events) {
  if ((events & (EPOLLHUP | EPOLLERR)) != 0) return Close();
  switch (transport_->Shake()) {
    case TlsSession::Handshake::kFailed:
      return Close();
    case TlsSession::Handshake::kDone:
      return Become();
    case TlsSession::Handshake::kGoesOn:
      const bool blocked = transport_->Flush() == Transport::State::kBlocked;
      const uint32_t reads = EPOLLIN | EPOLLRDHUP;
      return shared_.sockets.Change(transport_->fd(), *this, blocked ? reads | EPOLLOUT : reads);
  }
}

void TlsHandshake::Become() {
  LetGo();
  std::unique_ptr<Connection> next;
  if (transport_->protocol() == "h2") {
    next = std::make_unique<Http2Connection>(std::move(transport_), "", shared_, owner_);
  } else {
    next = std::make_unique<Http1Connection>(std::move(transport_), "", shared_, owner_);
  }
  owner_.Becomes(*this, std::move(next));
}

}  // namespace chains::gateway
