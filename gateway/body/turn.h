// NextTurn: lets others of a loop run.
//
//   for (const Window& window : windows) {
//     Work(window);
//     co_await NextTurn();   // goes on after what was ready by now, and the sockets were looked at
//   }
#pragma once

#include <coroutine>
#include <utility>

#include "chains/core/leaf.h"
#include "chains/core/loop.h"

namespace chains::gateway {

class [[nodiscard]] NextTurn {
 public:
  class Awaiter final : public internal::Leaf, private Loop::Job {
   public:
    explicit Awaiter(internal::Promise& waiter) : Leaf(waiter) {}
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<>) {
      loop().Ready(*this);
      Suspended();
    }
    void await_resume() const noexcept {}

   private:
    void Abandon() noexcept override { Forget(); }
    void Run() override { Resume(); }
  };
  Awaiter Bind(internal::Promise& waiter) && { return Awaiter(waiter); }
};

}  // namespace chains::gateway
