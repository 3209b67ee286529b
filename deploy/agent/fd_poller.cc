#include "deploy/agent/fd_poller.h"

#include <array>
#include <sys/epoll.h>
#include <unistd.h>
#include <utility>

namespace chains::deploy {

FdPoller::FdPoller() : epoll_(epoll_create1(EPOLL_CLOEXEC)) {}

FdPoller::~FdPoller() { close(epoll_); }

bool FdPoller::Watch(int fd, Ready ready, std::function<void()> call) {
  epoll_event event{};
  event.events = ready == kReadable ? EPOLLIN : EPOLLOUT;
  event.data.fd = fd;
  const int change = calls_.contains(fd) ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
  if (epoll_ctl(epoll_, change, fd, &event) != 0) return false;
  calls_[fd] = std::make_shared<const std::function<void()>>(std::move(call));
  return true;
}

void FdPoller::Forget(int fd) {
  if (calls_.erase(fd) > 0) epoll_ctl(epoll_, EPOLL_CTL_DEL, fd, nullptr);
}

int FdPoller::Poll() {
  std::array<epoll_event, 16> events;
  const int count = epoll_wait(epoll_, events.data(), events.size(), 0);
  int called = 0;
  for (int i = 0; i < count; ++i) {
    // An earlier one of these may have forgotten it; it may forget itself while it runs.
    const auto found = calls_.find(events[static_cast<size_t>(i)].data.fd);
    if (found == calls_.end()) continue;
    const std::shared_ptr<const std::function<void()>> call = found->second;
    (*call)();
    ++called;
  }
  return called;
}

}  // namespace chains::deploy
