// Service: the methods that an implementation answers, with messages in wire format.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "absl/status/statusor.h"
#include "chains/contract/bytes.h"
#include "chains/contract/method.h"
#include "chains/core/context.h"
#include "chains/core/stream.h"
#include "chains/core/task.h"
#include "chains/core/time_histogram.h"

namespace chains {

// Read-only once it serves. Handlers run on the loop of the coroutine that awaits them.
class Service {
 public:
  using UnaryHandler = std::function<Task<Bytes>(Bytes)>;
  using StreamingHandler = std::function<Stream<Bytes>(Stream<Bytes>)>;
  // Exactly one of the two is set: `unary` for MethodKind::kUnary.
  struct Handler {
    const Method* method = nullptr;
    UnaryHandler unary;
    StreamingHandler streaming;
    // How long its calls take that come from another process, from their arrival until the answer
    // is ready; what outlives the service. May be null.
    TimeHistogram* times = nullptr;
  };

  // `method` outlives the Service.
  void AddUnary(const Method& method, UnaryHandler handler) {
    handlers_[method.path] =
        Handler{.method = &method, .unary = std::move(handler), .streaming = {}, .times = nullptr};
  }
  void AddStreaming(const Method& method, StreamingHandler handler) {
    handlers_[method.path] =
        Handler{.method = &method, .unary = {}, .streaming = std::move(handler), .times = nullptr};
  }
  // Has calls of all its handlers timed, where `times_of` answers something.
  void Time(const std::function<TimeHistogram*(const Method& method)>& times_of) {
    for (auto& [path, handler] : handlers_) handler.times = times_of(*handler.method);
  }
  // Takes over the other's handlers.
  void Merge(Service other) { handlers_.merge(other.handlers_); }

  // By gRPC path, "/package.Service/Method"; null when there is none.
  const Handler* Find(std::string_view path) const {
    auto found = handlers_.find(path);
    return found == handlers_.end() ? nullptr : &found->second;
  }
  const std::unordered_map<std::string_view, Handler>& handlers() const { return handlers_; }

 private:
  std::unordered_map<std::string_view, Handler> handlers_;
};

// Who answers methods that nobody knew before: a handler for this one call of `path`, by what its
// caller sent along, or why it is refused. It is kept as long as the call; its Method outlives it.
using Fallback =
    std::function<absl::StatusOr<Service::Handler>(std::string_view path, const Context& context)>;

}  // namespace chains
