// RunOn: a task on a Reactor, for a thread that is not the reactor's: main(), tests, blocking
// clients.
//
//   absl::StatusOr<Reply> reply = chains::RunOn(reactor, [&] { return stub->Run(request); });
#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <type_traits>
#include <utility>

#include "chains/core/context.h"
#include "chains/core/root.h"
#include "chains/core/timing.h"
#include "chains/grpc/reactor.h"

namespace chains {
namespace internal {

// One task, the thread that waits for it, and the reactor it runs on.
template <typename T>
class OutsideRun final : public Reactor::Work {
 public:
  using Outcome = absl::StatusOr<Stored<T>>;

  // On the reactor's thread.
  template <typename F>
  void Start(Reactor& reactor, F& make, Context context, std::shared_ptr<OutsideRun> self) {
    if (taken_.exchange(true)) return;
    if (!reactor.Admit(*this)) return Finish(Stopped());
    self_ = std::move(self);
    root_.emplace(reactor, Context(), Bounded(make(), std::move(context)),
                  [this](Outcome outcome) { Finish(std::move(outcome)); });
    root_->Start();
  }
  // On the thread that asked. `reactor` may have ended before it saw the task.
  Outcome Wait(const Reactor& reactor) {
    if (reactor.ended() && !taken_.exchange(true)) return Stopped();
    std::unique_lock lock(mutex_);
    done_.wait(lock, [this] { return outcome_.has_value(); });
    return *std::move(outcome_);
  }
  static absl::Status Stopped() {
    return absl::UnavailableError("the reactor on which the task was to run has stopped");
  }

 private:
  static Task<T> Bounded(Task<T> task, Context context) {
    Outcome outcome = co_await Within<T>(std::move(task), context);
    if constexpr (std::is_void_v<T>) {
      co_await outcome.status();
    } else {
      co_return outcome;
    }
  }
  void Cancel() override { Finish(Stopped()); }
  void Finish(Outcome outcome) {
    const std::shared_ptr<OutsideRun> self = std::move(self_);
    Unlink();
    root_.reset();
    std::lock_guard lock(mutex_);
    outcome_ = std::move(outcome);
    done_.notify_all();
  }

  std::atomic<bool> taken_{false};  // by the reactor, or given up
  std::optional<Root<T>> root_;
  std::shared_ptr<OutsideRun> self_;  // while it runs
  std::mutex mutex_;
  std::condition_variable done_;
  std::optional<Outcome> outcome_;  // guarded by mutex_
};

}  // namespace internal

// Calls `make` on the reactor's thread, runs the Task that it returns under `context`, whose
// deadline is enforced, and waits for the outcome. Not on the reactor's own thread. UNAVAILABLE
// when the reactor stops first.
template <typename F>
auto RunOn(Reactor& reactor, F make, Context context = {}) {
  using T = typename std::invoke_result_t<F&>::value_type;
  using Outcome = typename internal::OutsideRun<T>::Outcome;
  if (reactor.InLoop()) {
    return Outcome(absl::FailedPreconditionError("RunOn would wait for the thread that it is on"));
  }
  auto run = std::make_shared<internal::OutsideRun<T>>();
  reactor.Post([&reactor, &make, run, context = std::move(context)]() mutable {
    internal::OutsideRun<T>& started = *run;
    started.Start(reactor, make, std::move(context), std::move(run));
  });
  return run->Wait(reactor);
}

}  // namespace chains
