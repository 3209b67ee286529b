// Small coroutines and witnesses that the tests of the core share.
#pragma once

#include <new>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "chains/core/task.h"
#include "chains/core/timing.h"
#include "chains/core/wait.h"
#include "chains/testing/fake_clock.h"
#include "chains/testing/probe.h"

namespace chains {

// Counts how often a frame that holds one was destroyed.
class Witness {
 public:
  explicit Witness(int& destroyed) : destroyed_(destroyed) {}
  Witness(const Witness&) = delete;
  ~Witness() { ++destroyed_; }

 private:
  int& destroyed_;
};

inline Task<int> Value(int value) { co_return value; }
inline Task<int> Fails(absl::Status status) { co_return status; }
inline Task<int> After(absl::Duration duration, int value) {
  co_await Sleep(duration);
  co_return value;
}
inline Task<int> FailsAfter(absl::Duration duration, absl::Status status) {
  co_await Sleep(duration);
  co_return status;
}

// Waits for ever; `destroyed` counts the end of its frame, `resumed` is what must never happen.
inline Task<int> Never(int& destroyed, int& resumed) {
  Witness witness(destroyed);
  co_await Sleep(absl::InfiniteDuration());
  ++resumed;
  co_return 0;
}

// What a library may throw.
inline int Throws() { return std::vector<int>().at(7); }
inline int NoMemory() { throw std::bad_alloc(); }
inline void ThrowsInt() { std::rethrow_exception(std::make_exception_ptr(7)); }

// On virtual time.
template <typename T>
absl::StatusOr<internal::Stored<T>> Await(Task<T> task, Context context = {}) {
  testing::FakeClock clock;
  return Wait(std::move(task), clock, std::move(context));
}

// Fails once a worker has started.
inline Task<int> FailsOnce(testing::SharedProbe& started, absl::Status status) {
  started.BlockUntil(1);
  co_return status;
}

// Runs what can run now, although Blocking work may be out.
inline void OneTurn(testing::FakeClock& clock) {
  bool ran = false;
  clock.Post([&ran] { ran = true; });
  clock.RunUntil([&ran] { return ran; });
}

}  // namespace chains
