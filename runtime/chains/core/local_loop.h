// LocalLoop: a Loop on the calling thread, without sockets. It runs chainlets in unit tests and in
// programs that only call local chainlets.
#pragma once

#include <condition_variable>
#include <mutex>

#include "chains/core/loop.h"
#include "chains/core/worker_pool.h"

namespace chains {

class LocalLoop : public Loop {
 public:
  explicit LocalLoop(WorkerPool& workers) : Loop(workers) {}

  // Runs on the calling thread until `done` answers true; it is asked between turns.
  void RunUntil(absl::AnyInvocable<bool()> done);

 protected:
  void Wake() override;
  // Waits for Wake(), or until `timer` (nullopt: for ever).
  virtual void Idle(std::optional<absl::Time> timer);

  // For clocks that decide for themselves when to wait: true once Wake() was called.
  bool WaitForWake(std::optional<absl::Time> until);

 private:
  std::mutex mutex_;
  std::condition_variable woken_changed_;
  bool woken_ = false;  // guarded by mutex_
};

}  // namespace chains
