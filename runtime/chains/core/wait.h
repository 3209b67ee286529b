// Wait: runs a task to its end on the calling thread. For main() and tests; never inside a
// coroutine.
//
//   absl::StatusOr<HelloAllResponse> reply = chains::Wait(greeter.RunRemote(request));
#pragma once

#include <optional>
#include <utility>

#include "chains/core/local_loop.h"
#include "chains/core/root.h"
#include "chains/core/timing.h"

namespace chains {

// Runs on `loop`, which nobody else runs. The context's deadline is enforced. Blocking work that a
// dropped task left behind has returned, and what the loop hosts has ended, when Wait returns.
template <typename T>
absl::StatusOr<internal::Stored<T>> Wait(Task<T> task, LocalLoop& loop, Context context = {}) {
  std::optional<absl::StatusOr<internal::Stored<T>>> outcome;
  {
    internal::Root<T> root(
        loop, Context(),
        [](Task<T> inner, Context within) -> Task<T> {
          absl::StatusOr<internal::Stored<T>> result =
              co_await internal::Within<T>(std::move(inner), within);
          if constexpr (std::is_void_v<T>) {
            co_await result.status();
          } else {
            co_return result;
          }
        }(std::move(task), std::move(context)),
        [&outcome](absl::StatusOr<internal::Stored<T>> result) { outcome = std::move(result); });
    root.Start();
    loop.RunUntil([&outcome] { return outcome.has_value(); });
  }
  loop.RunUntil([&loop] { return loop.blocking() == 0 && loop.hosted() == 0; });
  return *std::move(outcome);
}

// On a loop and a worker pool of its own.
template <typename T>
absl::StatusOr<internal::Stored<T>> Wait(Task<T> task, Context context = {}) {
  WorkerPool workers;
  LocalLoop loop(workers);
  return Wait(std::move(task), loop, std::move(context));
}

}  // namespace chains
