// FdPoller: calls back when descriptors are ready, on a Reactor's thread.
//
//   FdPoller poller;
//   reactor.Attach(poller);                              // before it starts
//   poller.Watch(pipe, FdPoller::kReadable, [&] { … read it … });
//   poller.Forget(pipe);                                 // before it is closed
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>

#include "chains/core/poller.h"

namespace chains::deploy {

// For the reactor's thread, or before it starts. Level-triggered.
class FdPoller final : public Poller {
 public:
  enum Ready { kReadable, kWritable };

  FdPoller();
  ~FdPoller() override;
  FdPoller(const FdPoller&) = delete;

  // False: this kind of file is always ready (a regular file), and is not watched. `call` may watch
  // and forget, itself too.
  bool Watch(int fd, Ready ready, std::function<void()> call);
  void Forget(int fd);

  int fd() const override { return epoll_; }
  int Poll() override;

 private:
  const int epoll_;
  std::map<int, std::shared_ptr<const std::function<void()>>> calls_;
};

}  // namespace chains::deploy
