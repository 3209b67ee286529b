// What an attempt of a call needs: a place at a gate, and to be counted. Implementation detail of
// contract_inl.h.
#pragma once

#include <optional>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "chains/core/gate.h"
#include "chains/core/loop.h"
#include "chains/core/passage.h"
#include "chains/core/task.h"

namespace chains::internal {

// Between Started() and Ended(); an attempt whose coroutine is dropped ends CANCELLED.
class Attempt {
 public:
  Attempt(Passage& passage, const Loop& loop) : passage_(passage), loop_(loop) {
    if (passage_.timed()) began_ = loop_.Now();
    passage_.Started();
  }
  Attempt(const Attempt&) = delete;
  ~Attempt() {
    if (passage_.timed()) passage_.Took(loop_.Now() - began_, code_);
    passage_.Ended(code_);
  }
  void Ended(const absl::Status& status) { code_ = status.code(); }

 private:
  Passage& passage_;
  const Loop& loop_;
  absl::Time began_;
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
