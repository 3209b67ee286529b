// Signal: something that coroutines wait for, as often as it happens.
//
//   while (!deployment.awake()) co_await changed.Next();
//
// Who waits is resumed in the loop's next turn, in the order of waiting, and looks again.
#pragma once

#include <coroutine>

#include "chains/core/intrusive_list.h"
#include "chains/core/leaf.h"
#include "chains/core/loop.h"

namespace chains::gateway {

// For one loop's coroutines; it outlives their waits.
class Signal {
 public:
  Signal() = default;
  Signal(const Signal&) = delete;
  Signal& operator=(const Signal&) = delete;

  class Awaiter final : public internal::Leaf, public Loop::Job {
   public:
    Awaiter(Signal& signal, internal::Promise& waiter) : Leaf(waiter), signal_(signal) {}
    bool await_ready() const { return false; }
    void await_suspend(std::coroutine_handle<>) {
      signal_.waiting_.PushBack(static_cast<Loop::Job&>(*this));
      Suspended();
    }
    void await_resume() const {}

   private:
    friend class Signal;
    void Abandon() noexcept override { Forget(); }
    void Run() override { Resume(); }
    void MakeReady() { loop().Ready(*this); }

    Signal& signal_;
  };
  class [[nodiscard]] NextTime {
   public:
    explicit NextTime(Signal& signal) : signal_(signal) {}
    Awaiter Bind(internal::Promise& waiter) && { return Awaiter(signal_, waiter); }

   private:
    Signal& signal_;
  };

  // `co_await signal.Next()`: goes on when it happens.
  NextTime Next() { return NextTime(*this); }
  // It happens, for all who wait now.
  void Happens() {
    while (Loop::Job* const job = waiting_.PopFront()) static_cast<Awaiter*>(job)->MakeReady();
  }

 private:
  internal::IntrusiveList<Loop::Job> waiting_;  // Awaiters
};

}  // namespace chains::gateway
