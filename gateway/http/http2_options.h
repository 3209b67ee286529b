// The limits of an HTTP/2 connection.
#pragma once

#include <cstddef>
#include <cstdint>

#include "absl/time/time.h"

namespace chains::gateway {

struct Http2Options {
  uint32_t max_streams = 250;  // requests at a time
  // Of a body, held for a handler that does not take it: then its client has to wait.
  uint32_t stream_window = 256 << 10;
  // The same of a connection. Bodies that nobody takes do not take part of it, so no stream can
  // hold up another.
  uint32_t connection_window = 1 << 20;

  // What moves no request on: see http2_budget.h. A ping or settings count five times, an empty
  // frame once; a DATA frame that is sent gives back four, for the window updates that answer it.
  double frames_at_once = 5000;
  double frames_per_second = 500;
  // Requests that the client takes back, or that break the protocol.
  double resets_at_once = 500;
  double resets_per_second = 50;
  // Frames of one head.
  size_t max_head_frames = 16;

  // A connection with requests whose client is silent for so long is asked for a sign of life, and
  // closed after as long again.
  absl::Duration ping_after = absl::Seconds(60);
};

}  // namespace chains::gateway
