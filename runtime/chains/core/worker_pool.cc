#include "chains/core/worker_pool.h"

#include <algorithm>
#include <system_error>
#include <utility>

namespace chains {
namespace {

WorkerPool::Options WithDefaults(WorkerPool::Options options) {
  if (options.threads == 0) options.threads = std::max(1u, std::thread::hardware_concurrency());
  return options;
}

}  // namespace

WorkerPool::WorkerPool(Options options) : options_(WithDefaults(options)) {}

WorkerPool::~WorkerPool() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

bool WorkerPool::Submit(absl::AnyInvocable<void()> work) {
  {
    std::lock_guard lock(mutex_);
    if (queue_.size() >= options_.max_queued) return false;
    queue_.push_back(std::move(work));
    if (queue_.size() > idle_ && threads_.size() < options_.threads && !StartThread()) {
      queue_.pop_back();
      return false;
    }
  }
  changed_.notify_one();
  return true;
}

// False when there is none to do the work: the system refused the first.
bool WorkerPool::StartThread() {
  try {
    threads_.emplace_back([this] { Run(); });
  } catch (const std::system_error&) {
  }
  return !threads_.empty();
}

void WorkerPool::Run() {
  std::unique_lock lock(mutex_);
  while (true) {
    ++idle_;
    changed_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
    --idle_;
    if (queue_.empty()) return;
    absl::AnyInvocable<void()> work = std::move(queue_.front());
    queue_.pop_front();
    lock.unlock();
    work();
    work = nullptr;
    lock.lock();
  }
}

}  // namespace chains
