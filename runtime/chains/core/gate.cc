#include "chains/core/gate.h"

#include "absl/strings/str_cat.h"

namespace chains {

Permit::~Permit() {
  if (gate_ != nullptr) gate_->LeavePlace();
}

std::optional<Permit> Gate::TryEnter() {
  if (!TakePlace()) return std::nullopt;
  return Permit(*this);
}

// A place that becomes free passes to the first in the queue, so that nobody overtakes.
void Gate::LetNextIn() {
  EnterAwaiter* next = static_cast<EnterAwaiter*>(queue_.PopFront());
  SetWaiting(waiting_ - 1);
  next->queued_ = false;
  next->permitted_ = true;
  next->loop().Ready(*next);
}

absl::Status Gate::Refusal() const {
  return absl::ResourceExhaustedError(
      absl::StrCat(options_.what, ": ", inside_, " running and ", waiting_, " waiting"));
}

std::coroutine_handle<> Gate::EnterAwaiter::await_suspend(std::coroutine_handle<>) {
  if (gate_.waiting_ >= gate_.options_.max_waiting) return waiter().Fail(gate_.Refusal());
  gate_.SetWaiting(gate_.waiting_ + 1);
  queued_ = true;
  gate_.queue_.PushBack(static_cast<Loop::Job&>(*this));
  Suspended();
  return std::noop_coroutine();
}

void Gate::EnterAwaiter::Withdraw() {
  if (queued_) {
    static_cast<Loop::Job&>(*this).Forget();
    queued_ = false;
    gate_.SetWaiting(gate_.waiting_ - 1);
  }
  Forget();
  if (std::exchange(permitted_, false)) gate_.LeavePlace();
}

}  // namespace chains
