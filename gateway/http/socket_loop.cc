#include "gateway/http/socket_loop.h"

#include <array>
#include <cstdlib>
#include <sys/epoll.h>
#include <unistd.h>
#include <utility>

namespace chains::gateway {
namespace {

constexpr int kEventsAtOnce = 128;
constexpr int kAloneForLong = 32;

}  // namespace

SocketLoop::SocketLoop() : epoll_(epoll_create1(EPOLL_CLOEXEC)) {
  if (epoll_ < 0) std::abort();
}

SocketLoop::~SocketLoop() { close(epoll_); }

bool SocketLoop::Watch(int socket, Watcher& watcher, uint32_t events) {
  epoll_event event{.events = events, .data = {.u64 = ++last_id_}};
  if (epoll_ctl(epoll_, EPOLL_CTL_ADD, socket, &event) != 0) return false;
  watcher.socket_ = socket;
  watcher.id_ = last_id_;
  watcher.watched_ = events;
  watchers_[last_id_] = &watcher;
  return true;
}

void SocketLoop::Change(int socket, Watcher& watcher, uint32_t events) {
  if (watcher.watched_ == events || watcher.id_ == 0) return;
  if (watcher.id_ == apart_) EndApart();
  epoll_event event{.events = events, .data = {.u64 = watcher.id_}};
  if (epoll_ctl(epoll_, EPOLL_CTL_MOD, socket, &event) == 0) watcher.watched_ = events;
}

void SocketLoop::Stop(int socket, Watcher& watcher) {
  if (watcher.id_ == 0) return;
  if (watcher.id_ == apart_) EndApart();
  epoll_ctl(epoll_, EPOLL_CTL_DEL, socket, nullptr);
  watchers_.erase(watcher.id_);
  watcher.id_ = 0;
}

// An event may be of a watcher that an earlier one of the same batch destroyed: its id is gone
// then.
bool SocketLoop::Dispatch(uint64_t id, uint32_t events) {
  const auto watcher = watchers_.find(id);
  if (watcher == watchers_.end()) return false;
  took_all_ = false;
  watcher->second->OnEvents(events);
  return took_all_ && events == EPOLLIN;
}

int SocketLoop::Poll() {
  const int told = PollTold();
  std::array<epoll_event, kEventsAtOnce> events;
  const int count = epoll_wait(epoll_, events.data(), kEventsAtOnce, 0);
  if (count <= 0) return told;
  EndApart();
  bool took_all = false;
  for (int i = 0; i < count; ++i) took_all = Dispatch(events[i].data.u64, events[i].events);
  const uint64_t id = count == 1 && took_all ? events[0].data.u64 : 0;
  alone_in_turn_ = id != 0 && id == alone_ ? alone_in_turn_ + 1 : 0;
  alone_ = id;
  if (alone_in_turn_ == kAloneForLong) SetApart(id);
  return told + count;
}

// It is added there before it is taken out here: what happens in between is told twice, which a
// socket's watcher bears.
void SocketLoop::SetApart(uint64_t id) {
  alone_in_turn_ = 0;
  const auto found = watchers_.find(id);
  if (found == watchers_.end() || apart_epoll_ < 0) return;
  const Watcher& watcher = *found->second;
  epoll_event event{.events = watcher.watched_ | EPOLLET, .data = {.u64 = id}};
  if (epoll_ctl(apart_epoll_, EPOLL_CTL_ADD, watcher.socket_, &event) != 0) return;
  event.events = 0;
  epoll_ctl(epoll_, EPOLL_CTL_MOD, watcher.socket_, &event);
  apart_ = id;
}

// Back among the others, level-triggered: what is left there is told again.
void SocketLoop::EndApart() {
  if (apart_ == 0) return;
  const uint64_t id = std::exchange(apart_, 0);
  const Watcher& watcher = *watchers_.at(id);
  epoll_ctl(apart_epoll_, EPOLL_CTL_DEL, watcher.socket_, nullptr);
  epoll_event event{.events = watcher.watched_, .data = {.u64 = id}};
  epoll_ctl(epoll_, EPOLL_CTL_MOD, watcher.socket_, &event);
}

void SocketLoop::Tell(uint64_t data, uint32_t events) {
  const uint64_t of = data << 32;
  uint64_t before = told_;
  uint64_t now = 0;
  do {
    const bool same = (before ^ of) >> 32 == 0;
    now = (same ? before : of) | events;
  } while (!told_.compare_exchange_weak(before, now));
}

// What was told of a socket that is no longer apart, the others' descriptor says again.
int SocketLoop::PollTold() {
  if (!told()) return 0;
  const uint64_t told = told_.exchange(0);
  const uint64_t id = apart_;
  if (id == 0 || (told >> 32) != (id & 0xffffffff)) return 0;
  if (!Dispatch(id, static_cast<uint32_t>(told)) && apart_ == id) EndApart();
  return 1;
}

}  // namespace chains::gateway
