// Stream<T>: a coroutine that yields Ts one by one, then ends, or fails with an absl::Status.
//
//   chains::Stream<Token> Generate(Prompt prompt) {
//     for (const std::string& word : Words(prompt)) co_yield MakeToken(word);
//   }
//
//   while (std::optional<Token> token = co_await tokens.Next()) Use(*token);
//
// The producer runs only while the consumer waits in Next(), so a slow consumer slows the producer.
// When the producer fails, the consumer fails with the same status at its Next(), or sees it with
// `co_await Outcome(tokens.Next())`. Dropping a Stream stops the producer, as task.h says; so does
// dropping the coroutine that waits in Next(), wherever the Stream is: further ones fail CANCELLED.
#pragma once

#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

#include "absl/utility/utility.h"
#include "chains/core/reading.h"
#include "chains/core/task.h"

namespace chains {

template <typename T>
class Stream;

namespace internal {

// Has items for a stream while its own coroutine is not resumed: core/pass_on.h.
class StandIn {
 public:
  // The consumer waits for the next item: what to resume.
  virtual std::coroutine_handle<> GoOn() noexcept = 0;

 protected:
  ~StandIn() = default;
};

template <typename T>
class StreamPromise final : public StreamPromiseBase {
 public:
  Stream<T> get_return_object() noexcept;

  class Pause {
   public:
    explicit Pause(StreamPromise& self) : self_(self) {}
    bool await_ready() const noexcept { return false; }
    std::coroutine_handle<> await_suspend(std::coroutine_handle<>) noexcept {
      return self_.Finish(self_.status_);
    }
    void await_resume() noexcept {}

   private:
    StreamPromise& self_;
  };
  // What is yielded stays where it is, in this frame, until the consumer takes it.
  Pause yield_value(T&& item) noexcept {
    item_ = std::addressof(item);
    return Pause(*this);
  }
  Pause yield_value(const T& item) {
    copy_.emplace(item);
    return yield_value(*std::move(copy_));
  }
  Pause final_suspend() noexcept {
    ended_ = true;
    return Pause(*this);
  }
  void return_void() noexcept {}
  void unhandled_exception() noexcept { status_ = FromException(); }
  std::coroutine_handle<> Fail(absl::Status status) noexcept override {
    ended_ = true;
    status_ = std::move(status);
    return Finish(status_);
  }

  // After Start(): what to resume for the next item.
  std::coroutine_handle<> GoOn() noexcept {
    return stand_in_ == nullptr ? handle() : stand_in_->GoOn();
  }
  // Null: none any more.
  void SetStandIn(StandIn* stand_in) { stand_in_ = stand_in; }
  // From the stand-in: here is an item, as if it had been yielded. Returns what to resume.
  std::coroutine_handle<> Yield(T* item) noexcept {
    item_ = item;
    return Finish(status_);
  }

  bool ended() const { return ended_; }
  const absl::Status& status() const { return status_; }
  // The item, moved once, or nothing where there is none. `in` is what a Result that is not an
  // optional, but holds one, needs to construct it in place.
  template <typename Result, typename... In>
  Result TakeItem(In... in) {
    T* const item = std::exchange(item_, nullptr);
    return item != nullptr ? Result(in..., std::in_place, std::move(*item)) : Result(in...);
  }

  // The item where it is, until the next one is asked for; null where there is none.
  T* ItemInPlace() { return std::exchange(item_, nullptr); }

