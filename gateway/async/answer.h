// Answer<T>: what another thread will say to a coroutine.
//
//   std::shared_ptr<Answer<int>> answer = std::make_shared<Answer<int>>(loop);
//   thread.Do([answer] { answer->Give(Count()); });
//   absl::StatusOr<int> count = co_await Outcome(Wait(answer));
//
// A coroutine that is dropped meanwhile leaves the answer to nobody.
#pragma once

#include <memory>
#include <optional>
#include <utility>

#include "absl/status/statusor.h"
#include "chains/core/loop.h"
#include "chains/core/notice.h"
#include "chains/core/task.h"

namespace chains::gateway {

template <typename T>
class Answer final : public std::enable_shared_from_this<Answer<T>> {
 public:
  // `loop` lives as long as who gives.
  explicit Answer(Loop& loop) : loop_(loop) {}

  // Once, on any thread.
  void Give(absl::StatusOr<T> value) {
    loop_.Post([self = this->shared_from_this(), given = std::move(value)]() mutable {
      self->value_.emplace(std::move(given));
      self->given_.Give();
    });
  }

 private:
  template <typename U>
  friend Task<U> Wait(std::shared_ptr<Answer<U>> answer);

  Loop& loop_;
  std::optional<absl::StatusOr<T>> value_;  // of the loop's thread, as is given_
  Notice given_;
};

// On the loop's thread, once.
template <typename T>
Task<T> Wait(std::shared_ptr<Answer<T>> answer) {
  while (!answer->value_) co_await answer->given_.Wait();
  co_return *std::move(answer->value_);
}

}  // namespace chains::gateway
