// WebSocket: messages both ways over what began as an HTTP request (RFC 6455), as its handler sees
// it.
//
//   Task<void> Echo(WebSocket& socket) {
//     while (std::optional<WebSocket::Message> message = co_await socket.Receive()) {
//       co_await socket.Send(*std::move(message));
//     }
//   }
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "chains/core/task.h"

namespace chains::gateway {

// On the server's loop. It lives as long as its handler's task, which is dropped when the client
// leaves without a word, or breaks the rules. One coroutine at a time receives, one sends.
class WebSocket {
 public:
  struct Message {
    Message(bool text, std::string bytes) : is_text(text), data(std::move(bytes)) {}
    bool is_text;
    std::string data;  // of a text valid UTF-8
  };

  virtual ~WebSocket() = default;

  // The next message; nullopt when the client has closed.
  virtual Task<std::optional<Message>> Receive() = 0;
  // Ends when there is room for the next one: a client that does not read holds its sender up.
  virtual Task<void> Send(Message message) = 0;
  // Says goodbye: a code of RFC 6455 or 4000 to 4999, and a reason of at most 123 bytes. Nothing
  // can be sent after it. A handler that ends without it closes with 1000, one that fails with
  // 1011.
  virtual Task<void> Close(uint16_t code, std::string reason) = 0;
};

using WebSocketHandler = std::function<Task<void>(WebSocket&)>;

}  // namespace chains::gateway
