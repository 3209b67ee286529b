#include "chains/grpc/poll_watcher.h"

#include <cerrno>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <utility>

namespace chains::internal {
namespace {

void Add(int epoll, int fd, uint32_t events) {
  epoll_event event{};
  event.events = events;
  event.data.fd = fd;
  epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
}

}  // namespace

PollWatcher::PollWatcher(Poller& poller, absl::AnyInvocable<void()> wake)
    : poller_(poller),
      wake_(std::move(wake)),
      epoll_(epoll_create1(EPOLL_CLOEXEC)),
      stop_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  Add(epoll_, stop_, EPOLLIN);
  Add(epoll_, poller_.fd(), 0);
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
}

void PollWatcher::Arm() {
  if (armed_) return;
  armed_ = true;
  epoll_event event{};
  event.events = EPOLLIN | EPOLLONESHOT;  // level-triggered: it fires if it is readable by now
  event.data.fd = poller_.fd();
  epoll_ctl(epoll_, EPOLL_CTL_MOD, poller_.fd(), &event);
}

void PollWatcher::Run() {
  while (true) {
    epoll_event event{};
    const int count = epoll_wait(epoll_, &event, 1, -1);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 || event.data.fd == stop_) return;
    wakes_.fetch_add(1, std::memory_order_relaxed);
    armed_ = false;
    wake_();
  }
}

}  // namespace chains::internal
