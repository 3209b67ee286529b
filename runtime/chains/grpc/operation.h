// Operation: one kind of gRPC operation of a call (its reads, its writes, its end).
//
//   stream_.Read(&received_.buffer(), read_.Begin());
//   …
//   const bool ok = co_await call->read_.Ended();
//
// What gRPC writes to lives in the call object, which the operation keeps alive until its tag comes
// back; a coroutine that waits may be dropped at any time.
#pragma once

#include <coroutine>
#include <utility>

#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <boost/smart_ptr/intrusive_ref_counter.hpp>

#include "chains/core/leaf.h"
#include "chains/core/pool.h"
#include "chains/grpc/reactor.h"

namespace chains::internal {

// At most one at a time. For the reactor's thread.
class Operation final : public Reactor::Tag {
 public:
  // A call: it contains its operations, and lives until the last Held<> of it is gone. The count
  // takes no bus lock, because a call has one thread: with four operations that would be twenty.
  class Owner : public PooledFrame,
                public boost::intrusive_ref_counter<Owner, boost::thread_unsafe_counter> {
   public:
    virtual ~Owner() = default;

   private:
    friend class Operation;
    // The tag came back. Who waits is resumed afterwards.
    virtual void Returned(Operation& operation, bool ok) = 0;
    // Who waited was dropped.
    virtual void Abandoned(Operation&) {}
  };

  explicit Operation(Owner& owner) : owner_(owner) {}
  Operation(const Operation&) = delete;

  // The tag for gRPC.
  void* Begin() {
    held_ = &owner_;
    Reactor::Tag* const tag = this;
    return tag;
  }
  bool running() const { return held_ != nullptr; }

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
  boost::intrusive_ptr<Owner> held_;  // while it runs
  Awaiter* waiter_ = nullptr;
  bool ok_ = true;
};

// To a call, from who uses it and from its operations; on the reactor's thread.
template <typename Call>
using Held = boost::intrusive_ptr<Call>;

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
  const boost::intrusive_ptr<Owner> call = std::move(held_);
  ok_ = ok;
  owner_.Returned(*this, ok);
  if (Awaiter* const waiter = std::exchange(waiter_, nullptr)) waiter->Return();
}

}  // namespace chains::internal
