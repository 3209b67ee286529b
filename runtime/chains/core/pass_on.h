// PassOn: a stream that yields another's items as they are. Implementation detail of contract/.
//
//   Stream<T> Guarded(Stream<T> items) {
//     …
//     co_await PassOn(items, context);
//     std::optional<T> next = co_await items.Next();   // there is none, or why PassOn ended
//
// Its coroutine is not resumed for an item, which stays where the first producer yielded it: at the
// end of an edge that was 231 of the 1,050 instructions that an item took more than by hand.
#pragma once

#include <coroutine>

#include "chains/core/stream.h"

namespace chains::internal {

template <typename T>
class PassOnAwaiter final : private StandIn, private Continuation {
 public:
  PassOnAwaiter(Stream<T>& stream, const Context& context) : stream_(stream), context_(context) {}
  bool await_ready() const noexcept { return false; }
  std::coroutine_handle<> await_suspend(std::coroutine_handle<StreamPromise<T>> self) noexcept {
    self_ = &self.promise();
    self_->SetStandIn(this);
    return GoOn();
  }
  void await_resume() const noexcept {}

 private:
  std::coroutine_handle<> GoOn() noexcept override {
    producer_ = stream_.Next().producer();
    const bool enforced = context_.deadline() >= self_->context()->deadline();
    const bool more = enforced && producer_ != nullptr && !producer_->ended();
    if (!more || !reading_.Begin(producer_).ok()) return End();
    producer_->Start(self_, context_, *self_->loop(), *this);
    return producer_->GoOn();
  }
  std::coroutine_handle<> Done(const absl::Status&) noexcept override {
    reading_.End();
    return producer_->ended() ? End() : self_->Yield(producer_->ItemInPlace());
  }
  std::coroutine_handle<> End() noexcept {
    self_->SetStandIn(nullptr);
    return self_->handle();
  }

  Stream<T>& stream_;
  const Context& context_;
  StreamPromise<T>* self_ = nullptr;
  StreamPromise<T>* producer_ = nullptr;  // of the item that is waited for
  Reading reading_;
};

// `co_await PassOn(stream, context)`, in a coroutine that is itself a Stream<T>: yields the items
// of `stream`, which runs under `context`. It goes on where that ends: when the stream ended,
// failed or was dropped, and when the context has an earlier deadline than the consumer's, which
// nobody enforces here. Next() says which. Both outlive the wait.
template <typename T>
class [[nodiscard]] PassOn {
 public:
  PassOn(Stream<T>& stream, const Context& context) : stream_(stream), context_(context) {}
  PassOnAwaiter<T> Bind(Promise&) && { return PassOnAwaiter<T>(stream_, context_); }

 private:
  Stream<T>& stream_;
  const Context& context_;
};

}  // namespace chains::internal
