// SocketLoop: sockets on the thread of a Loop. A Reactor polls it beside its completion queue.
//
// A socket by which all comes that comes, one request at a time, is watched apart (core/poller.h):
// its request costs the gateway 2 system calls of 16 less.
#pragma once

#include <atomic>
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
    int socket_ = -1;
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
  // In OnEvents(): the watcher took all that its socket had, a short read says. Who never says so
  // is never watched apart.
  void TookAll() { took_all_ = true; }

  int fd() const override { return epoll_; }
  int Poll() override;

  void MayAddTo(int epoll) override {
    EndApart();
    apart_epoll_ = epoll;
  }
  void Tell(uint64_t data, uint32_t events) override;
  bool told() const override { return told_ != 0; }
  int PollTold() override;

 private:
  // Whether there is nothing left to be told of the socket before something else happens to it.
  bool Dispatch(uint64_t id, uint32_t events);
  void SetApart(uint64_t id);
  void EndApart();

  const int epoll_;
  uint64_t last_id_ = 0;
  std::unordered_map<uint64_t, Watcher*> watchers_;
  bool took_all_ = false;

  int apart_epoll_ = -1;
  uint64_t apart_ = 0;  // whose socket is watched apart; 0: nobody's
  uint64_t alone_ = 0;  // who was the only one ready, so often in turn
  int alone_in_turn_ = 0;
  // What the watcher's thread told: the lower half of an id, and events. 0: nothing.
  std::atomic<uint64_t> told_{0};
};

}  // namespace chains::gateway
