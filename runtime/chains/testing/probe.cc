#include "chains/testing/probe.h"

#include <utility>

namespace chains::testing {

Probe::Awaiter Probe::Arrivals::Bind(chains::internal::Promise& waiter) && {
  return Awaiter(probe_, count_, waiter);
}

void Probe::Arrive() {
  ++arrived_;
  waiting_.ForEach([this](Loop::Job& job) {
    Awaiter& awaiter = static_cast<Awaiter&>(job);
    if (awaiter.count_ > arrived_) return;
    job.Forget();
    awaiter.loop().Ready(job);
  });
}

void Probe::Awaiter::await_suspend(std::coroutine_handle<>) {
  probe_.waiting_.PushBack(static_cast<Loop::Job&>(*this));
  Suspended();
}

SharedProbe::Awaiter SharedProbe::Arrivals::Bind(chains::internal::Promise& waiter) && {
  return Awaiter(probe_, count_, waiter);
}

// Posts under the lock: whoever leaves the list is not posted to, and may end with its loop.
void SharedProbe::Arrive() {
  std::lock_guard lock(mutex_);
  ++arrived_;
  std::erase_if(waiting_, [this](const std::shared_ptr<Waiting>& waiting) {
    if (waiting->count > arrived_) return false;
    waiting->loop.Post([waiting] {
      if (waiting->awaiter != nullptr) waiting->awaiter->Resume();
    });
    return true;
  });
  changed_.notify_all();
}

size_t SharedProbe::arrived() const {
  std::lock_guard lock(mutex_);
  return arrived_;
}

void SharedProbe::BlockUntil(size_t count) const {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this, count] { return arrived_ >= count; });
}

bool SharedProbe::Awaiter::await_suspend(std::coroutine_handle<>) {
  std::lock_guard lock(probe_.mutex_);
  if (probe_.arrived_ >= count_) return false;
  waiting_ = std::make_shared<Waiting>(Waiting{loop(), count_, this});
  probe_.waiting_.push_back(waiting_);
  Suspended();
  return true;
}

void SharedProbe::Awaiter::Abandon() noexcept {
  if (waiting_ == nullptr) return;
  std::lock_guard lock(probe_.mutex_);
  waiting_->awaiter = nullptr;
  std::erase(probe_.waiting_, waiting_);
  waiting_ = nullptr;
}

}  // namespace chains::testing
