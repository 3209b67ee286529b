// Poller: sockets that a Reactor's thread serves beside its completion queue.
#pragma once

#include <cstdint>

namespace chains {

class Poller {
 public:
  virtual ~Poller() = default;
  // An epoll descriptor, readable whenever Poll() has something to do; the same for its lifetime.
  virtual int fd() const = 0;
  // Handles what is ready, without waiting; says how much that was. On the reactor's thread.
  virtual int Poll() = 0;

  // ---- One descriptor apart. Where all that comes comes by the same one, a poller may have it
  // watched by itself: what happened to it then comes with the wake-up, and Poll() and the arming
  // before the next rest are spared, two system calls a request.

  // Before the reactor starts: what its watcher waits for; -1 when it waits no more. A poller may
  // add a descriptor to `epoll` that fd() leaves out, with EPOLLET and a data.u64 that is neither 0
  // nor the largest number.
  virtual void MayAddTo(int /*epoll*/) {}
  // On the watcher's thread: what happened to it. The reactor is woken next.
  virtual void Tell(uint64_t /*data*/, uint32_t /*events*/) {}
  // Whether it was told of something that PollTold() has not handled. Poll() handles it, too.
  virtual bool told() const { return false; }
  virtual int PollTold() { return 0; }
};

}  // namespace chains