 private:
  T* item_ = nullptr;
  StandIn* stand_in_ = nullptr;
  std::optional<T> copy_;
  absl::Status status_;
  bool ended_ = false;
};

// Waits for the next item. kFails: the consumer fails when the producer did. `Item` is an optional,
// or a pointer to the item where it is.
enum class OnFailure { kFails, kYieldsStatus };
template <typename T, OnFailure kOnFailure, typename Item = std::optional<T>>
class NextAwaiter final : private Continuation {
 public:
  NextAwaiter(StreamPromise<T>* producer, Promise& consumer)
      : producer_(producer), consumer_(consumer) {}
  bool await_ready() const noexcept { return false; }
  std::coroutine_handle<> await_suspend(std::coroutine_handle<>) noexcept {
    if (producer_ != nullptr && producer_->ended()) return GoOn(producer_->status());
    refusal_ = reading_.Begin(producer_);
    if (!refusal_.ok()) return GoOn(refusal_);
    producer_->Start(&consumer_, *consumer_.context(), *consumer_.loop(), *this);
    return producer_->GoOn();
  }
  auto await_resume() {
    if constexpr (std::is_pointer_v<Item>) {
      return producer_->ItemInPlace();
    } else if constexpr (kOnFailure == OnFailure::kFails) {
      return producer_->template TakeItem<std::optional<T>>();
    } else {
      using Result = absl::StatusOr<std::optional<T>>;
      if (!refusal_.ok()) return Result(refusal_);
      if (!producer_->status().ok()) return Result(producer_->status());
      return producer_->template TakeItem<Result>(absl::in_place);
    }
  }

 private:
  std::coroutine_handle<> Done(const absl::Status& status) noexcept override {
    reading_.End();
    return GoOn(status);
  }
  std::coroutine_handle<> GoOn(const absl::Status& status) noexcept {
    const bool fails = kOnFailure == OnFailure::kFails && !status.ok();
    return fails ? consumer_.Fail(status) : consumer_.handle();
  }

  StreamPromise<T>* const producer_;
  Promise& consumer_;
  Reading reading_;
  absl::Status refusal_;
};

}  // namespace internal

// What Stream<T>::Next() returns: await it at once.
template <typename T, internal::OnFailure kOnFailure = internal::OnFailure::kFails>
class [[nodiscard]] NextItem {
 public:
  explicit NextItem(internal::StreamPromise<T>* producer) : producer_(producer) {}
  internal::NextAwaiter<T, kOnFailure> Bind(internal::Promise& consumer) && {
    return internal::NextAwaiter<T, kOnFailure>(producer_, consumer);
  }
  internal::StreamPromise<T>* producer() const { return producer_; }

 private:
  internal::StreamPromise<T>* producer_;
};

template <typename T>
class [[nodiscard]] Stream : private internal::StreamOwner {
 public:
  using promise_type = internal::StreamPromise<T>;
  using value_type = T;

  Stream(Stream&& other) noexcept = default;
  Stream& operator=(Stream&& other) noexcept {
    Swap(other);
    return *this;
  }

  // `co_await stream.Next()`: the next item, or nullopt at the end. One coroutine at a time; the
  // Stream must live until then. After the end, or a failure, every further Next() says the same.
  NextItem<T> Next() { return NextItem<T>(static_cast<promise_type*>(producer())); }

 private:
  friend promise_type;
  explicit Stream(promise_type* promise) : StreamOwner(promise) {}
};

// `co_await Outcome(stream.Next())`: absl::StatusOr<std::optional<T>>.
template <typename T>
NextItem<T, internal::OnFailure::kYieldsStatus> Outcome(NextItem<T> next) {
  return NextItem<T, internal::OnFailure::kYieldsStatus>(next.producer());
}

namespace internal {

// `co_await InPlace(stream.Next())`: a pointer to the item, where it is until the next Next(); null
// at the end. For who only looks at it: a message costs 70 instructions a move.
template <typename T>
class [[nodiscard]] InPlace {
 public:
  explicit InPlace(NextItem<T> next) : producer_(next.producer()) {}
  NextAwaiter<T, OnFailure::kFails, T*> Bind(Promise& consumer) && {
    return NextAwaiter<T, OnFailure::kFails, T*>(producer_, consumer);
  }

 private:
  StreamPromise<T>* producer_;
};

template <typename T>
Stream<T> StreamPromise<T>::get_return_object() noexcept {
  Of(std::coroutine_handle<StreamPromise>::from_promise(*this));
  return Stream<T>(this);
}

}  // namespace internal

}  // namespace chains

template <typename T, typename... Arguments>
struct std::coroutine_traits<chains::Stream<T>, Arguments...>
    : chains::internal::CheckedCoroutine<chains::internal::StreamPromise<T>, Arguments...> {};
