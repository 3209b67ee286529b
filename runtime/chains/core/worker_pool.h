// WorkerPool: the threads on which work that blocks or computes for long leaves the loops.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

#include "absl/functional/any_invocable.h"

namespace chains {

// Thread-safe. Threads start when there is work for them. The destructor runs what is queued, then
// joins.
class WorkerPool {
 public:
  struct Options {
    size_t threads = 0;        // 0: as many as the machine has processors
    size_t max_queued = 4096;  // work that waits for a thread; more is refused
  };
  WorkerPool() : WorkerPool(Options()) {}
  explicit WorkerPool(Options options);
  ~WorkerPool();
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  // False when the queue is full, or the system has no thread for the pool: `work` is not taken.
  [[nodiscard]] bool Submit(absl::AnyInvocable<void()> work);

  const Options& options() const { return options_; }

 private:
  bool StartThread();
  void Run();

  const Options options_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<absl::AnyInvocable<void()>> queue_;  // guarded by mutex_, as is what follows
  std::vector<std::thread> threads_;
  size_t idle_ = 0;
  bool stopping_ = false;
};

}  // namespace chains
