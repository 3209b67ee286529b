// Implementation details of all.h.
#pragma once

#include <array>

#include "chains/core/all.h"

namespace chains {
namespace internal {

template <typename T>
class VectorAwaiter final : public GatherAwaiter {
 public:
  VectorAwaiter(std::vector<Task<T>>& tasks, Promise& waiter)
      : GatherAwaiter(waiter, tasks.size()), tasks_(tasks) {}

 private:
  std::coroutine_handle<> StartChild(size_t i, Continuation& continuation) noexcept override {
    return tasks_[i].Start(&waiter(), *waiter().context(), *waiter().loop(), continuation);
  }
  std::vector<Task<T>>& tasks_;
};

// `tasks` outlives the wait.
template <typename T>
class GatherVector {
 public:
  explicit GatherVector(std::vector<Task<T>>& tasks) : tasks_(tasks) {}
  VectorAwaiter<T> Bind(Promise& waiter) && { return VectorAwaiter<T>(tasks_, waiter); }

 private:
  std::vector<Task<T>>& tasks_;
};

template <typename... T>
class TupleAwaiter final : public GatherAwaiter {
 public:
  TupleAwaiter(std::tuple<Task<T>...>& tasks, Promise& waiter)
      : GatherAwaiter(waiter, sizeof...(T)), tasks_(tasks) {}

 private:
  std::coroutine_handle<> StartChild(size_t i, Continuation& continuation) noexcept override {
    auto start = [&](auto& task) {
      return task.Start(&waiter(), *waiter().context(), *waiter().loop(), continuation);
    };
    return [&]<size_t... kIndex>(std::index_sequence<kIndex...>) {
      std::coroutine_handle<> started;
      ((kIndex == i ? void(started = start(std::get<kIndex>(tasks_))) : void()), ...);
      return started;
    }
    (std::index_sequence_for<T...>());
  }
  std::tuple<Task<T>...>& tasks_;
};

template <typename... T>
class GatherTuple {
 public:
  explicit GatherTuple(std::tuple<Task<T>...>& tasks) : tasks_(tasks) {}
  TupleAwaiter<T...> Bind(Promise& waiter) && { return TupleAwaiter<T...>(tasks_, waiter); }

 private:
  std::tuple<Task<T>...>& tasks_;
};

// Destroys the task's frame when it is done, not when its siblings are: what a failed task leaves
// behind must not go on meanwhile.
template <typename T>
Task<void> Settle(Task<T> task, absl::StatusOr<Stored<T>>& outcome) {
  outcome = co_await Outcome(std::move(task));
}

}  // namespace internal

template <typename T>
Task<std::vector<T>> All(std::vector<Task<T>> tasks) {
  co_await internal::GatherVector<T>(tasks);
  std::vector<T> values;
  values.reserve(tasks.size());
  for (Task<T>& task : tasks) values.push_back(task.TakeValue());
  co_return values;
}

template <typename A, typename B, typename... More>
Task<std::tuple<A, B, More...>> All(Task<A> a, Task<B> b, Task<More>... more) {
  std::tuple<Task<A>, Task<B>, Task<More>...> tasks(std::move(a), std::move(b), std::move(more)...);
  co_await internal::GatherTuple<A, B, More...>(tasks);
  co_return std::apply([](auto&... task) { return std::tuple<A, B, More...>(task.TakeValue()...); },
                       tasks);
}

template <typename T>
Task<std::vector<absl::StatusOr<internal::Stored<T>>>> AllSettled(std::vector<Task<T>> tasks) {
  std::vector<absl::StatusOr<internal::Stored<T>>> outcomes(tasks.size());
  std::vector<Task<void>> settling;
  settling.reserve(tasks.size());
  for (size_t i = 0; i < tasks.size(); ++i) {
    settling.push_back(internal::Settle<T>(std::move(tasks[i]), outcomes[i]));
  }
  co_await internal::GatherVector<void>(settling);
  co_return outcomes;
}

}  // namespace chains
