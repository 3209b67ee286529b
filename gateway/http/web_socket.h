// WebSocket: messages both ways with one client, for who answers a request with one.
//
//   Response response;
//   response.web_socket = [](WebSocket& socket) -> Task<void> {
//     while (std::optional<WebSocket::Message> message = co_await socket.Receive()) {
//       co_await socket.Send(*std::move(message));        // an echo
//     }
//   };
//
// The handler runs until it ends, and then the socket is closed (1000; 1011 where it failed). When
// the client closes or leaves, or a drain's time is over, the handler is dropped where it stands.
//
// Back-pressure goes both ways. While nobody receives, at most one message is held and the client
// is not read; while the client does not read, at most one message is held and Send() waits.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "chains/core/task.h"

namespace chains::gateway {

// For coroutines of the server's loop that end before the handler does.
class WebSocket {
 public:
  struct Message {
    Message(bool text, std::string bytes) : is_text(text), data(std::move(bytes)) {}

    bool is_text;      // then `data` is UTF-8
    std::string data;  // at most the server's limit; it may be empty
  };

  virtual ~WebSocket() = default;

  // The client's next message; nullopt once Close() was called. One coroutine at a time.
  virtual Task<std::optional<Message>> Receive() = 0;

  // Ends when the system has taken all of the message, which no other may have overtaken. Several
  // coroutines may send: one after the other. CANCELLED once Close() was called.
  virtual Task<void> Send(Message message) = 0;

  // Says goodbye after what was sent, and ends when the system has taken it; the rest is the
  // server's. `code` as RFC 6455, 7.4 has it: 1000, 4000…4999; of `reason` go as many whole
  // characters as fit, 123 bytes. Every further Close() does nothing.
  virtual Task<void> Close(uint16_t code, std::string reason) = 0;
};

// The function lives as long as its task.
using WebSocketHandler = std::function<Task<void>(WebSocket&)>;

}  // namespace chains::gateway
