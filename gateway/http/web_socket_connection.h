// WebSocketConnection: a client that left HTTP/1.1 for a WebSocket.
//
//   owner.Becomes(*this, std::make_unique<WebSocketConnection>(
//       std::move(transport), std::move(opening), std::move(received), shared, owner));
//
// It is read while its handler has taken all messages, and holds at most one of each direction; so
// who is slow, client or handler, slows the other one down. A client that says goodbye, leaves or
// breaks a rule is dropped with its handler at once. One that is silent gets a ping every
// HttpOptions::ping_interval; after two without an answer it is told 1001. So is who takes nothing
// of what is sent to it for as long.
//
// A drain lets it run on; at the drain's deadline the client is told 1001.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "chains/core/loop.h"
#include "chains/core/notice.h"
#include "chains/core/root.h"
#include "gateway/http/connection.h"
#include "gateway/http/socket_loop.h"
#include "gateway/http/transport.h"
#include "gateway/http/web_socket.h"
#include "gateway/http/web_socket_session.h"

namespace chains::gateway {

class WebSocketConnection final : public Connection,
                                  private WebSocket,
                                  private WebSocketSession::Sink,
                                  private SocketLoop::Watcher,
                                  private Loop::Timer,
                                  private Loop::Job {
 public:
  struct Opening {
    std::string head;  // of the response that opens it: it is sent first
    WebSocketHandler handler;
  };
  // `received` was read of the client already, behind the request.
  WebSocketConnection(std::unique_ptr<Transport> transport, Opening opening, std::string received,
                      Shared& shared, Owner& owner);
  ~WebSocketConnection() override;

  void Start() override;
  // Tells the client 1001, if there is room, and leaves.
  void Close() override;
  void Drain() override;

 private:
  // kOpen: until one end says goodbye. kClosing: until both have. kLingering: until the client has
  // left, so that it reads what it was told. The last two are short.
  enum class State { kOpen, kClosing, kLingering, kClosed };

  // As its handler sees it; in coroutines, which must not destroy themselves: what they ask for is
  // done by Run().
  Task<std::optional<Message>> Receive() override;
  Task<void> Send(Message message) override;
  Task<void> Close(uint16_t code, std::string reason) override;

  size_t Write(std::string_view bytes) override;
  void OnEvents(uint32_t events) override;
  void Fire() override;
  void Run() override;

  void Read();
  void Feed(std::string_view bytes);
  void GoOn();
  void Flush();
  void LookForGoodbyes();
  void Finished(const absl::Status& status);
  void BeginClosing();
  void BeginLingering();
  void Discard();
  void Ping();
  void Leave();
  void Watch();
  void HoldMessage(size_t bytes);

  std::unique_ptr<Transport> transport_;
  Shared& shared_;
  Owner& owner_;
  State state_ = State::kOpen;

  std::string head_;   // what is left to be sent of it
  std::string input_;  // was read, and waits until a message is taken
  WebSocketSession session_;
  bool blocked_ = false;  // the client has no room for more now
  bool failed_ = false;   // the transport did
  size_t held_ = 0;       // of shared_.body_bytes_held

  uint64_t queued_ = 0;  // messages
  uint64_t gone_ = 0;    // of them
  Notice received_;      // there may be a message
  Notice written_;       // there is room

  bool heard_ = false;  // since the last ping was due
  bool moved_ = false;  // so too: the client took bytes
  int unanswered_ = 0;  // pings

  const WebSocketHandler handler_;
  std::optional<internal::Root<void>> running_;
};

}  // namespace chains::gateway
