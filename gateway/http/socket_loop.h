// SocketLoop: sockets on the thread of a Loop. A Reactor polls it beside its completion queue.
#pragma once

#include <cstdint>
#include <unordered_map>

#include "chains/core/poller.h"

namespace chains::gateway {

// For the loop's thread only. Whoever watches a socket stops before either is destroyed.
class SocketLoop final : public chains::Poller {
 public:
  // Who is told of a socket.
  class Watcher {
   public:
    virtual ~Watcher() = default;
    // `events` as in epoll: EPOLLIN, EPOLLOUT, EPOLLRDHUP, EPOLLHUP, EPOLLERR. The watcher may stop
    // watching, and be destroyed, in here.
    virtual void OnEvents(uint32_t events) = 0;

   private:
    friend class SocketLoop;
    uint64_t id_ = 0;
    uint32_t watched_ = 0;
  };

  // Aborts where the system has no descriptor left for it.
  SocketLoop();
  ~SocketLoop() override;
  SocketLoop(const SocketLoop&) = delete;
  SocketLoop& operator=(const SocketLoop&) = delete;

  // Level-triggered. EPOLLHUP and EPOLLERR are always told. False: the system refused.
  [[nodiscard]] bool Watch(int socket, Watcher& watcher, uint32_t events);
  // No system call where nothing changes.
  void Change(int socket, Watcher& watcher, uint32_t events);
  // Before the socket is closed.
  void Stop(int socket, Watcher& watcher);

  int fd() const override { return epoll_; }
  int Poll() override;

 private:
  const int epoll_;
  uint64_t last_id_ = 0;
  std::unordered_map<uint64_t, Watcher*> watchers_;
};

}  // namespace chains::gateway
