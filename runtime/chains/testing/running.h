// Running<T>: a task that runs while the test looks on.
//
//   chains::testing::FakeClock clock;
//   chains::testing::Running<Reply> call(clock, greeter.RunRemote(request));
//   clock.Settle();
//   EXPECT_FALSE(call.done());        // it waits for its place
//   gate_keeper.LetIn();
//   clock.Settle();
//   EXPECT_TRUE(call.outcome().ok());
#pragma once

#include <optional>
#include <utility>

#include "chains/core/root.h"
#include "chains/testing/fake_clock.h"

namespace chains::testing {

// Destroying it drops the task. The clock must run on (Settle) for it to make progress.
template <typename T>
class Running {
 public:
  Running(FakeClock& clock, Task<T> task, Context context = {})
      : root_(clock, std::move(context), std::move(task),
              [this](absl::StatusOr<chains::internal::Stored<T>> outcome) {
                outcome_ = std::move(outcome);
              }) {
    root_.Start();
  }
  Running(const Running&) = delete;

  bool done() const { return outcome_.has_value(); }
  // Once it is done.
  const absl::StatusOr<chains::internal::Stored<T>>& outcome() const { return *outcome_; }

 private:
  std::optional<absl::StatusOr<chains::internal::Stored<T>>> outcome_;
  chains::internal::Root<T> root_;
};

}  // namespace chains::testing
