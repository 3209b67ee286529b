// The opening handshake of a WebSocket (RFC 6455, 4.2), the server's part. Pure.
//
//   if (AsksForWebSocket(head)) {
//     if (auto problem = HandshakeProblemOf(head)) …     // refuse with its status
//     Response response = SwitchingProtocols(head, "chains.v1");
//     response.web_socket = …
//   }
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/http/message.h"

namespace chains::gateway {

// Whether the client wants to leave HTTP for a WebSocket, well said or not: `Upgrade: websocket`.
bool AsksForWebSocket(const RequestHead& head);

struct HandshakeProblem {
  int status;  // 400; 405; 426 for another version than 13, with `Sec-WebSocket-Version: 13`
  std::string text;
};
// nullopt: the request is as RFC 6455 wants it.
std::optional<HandshakeProblem> HandshakeProblemOf(const RequestHead& head);

// What the client offers in Sec-WebSocket-Protocol, in its order; views into `head`.
std::vector<std::string_view> SubprotocolsOf(const RequestHead& head);

// The value of Sec-WebSocket-Accept for the client's Sec-WebSocket-Key.
std::string AcceptOf(std::string_view key);

// 101 with the handshake's headers but Connection, which is the server's. `subprotocol` must be one
// that the client offered; empty: none.
Response SwitchingProtocols(const RequestHead& head, std::string_view subprotocol);

// Whether a page of the request's own host asks: Origin's host and port are those of Host. True
// without an Origin, since only browsers send one.
bool IsSameOrigin(const RequestHead& head);

}  // namespace chains::gateway
