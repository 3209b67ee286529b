// OutputCopy: what a program writes, to this process's own standard output, where `kubectl logs`
// finds it.
//
//   OutputCopy copy(poller, STDOUT_FILENO, [&] { …read on… });
//   copy.Write(data);
//   if (copy.full()) …read no more until then: the program waits, as it would without an agent…
//
// It never waits for who reads it.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include "deploy/agent/fd_poller.h"

namespace chains::deploy {

// For the poller's thread. `poller` outlives it.
class OutputCopy {
 public:
  static constexpr size_t kMost = 256 << 10;

  OutputCopy(FdPoller& poller, int fd) : poller_(poller), fd_(fd) {}
  ~OutputCopy() { poller_.Forget(fd_); }
  OutputCopy(const OutputCopy&) = delete;

  void Write(std::string_view data);
  bool full() const { return pending_.size() >= kMost; }
  // Called when it is full no more.
  void WhenRoom(std::function<void()> call) { when_room_ = std::move(call); }

 private:
  void Flush();

  FdPoller& poller_;
  const int fd_;
  std::string pending_;
  bool waits_ = false;
  std::function<void()> when_room_;
};

}  // namespace chains::deploy
