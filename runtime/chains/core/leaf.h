// Leaf: where a chain of awaiting coroutines ends: a wait for a call, a timer, a queue, a thread.
// Implementation detail of what can be awaited.
#pragma once

#include <coroutine>
#include <utility>

#include "absl/status/status.h"
#include "chains/core/intrusive_list.h"
#include "chains/core/promise.h"

namespace chains::internal {

// An awaiter derives from it, calls Suspended() when it starts to wait and Resume() or Fail() at
// most once, from a Job, a Timer or a completion: never from inside another coroutine. Its
// destructor must undo the wait as Abandon() does.
class Leaf : public ListNode {
 public:
  explicit Leaf(Promise& waiter) : waiter_(waiter) {}

  // Stops waiting and forgets the coroutine, which will be destroyed later without running.
  virtual void Abandon() noexcept = 0;

  // Abandons every leaf of the tree below `root`.
  static void AbandonBelow(Promise& root);

 protected:
  ~Leaf() = default;

  void Suspended();
  void Resume() {
    Unlink();
    waiter_.handle().resume();
  }
  void Fail(absl::Status status) {
    Unlink();
    waiter_.Fail(std::move(status)).resume();
  }
  Promise& waiter() const { return waiter_; }
  Loop& loop() const { return *waiter_.loop(); }

 private:
  Promise& waiter_;
};

}  // namespace chains::internal
