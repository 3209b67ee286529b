#include "chains/core/all.h"

namespace chains {
namespace internal {

std::coroutine_handle<> GatherAwaiter::await_suspend(std::coroutine_handle<>) noexcept {
  starting_ = true;
  for (size_t i = 0; i < count_ && failure_.ok(); ++i) {
    ++running_;
    StartChild(i, *this).resume();
  }
  starting_ = false;
  if (!failure_.ok()) return waiter_.Fail(failure_);
  return running_ == 0 ? waiter_.handle() : std::noop_coroutine();
}

std::coroutine_handle<> GatherAwaiter::Done(const absl::Status& status) noexcept {
  --running_;
  if (!failure_.ok()) return std::noop_coroutine();
  if (!status.ok()) {
    failure_ = status;
    return starting_ ? std::noop_coroutine() : waiter_.Fail(status);
  }
  return running_ == 0 && !starting_ ? waiter_.handle() : std::noop_coroutine();
}

}  // namespace internal

Task<void> All(std::vector<Task<void>> tasks) { co_await internal::GatherVector<void>(tasks); }

}  // namespace chains
