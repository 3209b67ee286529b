// Poller: sockets that a Reactor's thread serves beside its completion queue.
#pragma once

namespace chains {

class Poller {
 public:
  virtual ~Poller() = default;
  // An epoll descriptor, readable whenever Poll() has something to do; the same for its lifetime.
  virtual int fd() const = 0;
  // Handles what is ready, without waiting; says how much that was. On the reactor's thread.
  virtual int Poll() = 0;
};

}  // namespace chains
