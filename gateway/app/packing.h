// Packing: responses with a Content-Encoding that their client accepts.
//
//   if (IsWorthPacking(response)) co_await Pack(request.head, response, options.blocking_bytes);
#pragma once

#include <cstddef>

#include "chains/core/task.h"
#include "gateway/http/message.h"

namespace chains::gateway {

// Whether its body is large enough, or made while it is sent.
inline bool IsWorthPacking(const Response& response) {
  constexpr size_t kMin = 1 << 10;
  return response.body.size() >= kMin || response.pieces.has_value();
}

// As `head` asks with Accept-Encoding: text, JSON and protobuf; a stream is flushed for each of its
// pieces. What is larger than `blocking_bytes` is packed off the loop. Files stay as they are:
// their ranges and ETags are those of their own bytes. Both outlive the task.
Task<void> Pack(const RequestHead& head, Response& response, size_t blocking_bytes);

}  // namespace chains::gateway
