// What an attempt of a call needs: a place at a gate, and to be counted. Implementation detail of
// contract_inl.h.
#pragma once

#include <optional>

#include "absl/status/status.h"
#include "chains/core/gate.h"
#include "chains/core/passage.h"
#include "chains/core/task.h"

namespace chains::internal {

// Between Started() and Ended(); an attempt whose coroutine is dropped ends CANCELLED.
class Attempt {
 public:
  explicit Attempt(Passage& passage) : passage_(passage) { passage_.Started(); }
  Attempt(const Attempt&) = delete;
  ~Attempt() { passage_.Ended(code_); }
  void Ended(const absl::Status& status) { code_ = status.code(); }

 private:
  Passage& passage_;
  absl::StatusCode code_ = absl::StatusCode::kCancelled;
};

// A place at a Gate that may be null, when there is one at once.
inline std::optional<Permit> EnterNow(Gate* gate) {
  return gate != nullptr ? gate->TryEnter() : Permit();
}
inline Task<Permit> WaitAtGate(Gate& gate) {
  Permit permit = co_await gate.Enter();
  co_return permit;
}
inline absl::Status TooLate() { return absl::DeadlineExceededError("deadline exceeded"); }

}  // namespace chains::internal
