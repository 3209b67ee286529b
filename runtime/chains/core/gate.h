// Gate: at most so many at a time; the others wait in order, in a queue with a bound.
//
//   Permit permit = co_await gate.Enter();   // or leaves with RESOURCE_EXHAUSTED
//
// For coroutines of one loop. A waiter that is dropped leaves the queue.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <utility>

#include "chains/core/leaf.h"
#include "chains/core/loop.h"
#include "chains/core/task.h"

namespace chains {

class Gate;

// A place inside. Destroying it lets the next one in; the Gate must outlive it.
class [[nodiscard]] Permit {
 public:
  Permit() = default;
  explicit Permit(Gate& gate) : gate_(&gate) {}
  Permit(Permit&& other) noexcept : gate_(std::exchange(other.gate_, nullptr)) {}
  Permit& operator=(Permit&& other) noexcept {
    std::swap(gate_, other.gate_);
    return *this;
  }
  ~Permit();

 private:
  Gate* gate_ = nullptr;
};

class Gate {
 public:
  struct Options {
    std::string what;  // what is limited, and how to raise it: part of the refusal
    size_t limit = 1;  // inside at a time, at least 1
    size_t max_waiting = std::numeric_limits<size_t>::max();  // more are refused
    // Where any thread may see waiting(); outlives the gate. May be null.
    std::atomic<uint64_t>* shown_waiting = nullptr;
  };
  explicit Gate(Options options) : options_(std::move(options)) {}
  Gate(const Gate&) = delete;

  class EnterAwaiter;
  class [[nodiscard]] Entry {
   public:
    explicit Entry(Gate& gate) : gate_(gate) {}
    EnterAwaiter Bind(internal::Promise& waiter) &&;

   private:
    Gate& gate_;
  };
  Entry Enter() { return Entry(*this); }
  // A place when there is one at once, without a coroutine that waits.
  std::optional<Permit> TryEnter();

  // The same without a Permit: who was let in leaves.
  bool TakePlace() {
    if (inside_ >= options_.limit || waiting_ > 0) return false;
    if (++inside_ > max_inside_) max_inside_ = inside_;
    return true;
  }
  void LeavePlace() {
    if (waiting_ > 0) {
      LetNextIn();
    } else {
      --inside_;
    }
  }

  size_t inside() const { return inside_; }
  size_t waiting() const { return waiting_; }
  size_t max_inside() const { return max_inside_; }  // the most there ever were

 private:
  void LetNextIn();
  void SetWaiting(size_t count) {
    waiting_ = count;
    if (options_.shown_waiting == nullptr) return;
    options_.shown_waiting->store(count, std::memory_order_relaxed);
  }
  absl::Status Refusal() const;

  const Options options_;
  size_t inside_ = 0;
  size_t max_inside_ = 0;
  size_t waiting_ = 0;
  internal::IntrusiveList<Loop::Job> queue_;  // EnterAwaiters
};

// What waits in the queue; once let in, it holds a place and is resumed by a Job.
class Gate::EnterAwaiter final : public internal::Leaf, public Loop::Job {
 public:
  EnterAwaiter(Gate& gate, internal::Promise& waiter) : Leaf(waiter), gate_(gate) {}
  ~EnterAwaiter() { Withdraw(); }
  bool await_ready() { return permitted_ = gate_.TakePlace(); }
  std::coroutine_handle<> await_suspend(std::coroutine_handle<>);
  Permit await_resume() {
    permitted_ = false;
    return Permit(gate_);
  }

 private:
  friend class Gate;
  void Abandon() noexcept override { Withdraw(); }
  void Run() override { Resume(); }
  void Withdraw();

  Gate& gate_;
  bool permitted_ = false;
  bool queued_ = false;
};

inline Gate::EnterAwaiter Gate::Entry::Bind(internal::Promise& waiter) && {
  return EnterAwaiter(gate_, waiter);
}

}  // namespace chains
