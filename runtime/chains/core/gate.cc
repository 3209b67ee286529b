#include "chains/core/gate.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace chains {

Permit::~Permit() {
  if (gate_ != nullptr) gate_->Leave();
}

std::optional<Permit> Gate::TryEnter() {
  if (!Take()) return std::nullopt;
  return Permit(*this);
}

bool Gate::Take() {
  if (inside_ >= options_.limit || waiting_ > 0) return false;
  max_inside_ = std::max(max_inside_, ++inside_);
  return true;
}

// A place that becomes free passes to the first in the queue, so that nobody overtakes.
void Gate::Leave() {
  if (Loop::Job* first = queue_.PopFront()) {
    EnterAwaiter* next = static_cast<EnterAwaiter*>(first);
    --waiting_;
    next->queued_ = false;
    next->permitted_ = true;
    next->loop().Ready(*next);
  } else {
    --inside_;
  }
}

absl::Status Gate::Refusal() const {
  return absl::ResourceExhaustedError(
      absl::StrCat(options_.what, ": ", inside_, " running and ", waiting_, " waiting"));
}

std::coroutine_handle<> Gate::EnterAwaiter::await_suspend(std::coroutine_handle<>) {
  if (gate_.waiting_ >= gate_.options_.max_waiting) return waiter().Fail(gate_.Refusal());
  ++gate_.waiting_;
  queued_ = true;
  gate_.queue_.PushBack(static_cast<Loop::Job&>(*this));
  Suspended();
  return std::noop_coroutine();
}

void Gate::EnterAwaiter::Withdraw() {
  if (queued_) {
    static_cast<Loop::Job&>(*this).Forget();
    queued_ = false;
    --gate_.waiting_;
  }
  Forget();
  if (std::exchange(permitted_, false)) gate_.Leave();
}

}  // namespace chains
