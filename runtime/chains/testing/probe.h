// Probe: counts arrivals, and lets a test wait for the n-th instead of sleeping.
//
//   chains::testing::Probe started, release;
//   chains::Task<Reply> Fake::RunRemote(Request) {
//     started.Arrive();
//     co_await release.AtLeast(1);
//     co_return Reply();
//   }
//   …
//   co_await started.AtLeast(3);   // three calls are in flight
//   release.Arrive();
#pragma once

#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <vector>

#include "chains/core/intrusive_list.h"
#include "chains/core/leaf.h"
#include "chains/core/loop.h"

namespace chains::testing {

// For coroutines of one loop. It outlives those that wait.
class Probe {
 public:
  class Awaiter;
  class [[nodiscard]] Arrivals {
   public:
    Arrivals(Probe& probe, size_t count) : probe_(probe), count_(count) {}
    Awaiter Bind(chains::internal::Promise& waiter) &&;

   private:
    Probe& probe_;
    size_t count_;
  };

  void Arrive();
  size_t arrived() const { return arrived_; }
  // `co_await probe.AtLeast(n)`: goes on once n have arrived since the beginning.
  Arrivals AtLeast(size_t count) { return Arrivals(*this, count); }

 private:
  size_t arrived_ = 0;
  chains::internal::IntrusiveList<Loop::Job> waiting_;  // Awaiters
};

class Probe::Awaiter final : public chains::internal::Leaf, public Loop::Job {
 public:
  Awaiter(Probe& probe, size_t count, chains::internal::Promise& waiter)
      : Leaf(waiter), probe_(probe), count_(count) {}
  bool await_ready() const { return probe_.arrived_ >= count_; }
  void await_suspend(std::coroutine_handle<>);
  void await_resume() const {}

 private:
  friend class Probe;
  void Abandon() noexcept override { Forget(); }
  void Run() override { Resume(); }

  Probe& probe_;
  const size_t count_;
};

// The same for any threads and any loops. It must outlive the threads that use it.
class SharedProbe {
 public:
  class Awaiter;
  class [[nodiscard]] Arrivals {
   public:
    Arrivals(SharedProbe& probe, size_t count) : probe_(probe), count_(count) {}
    Awaiter Bind(chains::internal::Promise& waiter) &&;

   private:
    SharedProbe& probe_;
    size_t count_;
  };

  void Arrive();
  size_t arrived() const;
  Arrivals AtLeast(size_t count) { return Arrivals(*this, count); }
  // For a thread without a loop, and for Blocking work.
  void BlockUntil(size_t count) const;

 private:
  struct Waiting {
    Loop& loop;
    const size_t count;
    Awaiter* awaiter;  // for the loop's thread; null once it is gone
  };

  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  size_t arrived_ = 0;                             // guarded by mutex_
  std::vector<std::shared_ptr<Waiting>> waiting_;  // guarded by mutex_
};

class SharedProbe::Awaiter final : public chains::internal::Leaf {
 public:
  Awaiter(SharedProbe& probe, size_t count, chains::internal::Promise& waiter)
      : Leaf(waiter), probe_(probe), count_(count) {}
  ~Awaiter() { Abandon(); }
  bool await_ready() const { return false; }
  bool await_suspend(std::coroutine_handle<>);
  void await_resume() const {}

 private:
  friend class SharedProbe;
  void Abandon() noexcept override;

  SharedProbe& probe_;
  const size_t count_;
  std::shared_ptr<Waiting> waiting_;
};

}  // namespace chains::testing
