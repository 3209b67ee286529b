// Start: a task that runs beside the coroutine that started it.
//
//   chains::Started<Reply> reply = co_await chains::Start(other_.Run(part));
//   …                                       // meanwhile
//   Reply value = co_await reply.Result();  // a value, or leave with the error
//
// Streams need it, because their code runs only while somebody waits for the next item: what is to
// go on between items is started. For work that is awaited in one place, All() says more.
//
// Dropping a Started drops its task, as task.h says; it may be kept where the task's result is not
// wanted. The task's Blocking work may outlive who started it: give the task values, or shared
// ones, no references to the starter's locals.
#pragma once

#include <memory>
#include <optional>
#include <utility>

#include "chains/core/loop.h"
#include "chains/core/notice.h"
#include "chains/core/root.h"
#include "chains/core/task.h"

namespace chains {

// For the loop's thread, where it was started.
template <typename T>
class [[nodiscard]] Started {
 public:
  Started(Loop& loop, const Context& context, Task<T> task)
      : state_(std::make_unique<State>(loop, context, std::move(task))) {
    loop.Ready(*state_);
  }

  // Whether Result() has it.
  bool done() const { return state_->outcome.has_value(); }
  // Once; the Started lives until then.
  Task<T> Result() { return Await(state_.get()); }

 private:
  // The job that starts it: after what runs now, so that nothing runs inside the starter.
  struct State final : Loop::Job {
    State(Loop& loop, const Context& context, Task<T> task)
        : root(loop, context, std::move(task), [this](absl::StatusOr<internal::Stored<T>> result) {
            outcome.emplace(std::move(result));
            ended.Give();
          }) {}
    void Run() override { root.Start(); }

    std::optional<absl::StatusOr<internal::Stored<T>>> outcome;
    Notice ended;
    internal::Root<T> root;
  };

  static Task<T> Await(State* state) {
    while (!state->outcome.has_value()) co_await state->ended.Wait();
    if constexpr (std::is_void_v<T>) {
      co_await state->outcome->status();
    } else {
      co_return std::move(*state->outcome);
    }
  }

  std::unique_ptr<State> state_;
};

namespace internal {

template <typename T>
class [[nodiscard]] Starting {
 public:
  explicit Starting(Task<T> task) : task_(std::move(task)) {}

  class Awaiter {
   public:
    Awaiter(Task<T> task, Promise& starter) : task_(std::move(task)), starter_(starter) {}
    bool await_ready() const noexcept { return true; }
    void await_suspend(std::coroutine_handle<>) const noexcept {}
    Started<T> await_resume() {
      return Started<T>(*starter_.loop(), *starter_.context(), std::move(task_));
    }

   private:
    Task<T> task_;
    Promise& starter_;
  };
  Awaiter Bind(Promise& starter) && { return Awaiter(std::move(task_), starter); }

 private:
  Task<T> task_;
};

}  // namespace internal

// `co_await Start(std::move(task))`: it runs from the next turn of the loop on, on behalf of the
// same Context.
template <typename T>
internal::Starting<T> Start(Task<T> task) {
  return internal::Starting<T>(std::move(task));
}

}  // namespace chains
