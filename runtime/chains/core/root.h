// Root: a task that no coroutine awaits: a served request, a call from main().
#pragma once

#include <utility>

#include "absl/functional/any_invocable.h"
#include "chains/core/loop.h"
#include "chains/core/task.h"

namespace chains::internal {

// Owns a task, runs it on `loop` under `context` and hands its outcome to `done`, on the loop, from
// a Job. Destroying the Root before that drops the task and `done` is never called; `done` may
// destroy the Root. All of it on the loop's thread. Deadlines are the owner's to enforce.
template <typename T>
class Root final : private Continuation, private Loop::Job {
 public:
  using Callback = absl::AnyInvocable<void(absl::StatusOr<Stored<T>>)>;
  template <typename F>
  Root(Loop& loop, Context context, Task<T> task, F&& done)
      : loop_(loop),
        context_(std::move(context)),
        done_(std::forward<F>(done)),
        task_(std::move(task)) {}

  void Start() {
    loop_.Tick();
    task_.Start(nullptr, context_, loop_, *this).resume();
  }
  // It has its outcome; `done` will have it soon.
  bool ended() const { return this->linked(); }
  const Context& context() const { return context_; }

 private:
  std::coroutine_handle<> Done(const absl::Status&) noexcept override {
    loop_.Ready(*this);
    return std::noop_coroutine();
  }
  void Run() override {
    absl::StatusOr<Stored<T>> outcome = task_.Take();
    Callback done = std::move(done_);
    { Task<T> finished = std::move(task_); }
    done(std::move(outcome));
  }

  Loop& loop_;
  const Context context_;
  Callback done_;
  Task<T> task_;
};

}  // namespace chains::internal
