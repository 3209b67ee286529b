// Notice: coroutines of one loop wait until something has changed.
//
//   while (!ready_) co_await notice_.Wait();      // who waits looks again for itself
//   …
//   ready_ = true;
//   notice_.Give();
#pragma once

#include "chains/core/leaf.h"
#include "chains/core/loop.h"

namespace chains {

// For one loop's thread. It outlives who waits; a waiter that is dropped leaves. Who does not wait
// at the time of a Give() does not learn of it: look first, then wait, without an await in between.
class Notice {
 public:
  Notice() = default;
  Notice(const Notice&) = delete;

  class Awaiter final : public internal::Leaf, public Loop::Job {
   public:
    Awaiter(Notice& notice, internal::Promise& waiter) : Leaf(waiter), notice_(notice) {}
    bool await_ready() const { return false; }
    void await_suspend(std::coroutine_handle<>) {
      notice_.waiters_.PushBack(static_cast<Loop::Job&>(*this));
      Suspended();
    }
    void await_resume() const {}

   private:
    friend class Notice;
    void Abandon() noexcept override { Forget(); }
    void Run() override { Resume(); }
    void MakeReady() { loop().Ready(*this); }

    Notice& notice_;
  };
  class [[nodiscard]] Waiting {
   public:
    explicit Waiting(Notice& notice) : notice_(notice) {}
    Awaiter Bind(internal::Promise& waiter) && { return Awaiter(notice_, waiter); }

   private:
    Notice& notice_;
  };

  // `co_await notice.Wait()`: until the next Give().
  Waiting Wait() { return Waiting(*this); }
  // All who wait go on, after what runs now.
  void Give() {
    while (Loop::Job* job = waiters_.PopFront()) static_cast<Awaiter*>(job)->MakeReady();
  }

 private:
  internal::IntrusiveList<Loop::Job> waiters_;  // Awaiters
};

}  // namespace chains
