// Task<T>: a coroutine that finishes with a T or with an absl::Status.
//
//   chains::Task<Reply> Run(Request request) {
//     Part part = co_await other_.Run(MakePart(request));   // a value, or leave with the error
//     co_return MakeReply(part);                            // or co_return absl::NotFoundError(…)
//   }
//
// `co_await task` yields the value; when the task failed, the awaiting coroutine fails with the
// same status and its remaining lines do not run. `co_await Outcome(std::move(task))` yields the
// absl::StatusOr<T> instead, for the few callers that decide on an error. What a library throws
// becomes an INTERNAL status at the coroutine's edge.
//
// A Task is lazy: nothing runs until it is awaited, and it is awaited at most once. All coroutines
// of a request run on one Loop, on behalf of one Context, both inherited from the awaiting one.
//
// Dropping a Task stops it where it stands: its frames are destroyed at once, innermost first, and
// what they wait for (a call, a timer, a place in a queue) is cancelled. None of its code runs
// afterwards but destructors. The exception is Blocking work that runs on another thread: frames
// that it may use stay until it returns, and are destroyed then.
//
// Arguments of coroutines are values: a reference may dangle as soon as the caller is suspended.
#pragma once

#include <concepts>
#include <coroutine>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "chains/core/context.h"
#include "chains/core/promise.h"

namespace chains {

template <typename T>
class Task;

namespace internal {

struct Unit {};
template <typename T>
using Stored = std::conditional_t<std::is_void_v<T>, Unit, T>;

template <typename T>
class TaskPromiseBase : public Promise {
 public:
  std::coroutine_handle<> Fail(absl::Status status) noexcept final {
    if (inside()) LeaveWith(status);
    outcome_.emplace(status);
    return Finish(status);
  }
  void unhandled_exception() noexcept { outcome_.emplace(FromException()); }

  class FinalAwaiter {
   public:
    explicit FinalAwaiter(TaskPromiseBase& self) : self_(self) {}
    bool await_ready() const noexcept { return false; }
    std::coroutine_handle<> await_suspend(std::coroutine_handle<>) noexcept { return self_.End(); }
    void await_resume() noexcept {}

   private:
    TaskPromiseBase& self_;
  };
  FinalAwaiter final_suspend() noexcept { return FinalAwaiter(*this); }

  absl::StatusOr<Stored<T>>& outcome() { return *outcome_; }

 protected:
  // It has its outcome.
  std::coroutine_handle<> End() noexcept {
    if (this->inside()) LeavePassages();
    return this->Finish(outcome_->status());
  }

  std::optional<absl::StatusOr<Stored<T>>> outcome_;

 private:
  void LeavePassages() noexcept {
    if (outcome_->ok()) {
      LeaveWell();
    } else {
      absl::Status failure = outcome_->status();
      LeaveWith(failure);
      outcome_.emplace(std::move(failure));
    }
  }
};

template <typename T>
class TaskPromise final : public TaskPromiseBase<T> {
 public:
  Task<T> get_return_object() noexcept;
  // What converts to absl::StatusOr<T>: built in place, because a message costs 70 instructions a
  // move.
  template <typename U = absl::StatusOr<T>>
  requires std::convertible_to<U&&, absl::StatusOr<T>>
  void return_value(U&& value) noexcept { this->outcome_.emplace(std::forward<U>(value)); }
};
template <>
class TaskPromise<void> final : public TaskPromiseBase<void> {
 public:
  Task<void> get_return_object() noexcept;
  void return_void() noexcept { outcome_.emplace(Unit{}); }
};

template <typename T>
class TaskAwaiter;
template <typename T>
class OutcomeAwaiter;

}  // namespace internal

template <typename T>
class [[nodiscard]] Task {
 public:
  using promise_type = internal::TaskPromise<T>;
  using value_type = T;

  Task(Task&& other) noexcept : promise_(std::exchange(other.promise_, nullptr)) {}
  Task& operator=(Task&& other) noexcept {
    std::swap(promise_, other.promise_);
    return *this;
  }
  ~Task() {
    if (promise_ != nullptr) internal::Drop(*promise_);
  }

  // What follows is for the library's own awaiters.

  internal::TaskAwaiter<T> Bind(internal::Promise& parent) &&;

  // Prepares to run as a child of `parent` (null for the root of a request); resume the result.
  std::coroutine_handle<> Start(internal::Promise* parent, const Context& context, Loop& loop,
                                internal::Continuation& continuation) {
    promise_->Start(parent, context, loop, continuation);
    if (promise_->has_passages()) promise_ = static_cast<Promise*>(&promise_->GoThrough());
    return promise_->Begin();
  }
  // Only once it is done.
  absl::StatusOr<internal::Stored<T>> Take() { return std::move(promise_->outcome()); }
  // The same when it did not fail.
  internal::Stored<T> TakeValue() { return *std::move(promise_->outcome()); }

  using Promise = internal::TaskPromiseBase<T>;
  Promise& promise() { return *promise_; }
  // Who releases a promise owns it, until a Task takes it over.
  Promise& Release() { return *std::exchange(promise_, nullptr); }
  static Task Adopt(Promise& promise) { return Task(&promise); }

 private:
  friend promise_type;
  explicit Task(Promise* promise) : promise_(promise) {}
  Promise* promise_;
};

// `co_await Outcome(std::move(task))`: the task's absl::StatusOr<T>; an error does not leave the
// awaiting coroutine. For Task<void> the value is an empty struct: ask ok() and status().
template <typename T>
class [[nodiscard]] TaskOutcome {
 public:
  explicit TaskOutcome(Task<T> task) : task_(std::move(task)) {}
  internal::OutcomeAwaiter<T> Bind(internal::Promise& parent) &&;

 private:
  Task<T> task_;
};
template <typename T>
TaskOutcome<T> Outcome(Task<T> task) {
  return TaskOutcome<T>(std::move(task));
}

// `co_await CurrentContext()`: the Context of the request that this coroutine works for.
class [[nodiscard]] CurrentContext {
 public:
  class Awaiter {
   public:
    explicit Awaiter(const Context& context) : context_(context) {}
    bool await_ready() const noexcept { return true; }
    void await_suspend(std::coroutine_handle<>) const noexcept {}
    Context await_resume() const { return context_; }

   private:
    const Context& context_;
  };
  Awaiter Bind(internal::Promise& self) && { return Awaiter(*self.context()); }
};

namespace internal {
// `co_await Here()`: where the awaiting coroutine runs, and for whom.
class [[nodiscard]] Here {
 public:
  class Place {
   public:
    explicit Place(Promise& self) : self_(self) {}
    const Context& context() const { return *self_.context(); }
    Loop& loop() const { return *self_.loop(); }
    // The coroutine is the long way through `passage`.
    void StandsFor(Passage& passage) const { self_.StandsFor(passage); }

    bool await_ready() const noexcept { return true; }
    void await_suspend(std::coroutine_handle<>) const noexcept {}
    Place await_resume() const noexcept { return *this; }

   private:
    Promise& self_;
  };
  Place Bind(Promise& self) && { return Place(self); }
};
}  // namespace internal

// The same task; a failure's message begins with `what` was being done.
template <typename T>
Task<T> Annotate(Task<T> task, std::string what);

// A task that is done as soon as it is awaited: what a fake needs that decides without a coroutine.
template <typename T>
Task<T> Done(absl::StatusOr<T> outcome) {
  co_return outcome;
}

}  // namespace chains

#include "chains/core/task_inl.h"
