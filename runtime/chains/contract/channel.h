// Channel: the seam of transport. A stub reaches its chainlet through one: a connection, this
// process in wire format, a test's fault injector, or a decorator around another Channel.
#pragma once

#include "chains/contract/bytes.h"
#include "chains/contract/method.h"
#include "chains/contract/server_load.h"
#include "chains/core/promise.h"  // here, so that compilers print few includes above its sentence
#include "chains/core/stream.h"
#include "chains/core/task.h"

namespace chains {

// Calls run under the Context of the coroutine that awaits them, on its loop. For one loop's
// coroutines only. The Channel and the Method outlive the call.
class Channel {
 public:
  virtual ~Channel() = default;

  // One message each way. UNAVAILABLE: the callee was not reached, or left before it answered.
  virtual Task<Bytes> Unary(const Method& method, Bytes request) = 0;

  // Any number of messages each way. The result ends when the callee finished well, and fails with
  // what it failed with. Dropping the result cancels the call.
  virtual Stream<Bytes> Streaming(const Method& method, Stream<Bytes> requests) = 0;

  // What the callee says of its load, where it does and there is one callee; it lives as long as
  // the channel. Who decorates such a channel hands it on.
  virtual const ServerLoad* server_load() const { return nullptr; }
};

}  // namespace chains
