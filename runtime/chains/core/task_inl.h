// Implementation details of task.h.
#pragma once

#include <string>

#include "absl/strings/str_cat.h"
#include "chains/core/task.h"

template <typename T, typename... Arguments>
struct std::coroutine_traits<chains::Task<T>, Arguments...>
    : chains::internal::CheckedCoroutine<chains::internal::TaskPromise<T>, Arguments...> {};

namespace chains {
namespace internal {

template <typename T>
class TaskAwaiter final : private Continuation {
 public:
  TaskAwaiter(Task<T> task, Promise& parent) : task_(std::move(task)), parent_(parent) {}
  bool await_ready() const noexcept { return false; }
  std::coroutine_handle<> await_suspend(std::coroutine_handle<>) noexcept {
    return task_.Start(&parent_, *parent_.context(), *parent_.loop(), *this);
  }
  T await_resume() {
    if constexpr (!std::is_void_v<T>) return task_.TakeValue();
  }

 private:
  std::coroutine_handle<> Done(const absl::Status& status) noexcept override {
    return status.ok() ? parent_.handle() : parent_.Fail(status);
  }

  Task<T> task_;
  Promise& parent_;
};

template <typename T>
class OutcomeAwaiter final : private Continuation {
 public:
  OutcomeAwaiter(Task<T> task, Promise& parent) : task_(std::move(task)), parent_(parent) {}
  bool await_ready() const noexcept { return false; }
  std::coroutine_handle<> await_suspend(std::coroutine_handle<>) noexcept {
    return task_.Start(&parent_, *parent_.context(), *parent_.loop(), *this);
  }
  // The frame goes first, so that what a failed All leaves behind is cancelled before the caller
  // goes on.
  absl::StatusOr<Stored<T>> await_resume() {
    absl::StatusOr<Stored<T>> outcome = task_.Take();
    { Task<T> finished = std::move(task_); }
    return outcome;
  }

 private:
  std::coroutine_handle<> Done(const absl::Status&) noexcept override { return parent_.handle(); }

  Task<T> task_;
  Promise& parent_;
};

template <typename T>
Task<T> TaskPromise<T>::get_return_object() noexcept {
  this->Of(std::coroutine_handle<TaskPromise>::from_promise(*this));
  return Task<T>(this);
}
inline Task<void> TaskPromise<void>::get_return_object() noexcept {
  Of(std::coroutine_handle<TaskPromise>::from_promise(*this));
  return Task<void>(this);
}

// `status` with `what` in front of its message; payloads stay.
absl::Status Annotated(const absl::Status& status, std::string_view what);

}  // namespace internal

template <typename T>
internal::TaskAwaiter<T> Task<T>::Bind(internal::Promise& parent) && {
  return internal::TaskAwaiter<T>(std::move(*this), parent);
}
template <typename T>
internal::OutcomeAwaiter<T> TaskOutcome<T>::Bind(internal::Promise& parent) && {
  return internal::OutcomeAwaiter<T>(std::move(task_), parent);
}

template <typename T>
Task<T> Annotate(Task<T> task, std::string what) {
  absl::StatusOr<internal::Stored<T>> outcome = co_await Outcome(std::move(task));
  if (!outcome.ok()) co_await internal::Annotated(outcome.status(), what);
  if constexpr (!std::is_void_v<T>) co_return *std::move(outcome);
}

}  // namespace chains
