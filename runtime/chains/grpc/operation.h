// Operation: one kind of gRPC operation of a call (its reads, its writes, its end).
//
//   void* tag = read_.Begin(shared_from_this());
//   stream_.Read(&received_.buffer(), tag);
//   …
//   const bool ok = co_await call->read_.Ended();
//
// What gRPC writes to lives in the call object, which the operation keeps alive until its tag comes
// back; a coroutine that waits may be dropped at any time.
#pragma once

#include <coroutine>
#include <memory>
#include <utility>

#include "chains/core/leaf.h"
#include "chains/grpc/reactor.h"

namespace chains::internal {

// At most one at a time. For the reactor's thread.
class Operation final : public Reactor::Tag {
 public:
  // What a call does about its operations.
  class Owner {
   public:
    // The tag came back. Who waits is resumed afterwards.
    virtual void Returned(Operation& operation, bool ok) = 0;
    // Who waited was dropped.
    virtual void Abandoned(Operation&) {}

   protected:
    ~Owner() = default;
  };

  explicit Operation(Owner& owner) : owner_(owner) {}
  Operation(const Operation&) = delete;

  // The tag for gRPC. `call` contains this Operation.
  void* Begin(std::shared_ptr<void> call) {
    call_ = std::move(call);
    Reactor::Tag* const tag = this;
    return tag;
  }
  bool running() const { return call_ != nullptr; }

  class Awaiter;
  // `co_await operation.Ended()`: true when the last one succeeded, or none was begun. At most one
  // coroutine waits.
  class [[nodiscard]] Ending {
   public:
    explicit Ending(Operation& operation) : operation_(operation) {}
    Awaiter Bind(Promise& waiter) &&;

   private:
    Operation& operation_;
  };
  Ending Ended() { return Ending(*this); }
  // The same for one that may not begin: false.
  Ending Refused() {
    if (!running()) ok_ = false;
    return Ending(*this);
  }

 private:
  void Complete(bool ok) override;

  Owner& owner_;
  std::shared_ptr<void> call_;  // while it runs
  Awaiter* waiter_ = nullptr;
  bool ok_ = true;
};

class Operation::Awaiter final : public Leaf {
 public:
  Awaiter(Operation& operation, Promise& waiter) : Leaf(waiter), operation_(operation) {}
  ~Awaiter() { Withdraw(); }
  bool await_ready() const { return !operation_.running(); }
  void await_suspend(std::coroutine_handle<>) {
    operation_.waiter_ = this;
    waits_ = true;
    Suspended();
  }
  bool await_resume() const { return operation_.ok_; }

 private:
  friend class Operation;
  void Abandon() noexcept override { Withdraw(); }
  void Withdraw() noexcept {
    if (!std::exchange(waits_, false)) return;
    operation_.waiter_ = nullptr;
    operation_.owner_.Abandoned(operation_);
  }
  void Return() {
    waits_ = false;
    Resume();
  }

  Operation& operation_;
  bool waits_ = false;
};

inline Operation::Awaiter Operation::Ending::Bind(Promise& waiter) && {
  return Awaiter(operation_, waiter);
}

inline void Operation::Complete(bool ok) {
  const std::shared_ptr<void> call = std::move(call_);
  ok_ = ok;
  owner_.Returned(*this, ok);
  if (Awaiter* const waiter = std::exchange(waiter_, nullptr)) waiter->Return();
}

}  // namespace chains::internal
