// All, AllSettled: several tasks at once.
//
//   std::vector<chains::Task<Reply>> calls;
//   for (const Part& part : parts) calls.push_back(other_.Run(part));
//   std::vector<Reply> replies = co_await chains::All(std::move(calls));
//
// Tasks start in order and run concurrently on the request's loop; results keep the order of the
// tasks, whatever order they finish in.
#pragma once

#include <cstddef>
#include <tuple>
#include <utility>
#include <vector>

#include "chains/core/task.h"

namespace chains {

// Every value, or the first failure in time: then the tasks that still run are dropped.
template <typename T>
Task<std::vector<T>> All(std::vector<Task<T>> tasks);
Task<void> All(std::vector<Task<void>> tasks);

// The same for a few tasks of different types; none of them may be Task<void>.
template <typename A, typename B, typename... More>
Task<std::tuple<A, B, More...>> All(Task<A> a, Task<B> b, Task<More>... more);

// Every outcome, once all tasks are done. A failure drops none of the others. Outcomes of
// Task<void> are StatusOr<internal::Unit>: ask ok() and status().
template <typename T>
Task<std::vector<absl::StatusOr<internal::Stored<T>>>> AllSettled(std::vector<Task<T>> tasks);

namespace internal {

// Starts children and resumes its coroutine when all are done, or fails it as soon as one of them
// failed.
class GatherAwaiter : public Continuation {
 public:
  bool await_ready() const noexcept { return count_ == 0; }
  std::coroutine_handle<> await_suspend(std::coroutine_handle<>) noexcept;
  void await_resume() const noexcept {}

 protected:
  GatherAwaiter(Promise& waiter, size_t count) : waiter_(waiter), count_(count) {}
  GatherAwaiter(const GatherAwaiter&) = delete;
  ~GatherAwaiter() = default;

  // Starts child `i`, which tells `continuation` when it is done; returns what to resume.
  virtual std::coroutine_handle<> StartChild(size_t i, Continuation& continuation) noexcept = 0;
  Promise& waiter() const { return waiter_; }

 private:
  std::coroutine_handle<> Done(const absl::Status& status) noexcept final;

  Promise& waiter_;
  const size_t count_;
  size_t running_ = 0;
  bool starting_ = false;
  absl::Status failure_;
};

}  // namespace internal
}  // namespace chains

#include "chains/core/all_inl.h"
