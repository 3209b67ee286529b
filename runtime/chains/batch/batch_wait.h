// BatchWait: where the frame of a call waits for its batch. Implementation detail of batcher.h.
#pragma once

#include <coroutine>
#include <memory>
#include <utility>

#include "absl/time/time.h"
#include "chains/batch/batch_queue.h"
#include "chains/core/leaf.h"
#include "chains/core/loop.h"

namespace chains::internal {

// Where a coroutine waits for its member's outcome. A failure leaves it.
class BatchWait final : public Leaf, public Loop::Job, private Loop::Timer {
 public:
  BatchWait(BatchQueue& queue, std::shared_ptr<BatchMember> member, Promise& waiter)
      : Leaf(waiter), queue_(queue), member_(std::move(member)) {}
  ~BatchWait() override { Withdraw(); }
  bool await_ready() const noexcept { return false; }
  std::coroutine_handle<> await_suspend(std::coroutine_handle<>);
  void await_resume() const noexcept {}

 private:
  friend class BatchQueue;
  void Abandon() noexcept override { Withdraw(); }
  void Run() override;
  void Fire() override { queue_.LookAgain(*member_, loop().Now()); }
  void Withdraw() noexcept;
  void LookAt(absl::Time when) {
    if (when < absl::InfiniteFuture()) loop().Arm(*this, when);
  }
  // It has its outcome.
  void Wake();
  void NoteBatch();

  BatchQueue& queue_;
  const std::shared_ptr<BatchMember> member_;
};

// `co_await WaitInBatch(queue, member)`; both are the awaiting coroutine's own.
class [[nodiscard]] WaitInBatch {
 public:
  WaitInBatch(BatchQueue& queue, const std::shared_ptr<BatchMember>& member)
      : queue_(queue), member_(member) {}
  BatchWait Bind(Promise& waiter) && { return BatchWait(queue_, member_, waiter); }

 private:
  BatchQueue& queue_;
  const std::shared_ptr<BatchMember>& member_;
};

}  // namespace chains::internal
