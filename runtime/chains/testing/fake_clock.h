// FakeClock: a loop on the calling thread whose time is virtual.
//
//   chains::testing::FakeClock clock;
//   absl::StatusOr<Reply> reply = chains::Wait(slow.Run(request), clock);   // a 600 s timeout: at
//   once
//
// When nothing else can run and no Blocking work is out, time jumps to the next timer. So every
// Sleep, timeout and retry of a test passes in no time, and in the same order each time.
#pragma once

#include <optional>

#include "absl/time/time.h"
#include "chains/core/local_loop.h"
#include "chains/core/worker_pool.h"

namespace chains::testing {

namespace internal {
struct OwnWorkers {
  explicit OwnWorkers(WorkerPool::Options options) : pool(options) {}
  WorkerPool pool;
};
}  // namespace internal

// For the thread that runs it. Threads other than its workers do not hold time up.
class FakeClock final : private internal::OwnWorkers, public LocalLoop {
 public:
  // `workers` do the Blocking work of what runs here.
  explicit FakeClock(WorkerPool::Options workers = {}) : OwnWorkers(workers), LocalLoop(pool) {}
  // Lets go of what it hosts, whose calls were dropped.
  ~FakeClock() override;

  absl::Time Now() const override { return now_; }
  // Timers that are due then fire in their order, but all of them at the new time, once the loop
  // runs again.
  void Advance(absl::Duration duration) {
    now_ += duration;
    Tick();
  }

  // Runs what can run without letting time pass, and waits for Blocking work. What still waits
  // afterwards waits for time, or for the test.
  void Settle();

 private:
  void Idle(std::optional<absl::Time> timer) override;
  absl::Time CoarseNow() const override { return now_; }

  absl::Time now_ = absl::FromUnixSeconds(1'900'000'000);
};

}  // namespace chains::testing
