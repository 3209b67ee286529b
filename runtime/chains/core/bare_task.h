// BareTask: a Task that is no coroutine but something else that ends: a call over gRPC. It is one
// object where a coroutine around it would make two, and is begun and ended without a resumption.
// Implementation detail of what makes such tasks.
#pragma once

#include <coroutine>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "chains/core/leaf.h"
#include "chains/core/task.h"

namespace chains::internal {

// For one loop's thread.
template <typename T>
class BareTask : public TaskPromiseBase<T> {
 protected:
  BareTask() : wait_(*this) {}
  ~BareTask() = default;

  // Once. Who drops the task has DropTask() called, once.
  Task<T> AsTask() { return Task<T>::Adopt(*this); }

  // The task is awaited: begins under context(), on loop(). A failure is its outcome.
  virtual absl::Status BeginWork() noexcept = 0;
  // From a completion, never from inside a coroutine: the work has ended. Not when nobody waits any
  // more; may destroy this.
  void EndWork(absl::StatusOr<T> outcome) {
    wait_.Unlink();
    this->outcome_.emplace(std::move(outcome));
    this->End().resume();
  }
  bool awaited() const { return wait_.linked(); }

  // Nobody waits any more, but the task is there yet.
  virtual void AbandonWork() noexcept = 0;
  // The task is gone, whether it was awaited or not; may destroy this.
  virtual void DropTask() noexcept = 0;

 private:
  class Wait final : public Leaf {
   public:
    explicit Wait(BareTask& task) : Leaf(task), task_(task) {}
    void Begin() { Suspended(); }

   private:
    void Abandon() noexcept override { task_.AbandonWork(); }
    BareTask& task_;
  };

  std::coroutine_handle<> BeginBare() noexcept final {
    absl::Status begun = BeginWork();
    if (begun.ok()) {
      wait_.Begin();
      return std::noop_coroutine();
    }
    this->outcome_.emplace(std::move(begun));
    return this->End();
  }
  void DropBare() noexcept final {
    wait_.Unlink();
    DropTask();
  }

  Wait wait_;
};

}  // namespace chains::internal
