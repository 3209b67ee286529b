// Gate: at most so many at a time; the others wait, in a queue with a bound.
//
//   Permit permit = co_await gate.Enter();   // or leaves with RESOURCE_EXHAUSTED
//
// Who matters more goes first (Context::priority), among equals who has the least time left, then
// who came first. When the queue is full a call that matters more takes the place of the last one,
// which is refused. Nobody is promoted for waiting: what matters less may wait until its deadline.
//
// For coroutines of one loop. A waiter that is dropped leaves the queue.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "absl/time/time.h"
#include "chains/core/gate_counters.h"
#include "chains/core/leaf.h"
#include "chains/core/loop.h"
#include "chains/core/pool.h"
#include "chains/core/task.h"
#include "chains/core/turn_over.h"

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
    GateCounters* counters = nullptr;  // outlives the gate; may be null
    // On trial: so many are let in at once although there is no place, and what would have become
    // of them is counted.
    size_t let_in_anyway = 0;
    // Whether it learns how long stays take, while somebody waits, for what follows. Who waits and
    // has less time left than that is refused with DEADLINE_EXCEEDED, before it costs anything; so
    // is who comes and would be too far back in the queue, with RESOURCE_EXHAUSTED.
    bool learns = false;
    // Told of what it learned; answers how many may be inside from now on. May be null.
    std::function<size_t(const Turn&)> adapt = nullptr;
    // Adds to a refusal when to come again (contract/push_back.h has one). May be null.
    absl::Status (*push_back)(absl::Status refusal, absl::Duration wait) = nullptr;
  };
  explicit Gate(Options options);
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

  // The same without a Permit: who was let in leaves. EnterPlace() is for who saw that there is
  // one, GiveUpPlace() for who saw that nobody waits.
  bool has_place() const { return inside_ < limit_ && waiting_ == 0; }
  void EnterPlace() { ++inside_; }
  bool TakePlace() {
    if (!has_place()) return false;
    EnterPlace();
    return true;
  }
  void GiveUpPlace() { --inside_; }
  void LeavePlace() {
    if (waiting_ > 0) {
      OneLeft();
    } else {
      GiveUpPlace();
    }
  }

  // From now on so many, at least 1, may be inside. With fewer than there are, nobody is sent out.
  void SetLimit(size_t limit);
  // How long a stay takes, until it learns better.
  void SetTypicalStay(absl::Duration stay) { turn_over_.Tell(stay); }

  size_t limit() const { return limit_; }
  size_t inside() const { return inside_; }
  size_t waiting() const { return waiting_; }
  // Zero: not known.
  absl::Duration TypicalStay(absl::Time now) const { return turn_over_.Stay(now); }

 private:
  struct Sooner {
    bool operator()(const EnterAwaiter* a, const EnterAwaiter* b) const;
  };
  using Queue = std::set<EnterAwaiter*, Sooner, internal::PoolAllocator<EnterAwaiter*>>;

  absl::Status Enqueue(EnterAwaiter& newcomer);
  // Why it is not worth queueing; OK: it is.
  absl::Status Foresee(const EnterAwaiter& newcomer, absl::Time now);
  absl::Status MakeRoomFor(const EnterAwaiter& newcomer, absl::Time now);
  void TakeOut(EnterAwaiter& waiter);
  bool LetInOnTrial(const Loop& loop);
  void OneLeft();
  void PassPlaceOn();
  void LetIn(EnterAwaiter& next);
  void Learn(absl::Time now);
  void Count(GateEvent event) {
    if (options_.counters != nullptr) options_.counters->Count(event);
  }
  void SetWaiting(size_t count) {
    waiting_ = count;
    if (options_.shown_waiting == nullptr) return;
    options_.shown_waiting->store(count, std::memory_order_relaxed);
  }
  // How long until `ahead` more have had their turn.
  absl::Duration WaitBehind(size_t ahead, absl::Duration stay) const;
  absl::Status Refusal(std::string why, absl::Time now) const;

  const Options options_;
  size_t limit_;
  size_t inside_ = 0;
  size_t waiting_ = 0;
  uint64_t came_ = 0;  // to the queue, so far
  TurnOver turn_over_;
  Queue queue_;
};

// What waits in the queue; once let in, it holds a place and is resumed by a Job.
class Gate::EnterAwaiter final : public internal::Leaf, public Loop::Job {
 public:
  EnterAwaiter(Gate& gate, internal::Promise& waiter) : Leaf(waiter), gate_(gate) {}
  ~EnterAwaiter() { Withdraw(); }
  bool await_ready() { return permitted_ = gate_.TakePlace() || gate_.LetInOnTrial(loop()); }
  std::coroutine_handle<> await_suspend(std::coroutine_handle<>);
  Permit await_resume() {
    permitted_ = false;
    return Permit(gate_);
  }

 private:
  friend class Gate;
  void Abandon() noexcept override { Withdraw(); }
  void Run() override;
  void Withdraw();

  // Both end the wait, in the loop's next turn.
  void LetIn();
  void Refuse(absl::Status why);

  Gate& gate_;
  bool permitted_ = false;
  bool queued_ = false;
  int priority_ = 0;
  absl::Time deadline_;
  uint64_t number_ = 0;
  absl::Time since_;  // when it came
  absl::Status refusal_;
  Queue::iterator place_;
};

inline Gate::EnterAwaiter Gate::Entry::Bind(internal::Promise& waiter) && {
  return EnterAwaiter(gate_, waiter);
}

}  // namespace chains
