#include "chains/core/local_loop.h"

namespace chains {

void LocalLoop::RunUntil(absl::AnyInvocable<bool()> done) {
  EnterThread();
  while (!done()) {
    if (Turn() || HasWork()) continue;
    Idle(NextTimer());
    Rested();
  }
}

void LocalLoop::Wake() {
  std::lock_guard lock(mutex_);
  woken_ = true;
  woken_changed_.notify_one();
}

void LocalLoop::Idle(std::optional<absl::Time> timer) { WaitForWake(timer); }

bool LocalLoop::WaitForWake(std::optional<absl::Time> until) {
  std::unique_lock lock(mutex_);
  auto is_woken = [this] { return woken_; };
  if (until) {
    woken_changed_.wait_until(lock, absl::ToChronoTime(*until), is_woken);
  } else {
    woken_changed_.wait(lock, is_woken);
  }
  return std::exchange(woken_, false);
}

}  // namespace chains
