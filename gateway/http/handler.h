// Handler: what answers the requests of an HTTP server.
#pragma once

#include <optional>
#include <string_view>

#include "chains/core/task.h"
#include "gateway/http/message.h"

namespace chains::gateway {

// All of it on the server's loop.
class Handler {
 public:
  virtual ~Handler() = default;

  // Asked as soon as the head has come. A response refuses the request: its body is never read.
  virtual std::optional<Response> Refuse(const RequestHead& head) = 0;

  // The task is dropped when the client leaves, or when a drain's time is over.
  virtual Task<Response> Handle(Request request) = 0;

  // The response to a request that the server itself cannot take, or whose task failed.
  virtual Response Failure(int status, std::string_view text) = 0;
};

}  // namespace chains::gateway
