// Bell: a coroutine waits until it is rung, or for a while.
//
//   co_await bell.RungWithin(absl::Seconds(1));   // elsewhere on the loop: bell.Ring();
//
// For coroutines of one loop, of which one waits at a time.
#pragma once

#include <coroutine>
#include <utility>

#include "absl/time/time.h"
#include "chains/core/leaf.h"
#include "chains/core/loop.h"
#include "chains/core/task.h"

namespace chains {

class Bell {
 public:
  Bell() = default;
  Bell(const Bell&) = delete;

  // Whoever waits goes on, in the loop's next turn; when nobody does, who waits next does not wait.
  void Ring();

  class Awaiter;
  class [[nodiscard]] Wait {
   public:
    Wait(Bell& bell, absl::Duration timeout) : bell_(bell), timeout_(timeout) {}
    Awaiter Bind(internal::Promise& waiter) &&;

   private:
    Bell& bell_;
    const absl::Duration timeout_;
  };
  Wait RungWithin(absl::Duration timeout) { return Wait(*this, timeout); }

 private:
  Awaiter* waiting_ = nullptr;
  bool rung_ = false;
};

class Bell::Awaiter final : public internal::Leaf, public Loop::Job, private Loop::Timer {
 public:
  Awaiter(Bell& bell, absl::Duration timeout, internal::Promise& waiter)
      : Leaf(waiter), bell_(bell), timeout_(timeout) {}
  ~Awaiter() override { Withdraw(); }
  bool await_ready() { return std::exchange(bell_.rung_, false); }
  void await_suspend(std::coroutine_handle<>) {
    bell_.waiting_ = this;
    loop().Arm(*this, loop().Now() + timeout_);
    Suspended();
  }
  void await_resume() const noexcept {}

 private:
  friend class Bell;
  void Abandon() noexcept override { Withdraw(); }
  void Run() override { GoOn(); }
  void Fire() override { GoOn(); }
  void GoOn() {
    Withdraw();
    Resume();
  }
  void Withdraw() {
    if (bell_.waiting_ == this) bell_.waiting_ = nullptr;
    Forget();
    Disarm();
  }

  Bell& bell_;
  const absl::Duration timeout_;
};

inline void Bell::Ring() {
  if (waiting_ == nullptr) {
    rung_ = true;
  } else {
    waiting_->loop().Ready(*waiting_);
  }
}
inline Bell::Awaiter Bell::Wait::Bind(internal::Promise& waiter) && {
  return Awaiter(bell_, timeout_, waiter);
}

}  // namespace chains
