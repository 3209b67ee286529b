#include "gateway/http/socket_loop.h"

#include <array>
#include <cstdlib>
#include <sys/epoll.h>
#include <unistd.h>

namespace chains::gateway {
namespace {

constexpr int kEventsAtOnce = 128;

}  // namespace

SocketLoop::SocketLoop() : epoll_(epoll_create1(EPOLL_CLOEXEC)) {
  if (epoll_ < 0) std::abort();
}

SocketLoop::~SocketLoop() { close(epoll_); }

bool SocketLoop::Watch(int socket, Watcher& watcher, uint32_t events) {
  epoll_event event{.events = events, .data = {.u64 = ++last_id_}};
  if (epoll_ctl(epoll_, EPOLL_CTL_ADD, socket, &event) != 0) return false;
  watcher.id_ = last_id_;
  watcher.watched_ = events;
  watchers_[last_id_] = &watcher;
  return true;
}

void SocketLoop::Change(int socket, Watcher& watcher, uint32_t events) {
  if (watcher.watched_ == events || watcher.id_ == 0) return;
  epoll_event event{.events = events, .data = {.u64 = watcher.id_}};
  if (epoll_ctl(epoll_, EPOLL_CTL_MOD, socket, &event) == 0) watcher.watched_ = events;
}

void SocketLoop::Stop(int socket, Watcher& watcher) {
  if (watcher.id_ == 0) return;
  epoll_ctl(epoll_, EPOLL_CTL_DEL, socket, nullptr);
  watchers_.erase(watcher.id_);
  watcher.id_ = 0;
}

// An event may be of a watcher that an earlier one of the same batch destroyed: its id is gone
// then.
int SocketLoop::Poll() {
  std::array<epoll_event, kEventsAtOnce> events;
  const int count = epoll_wait(epoll_, events.data(), kEventsAtOnce, 0);
  for (int i = 0; i < count; ++i) {
    const uint64_t id = events[i].data.u64;  // epoll_event is packed: no reference into it
    const auto watcher = watchers_.find(id);
    if (watcher != watchers_.end()) watcher->second->OnEvents(events[i].events);
  }
  return count > 0 ? count : 0;
}

}  // namespace chains::gateway
