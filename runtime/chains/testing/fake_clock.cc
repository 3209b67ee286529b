#include "chains/testing/fake_clock.h"

#include <cstdio>
#include <cstdlib>

#include "absl/time/clock.h"

namespace chains::testing {
namespace {

// Of real time, for another thread to wake a loop that has nothing to do.
constexpr absl::Duration kGiveUp = absl::Seconds(30);

}  // namespace

FakeClock::~FakeClock() {
  while (hosted() > 0 && Turn()) {
  }
}

void FakeClock::Settle() {
  RunUntil([this] {
    const bool due = NextTimer().value_or(absl::InfiniteFuture()) <= now_;
    return !HasWork() && !due && blocking() == 0;
  });
}

void FakeClock::Idle(std::optional<absl::Time> timer) {
  if (blocking() > 0) {
    WaitForWake(std::nullopt);
  } else if (timer.value_or(absl::InfiniteFuture()) < absl::InfiniteFuture()) {
    now_ = *timer;
  } else if (!WaitForWake(absl::Now() + kGiveUp)) {
    std::fputs(
        "FakeClock: what is awaited will never happen: nothing runs, no timer is armed and no "
        "Blocking work is out\n",
        stderr);
    std::abort();
  }
}

}  // namespace chains::testing
