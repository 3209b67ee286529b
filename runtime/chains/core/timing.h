// Sleep and WithTimeout: time, as the request's loop tells it.
#pragma once

#include <optional>
#include <utility>

#include "absl/time/time.h"
#include "chains/core/leaf.h"
#include "chains/core/loop.h"
#include "chains/core/stream.h"
#include "chains/core/task.h"

namespace chains {
namespace internal {

class SleepAwaiter final : public Leaf, private Loop::Timer {
 public:
  SleepAwaiter(Promise& waiter, absl::Duration duration) : Leaf(waiter), duration_(duration) {}
  bool await_ready() const noexcept { return duration_ <= absl::ZeroDuration(); }
  void await_suspend(std::coroutine_handle<>) {
    loop().Arm(*this, loop().Now() + duration_);
    Suspended();
  }
  void await_resume() const noexcept {}

 private:
  void Abandon() noexcept override { Disarm(); }
  void Fire() override { Resume(); }
  absl::Duration duration_;
};

// Waits for something that runs under another Context, which outlives the wait, and enforces its
// deadline.
class DeadlineAwaiter : public Leaf, protected Continuation, private Loop::Timer {
 protected:
  DeadlineAwaiter(const Context& context, Promise& waiter) : Leaf(waiter), context_(context) {}
  ~DeadlineAwaiter() = default;

  // False when it is too late already. A deadline that is not earlier than the waiter's own is
  // somebody else's to enforce.
  bool Begin() {
    if (context_.deadline() >= waiter().context()->deadline()) return true;
    late_ = context_.deadline() <= loop().Now();
    if (late_) return false;
    loop().Arm(*this, context_.deadline());
    Suspended();
    return true;
  }
  bool late() const { return late_; }
  static absl::Status TooLate() { return absl::DeadlineExceededError("deadline exceeded"); }
  const Context& context() const { return context_; }

 private:
  std::coroutine_handle<> Done(const absl::Status&) noexcept final {
    Disarm();
    Unlink();
    return waiter().handle();
  }
  void Abandon() noexcept final { Disarm(); }
  void Fire() final {
    late_ = true;
    Resume();
  }

  const Context& context_;
  bool late_ = false;
};

template <typename T>
class WithinAwaiter final : public DeadlineAwaiter {
 public:
  WithinAwaiter(Task<T> task, const Context& context, Promise& waiter)
      : DeadlineAwaiter(context, waiter), task_(std::move(task)) {}
  bool await_ready() const noexcept { return false; }
  std::coroutine_handle<> await_suspend(std::coroutine_handle<>) {
    if (!Begin()) return waiter().handle();
    return task_.Start(&waiter(), context(), loop(), *this);
  }
  absl::StatusOr<Stored<T>> await_resume() {
    absl::StatusOr<Stored<T>> outcome = late() ? TooLate() : task_.Take();
    { Task<T> finished = std::move(task_); }
    return outcome;
  }

 private:
  Task<T> task_;
};

template <typename T>
class NextWithinAwaiter final : public DeadlineAwaiter {
 public:
  NextWithinAwaiter(StreamPromise<T>* producer, const Context& context, Promise& waiter)
      : DeadlineAwaiter(context, waiter), producer_(producer) {}
  bool await_ready() const noexcept { return producer_ != nullptr && producer_->ended(); }
  std::coroutine_handle<> await_suspend(std::coroutine_handle<>) {
    refusal_ = reading_.Begin(producer_);
    if (!refusal_.ok() || !Begin()) return waiter().handle();
    producer_->Start(&waiter(), context(), loop(), *this);
    return producer_->GoOn();
  }
  absl::StatusOr<std::optional<T>> await_resume() {
    if (!refusal_.ok()) return refusal_;
    if (late()) {
      reading_.Stop();
      return TooLate();
    }
    reading_.End();
    if (!producer_->status().ok()) return producer_->status();
    return producer_->template TakeItem<absl::StatusOr<std::optional<T>>>(absl::in_place);
  }

 private:
  StreamPromise<T>* const producer_;
  Reading reading_;
  absl::Status refusal_;
};

}  // namespace internal

// `co_await Sleep(absl::Milliseconds(5))`.
class [[nodiscard]] Sleep {
 public:
  explicit Sleep(absl::Duration duration) : duration_(duration) {}
  internal::SleepAwaiter Bind(internal::Promise& waiter) && {
    return internal::SleepAwaiter(waiter, duration_);
  }

 private:
  absl::Duration duration_;
};

namespace internal {

// `co_await Within(task, context)`: the task's outcome under `context` as a StatusOr; when the
// context's deadline passes first, the task is dropped and the outcome is DEADLINE_EXCEEDED.
template <typename T>
class [[nodiscard]] Within {
 public:
  Within(Task<T> task, const Context& context) : task_(std::move(task)), context_(context) {}
  WithinAwaiter<T> Bind(Promise& waiter) && {
    return WithinAwaiter<T>(std::move(task_), context_, waiter);
  }

 private:
  Task<T> task_;
  const Context& context_;
};

// The same for the next item of a stream: StatusOr<optional<T>>. Late, the producer is dropped.
template <typename T>
class [[nodiscard]] NextWithin {
 public:
  NextWithin(NextItem<T> next, const Context& context)
      : producer_(next.producer()), context_(context) {}
  NextWithinAwaiter<T> Bind(Promise& waiter) && {
    return NextWithinAwaiter<T>(producer_, context_, waiter);
  }

 private:
  StreamPromise<T>* producer_;
  const Context& context_;
};

}  // namespace internal

// The task, with at most `timeout` from when it is awaited: then it is dropped, and the result is
// DEADLINE_EXCEEDED. What it calls sees the shorter deadline.
template <typename T>
Task<T> WithTimeout(Task<T> task, absl::Duration timeout) {
  internal::Here::Place here = co_await internal::Here();
  const Context context = here.context().WithDeadline(here.loop().Now() + timeout);
  absl::StatusOr<internal::Stored<T>> outcome =
      co_await internal::Within<T>(std::move(task), context);
  if constexpr (std::is_void_v<T>) {
    co_await outcome.status();
  } else {
    co_return outcome;
  }
}

}  // namespace chains
