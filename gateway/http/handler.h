// Handler: what answers the requests of an HTTP server.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "chains/core/task.h"
#include "gateway/http/message.h"

namespace chains::gateway {

// What becomes of a request, by its head.
struct Admission {
  // Sent instead of an answer: the body is never read.
  std::optional<Response> refusal = std::nullopt;
  // The request is handled at once, with its body in pieces.
  bool in_pieces = false;
  // Of the body; without it the server's own limit.
  std::optional<uint64_t> max_body_bytes = std::nullopt;
};

// All of it on the server's loop.
class Handler {
 public:
  virtual ~Handler() = default;

  // Asked as soon as the head has come.
  virtual Admission Admit(const RequestHead& head) = 0;

  // The task is dropped when the client leaves, or when a drain's time is over.
  virtual Task<Response> Handle(Request request) = 0;

  // The response to a request that the server itself cannot take, or whose task failed.
  virtual Response Failure(int status, std::string_view text) = 0;
};

}  // namespace chains::gateway
