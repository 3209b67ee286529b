// PollWatcher: tells a Reactor that waits for its completion queue that its Poller has work.
//
// While the reactor is busy it polls by itself and this thread sleeps. Before it rests it arms the
// watcher, whose thread waits for the poller's descriptor once. What the poller has watched apart
// needs no arming.
#pragma once

#include <atomic>
#include <cstdint>
#include <thread>

#include "absl/functional/any_invocable.h"
#include "chains/core/poller.h"

namespace chains::internal {

// For the reactor's thread, unless it says otherwise.
class PollWatcher {
 public:
  // `wake` is called on the watcher's thread, after armed() became false or the poller was told.
  PollWatcher(Poller& poller, absl::AnyInvocable<void()> wake);
  ~PollWatcher();  // stops
  PollWatcher(const PollWatcher&) = delete;

  Poller& poller() const { return poller_; }

  void Start();
  void Stop();

  // `wake` will be called when there is something to do, at once if there is by now. No system call
  // where it is armed already.
  void Arm();
  // While it is armed there is nothing to do, or `wake` is about to be called.
  bool armed() const { return armed_; }
  // Any thread: how often `wake` was called.
  uint64_t wakes() const { return wakes_.load(std::memory_order_relaxed); }

 private:
  void Run();

  Poller& poller_;
  absl::AnyInvocable<void()> wake_;
  int epoll_ = -1;
  int stop_ = -1;  // an eventfd
  std::atomic<bool> armed_{false};
  std::atomic<uint64_t> wakes_{0};
  std::thread thread_;
};

}  // namespace chains::internal
