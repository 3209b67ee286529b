// The limits of an HTTP server. Nothing a client does can make it hold more than these.
#pragma once

#include <cstddef>

#include "absl/time/time.h"
#include "gateway/http/http2_options.h"
#include "gateway/http/request_parser.h"

namespace chains::gateway {

// What the end of a client's sending means while its request runs. TCP does not tell a client that
// left from one that only has nothing more to say.
enum class HalfClose {
  kLeft,   // it left: its request is dropped
  kWaits,  // it waits for the response
};

struct HttpOptions {
  RequestParser::Limits request = {};

  // More wait in the system's backlog, after the connections that were idle longest are closed.
  size_t max_connections = 4096;
  // Of all requests together, those that run included; a request beyond it gets 503.
  size_t max_body_bytes_held = size_t{1} << 30;

  absl::Duration idle_timeout = absl::Seconds(75);  // between two requests of a connection
  // How old a connection gets, give or take a tenth: the response to the next request then closes
  // it (HTTP/2: GOAWAY, what runs is finished), so that a client behind a balancer of connections
  // comes to gateways that are new. InfiniteDuration(): as old as it likes.
  absl::Duration connection_age = absl::InfiniteDuration();
  absl::Duration head_timeout =
      absl::Seconds(10);  // from its first byte, or the connection, to its end
  // In each such time a body that comes, or a response that goes, must move `min_progress_bytes`
  // on.
  absl::Duration progress_timeout = absl::Seconds(30);
  size_t min_progress_bytes = 64 << 10;
  // How long bytes of a refused request are thrown away, so that the client gets to read the
  // response.
  absl::Duration linger_timeout = absl::Seconds(5);

  // Of a WebSocket: between two pings, and of a client's message.
  absl::Duration ping_interval = absl::Seconds(20);
  size_t max_message_bytes = 16 << 20;

  HalfClose half_close = HalfClose::kLeft;

  Http2Options http2 = {};
};

}  // namespace chains::gateway
