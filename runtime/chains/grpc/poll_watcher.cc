#include "chains/grpc/poll_watcher.h"

#include <array>
#include <cerrno>
#include <limits>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <utility>

namespace chains::internal {
namespace {

// What an event is of, when it is not of the poller's own.
constexpr uint64_t kStop = 0;
constexpr uint64_t kPoller = std::numeric_limits<uint64_t>::max();

void Control(int epoll, int operation, int fd, uint32_t events, uint64_t of) {
  epoll_event event{.events = events, .data = {.u64 = of}};
  epoll_ctl(epoll, operation, fd, &event);
}

}  // namespace

PollWatcher::PollWatcher(Poller& poller, absl::AnyInvocable<void()> wake)
    : poller_(poller),
      wake_(std::move(wake)),
      epoll_(epoll_create1(EPOLL_CLOEXEC)),
      stop_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  Control(epoll_, EPOLL_CTL_ADD, stop_, EPOLLIN, kStop);
  Control(epoll_, EPOLL_CTL_ADD, poller_.fd(), 0, kPoller);
  poller_.MayAddTo(epoll_);
}

PollWatcher::~PollWatcher() {
  Stop();
  close(epoll_);
  close(stop_);
}

void PollWatcher::Start() {
  thread_ = std::thread([this] { Run(); });
}

void PollWatcher::Stop() {
  if (!thread_.joinable()) return;
  eventfd_write(stop_, 1);
  thread_.join();
  poller_.MayAddTo(-1);
}

void PollWatcher::Arm() {
  if (armed_) return;
  armed_ = true;
  // Level-triggered: it fires if it is readable by now.
  Control(epoll_, EPOLL_CTL_MOD, poller_.fd(), EPOLLIN | EPOLLONESHOT, kPoller);
}

void PollWatcher::Run() {
  while (true) {
    std::array<epoll_event, 3> events;
    const int count = epoll_wait(epoll_, events.data(), events.size(), -1);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return;
    for (int i = 0; i < count; ++i) {
      const uint64_t of = events[i].data.u64;  // epoll_event is packed: no reference into it
      if (of == kStop) return;
      if (of == kPoller) {
        armed_ = false;
      } else {
        poller_.Tell(of, events[i].events);
      }
    }
    wakes_.fetch_add(1, std::memory_order_relaxed);
    wake_();
  }
}

}  // namespace chains::internal
