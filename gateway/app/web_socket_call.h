// WebSocketCall: a method over a WebSocket, which streams both ways.
//
// The client's text frames are requests as JSON, its binary frames as protobuf; an empty text frame
// says that there are no more. Replies go in frames of the kind that the client used first; where
// it has used none yet, of what `?format=protobuf` or `?format=json` says. The socket closes with
// 1000 when the method ends. When it fails, the last text frame is the error, as a response's body
// would be, and the code is 4000 and the response's status: 4400, 4503, …
//
// A method that takes one request takes the first frame. One that takes no stream and answers none
// is called once a frame, one call after the other.
//
// Nobody is ahead of anybody: a request is read when the method takes one, and a reply made when
// the client took the one before.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "chains/core/gate.h"
#include "chains/core/task.h"
#include "gateway/app/invocation.h"
#include "gateway/http/message.h"

namespace chains::gateway {

// The subprotocol that is answered where the client offers it.
inline constexpr std::string_view kWebSocketProtocol = "chains.v1";

// As the header Authorization would have it, the key of a client that cannot set headers: it offers
// the subprotocol "chains.key.KEY" beside kWebSocketProtocol. Nothing where it does not.
std::optional<std::string> KeyAmongSubprotocols(const RequestHead& head);

// The method that a path names: of a WebSocket "websocket" is another name of "run_remote".
std::string WebSocketMethod(std::string_view name);

// 101 and the socket, which takes from `invocation` what it needs and a place among `open`, which
// outlives it; or why not: what is wrong with the handshake, a page of another origin (403), no
// place (503).
Response WebSocketCall(const RequestHead& head, Invocation& invocation, Gate& open);

}  // namespace chains::gateway
