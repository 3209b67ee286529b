// Blocking: work that blocks or computes for long, off the loop.
//
//   absl::StatusOr<Text> text = co_await chains::Blocking([&] { return decoder.Decode(audio); });
//
// The work runs on the loop's WorkerPool while the coroutine waits; its frame stays until the work
// returns, so capturing its locals by reference is safe, whatever happens to the request. Work that
// was dropped before a thread took it never runs; work that takes a std::stop_token is asked to
// stop. `co_await Blocking(f)` yields what f returns; a Status or StatusOr that is an error, a full
// pool (RESOURCE_EXHAUSTED) or an exception (INTERNAL) leaves the coroutine.
#pragma once

#include <atomic>
#include <functional>
#include <optional>
#include <stop_token>
#include <type_traits>
#include <utility>

#include "chains/core/leaf.h"
#include "chains/core/task.h"

namespace chains {
namespace internal {

// One piece of work on its way to another thread and back.
class BlockingWork : public Leaf {
 public:
  bool await_ready() const noexcept { return false; }
  std::coroutine_handle<> await_suspend(std::coroutine_handle<>) noexcept;

 protected:
  explicit BlockingWork(Promise& waiter) : Leaf(waiter) {}
  ~BlockingWork() = default;

  // On the other thread; what it throws is caught.
  virtual absl::Status Work(const std::stop_source& stop) = 0;

 private:
  void Abandon() noexcept final { stop_.request_stop(); }
  void RunOnWorker() noexcept;
  void Return();

  std::stop_source stop_;
  absl::Status status_;
};

template <typename F>
auto CallWork(F& f, const std::stop_source& stop) {
  if constexpr (std::is_invocable_v<F&, std::stop_token>) {
    return std::invoke(f, stop.get_token());
  } else {
    return std::invoke(f);
  }
}

template <typename Result>
struct WorkResult {
  using Value = Result;
};
template <>
struct WorkResult<void> {
  using Value = Unit;
};
template <>
struct WorkResult<absl::Status> {
  using Value = Unit;
};
template <typename T>
struct WorkResult<absl::StatusOr<T>> {
  using Value = T;
};

// F is a reference when the caller keeps the callable in a local.
template <typename F>
class BlockingAwaiter final : public BlockingWork {
 public:
  using Callable = std::remove_reference_t<F>;
  using Result = decltype(CallWork(std::declval<Callable&>(), std::declval<std::stop_source>()));
  using Value = typename WorkResult<Result>::Value;

  BlockingAwaiter(F&& f, Promise& waiter) : BlockingWork(waiter), f_(std::forward<F>(f)) {}
  auto await_resume() {
    if constexpr (!std::is_same_v<Value, Unit>) return *std::move(value_);
  }

 private:
  absl::Status Work(const std::stop_source& stop) override {
    if constexpr (std::is_void_v<Result>) {
      CallWork(f_, stop);
      return absl::OkStatus();
    } else if constexpr (std::is_same_v<Result, absl::Status>) {
      return CallWork(f_, stop);
    } else if constexpr (std::is_same_v<Result, Value>) {
      value_.emplace(CallWork(f_, stop));
      return absl::OkStatus();
    } else {
      Result result = CallWork(f_, stop);
      if (result.ok()) value_.emplace(*std::move(result));
      return result.status();
    }
  }

  F f_;
  std::optional<Value> value_;
};

template <typename F>
class [[nodiscard]] BlockingCall {
 public:
  explicit BlockingCall(F&& f) : f_(std::forward<F>(f)) {}
  BlockingAwaiter<F> Bind(Promise& waiter) && {
    return BlockingAwaiter<F>(std::forward<F>(f_), waiter);
  }

 private:
  F&& f_;
};

}  // namespace internal

template <typename F>
internal::BlockingCall<F> Blocking(F&& f) {
  static_assert(
      std::is_lvalue_reference_v<F> || std::is_trivially_destructible_v<F>,
      "chains: Blocking takes a lambda that captures by reference (the frame outlives the "
      "work), or a named one: g++ 12 would destroy captured values of a temporary twice");
  return internal::BlockingCall<F>(std::forward<F>(f));
}

}  // namespace chains
