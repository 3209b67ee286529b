// Promise: what every coroutine of this library has in common. Implementation detail of Task and
// Stream; users see it only in compiler messages.
#pragma once

#include <array>
#include <coroutine>
#include <cstdint>
#include <string_view>
#include <type_traits>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "chains/core/context.h"
#include "chains/core/pool.h"

namespace chains {

class Loop;

namespace internal {

class Passage;
class Promise;

// Who is told when a coroutine finishes, or yields. Answers what to resume next.
class Continuation {
 public:
  virtual std::coroutine_handle<> Done(const absl::Status& status) noexcept = 0;

 protected:
  ~Continuation() = default;
};

// Coroutine frames of one request form a tree by their promises: a child's parent is the coroutine
// that awaits it. A *pin* on a promise says that another thread may use frames below it.
class Promise : public PooledFrame {
 public:
  Promise() = default;
  Promise(const Promise&) = delete;
  Promise& operator=(const Promise&) = delete;

  // Finishes this coroutine with `status` where it is suspended; returns what to resume next. Its
  // frame lives on until its owner destroys it.
  virtual std::coroutine_handle<> Fail(absl::Status status) noexcept = 0;
  std::coroutine_handle<> handle() const noexcept { return handle_; }

  // After Start(): what to resume, so that it runs.
  std::coroutine_handle<> Begin() noexcept { return handle_ ? handle_ : BeginBare(); }
  // Ends it where it stands; by its owner.
  void Destroy() noexcept {
    if (handle_) {
      handle_.destroy();
    } else {
      DropBare();
    }
  }

  void Start(Promise* parent, const Context& context, Loop& loop, Continuation& continuation) {
    parent_ = parent;
    context_ = &context;
    loop_ = &loop;
    continuation_ = &continuation;
  }
  // Tells the continuation.
  std::coroutine_handle<> Finish(const absl::Status& status) noexcept {
    return continuation_->Done(status);
  }

  // ---- The passages of a call: entered before it first runs, left when it has ended. They have no
  // frames of their own, because one costs a call as much as all else that an edge does.

  // Makes, of a call that a passage did not let in, the task that goes through it the long way:
  // takes over `call`, and is taken over itself.
  using MakeDetour = Promise& (*)(Promise& call, Passage& passage);
  static constexpr int kMaxPassages = 2;  // the ends of one edge

  // This call goes through `passage` first, then through those that were added before. False when
  // there are too many. `make_detour` is the same for all.
  bool AddPassage(Passage& passage, MakeDetour make_detour) {
    if (passage_count_ == kMaxPassages) return false;
    passages_[passage_count_++] = &passage;
    make_detour_ = make_detour;
    return true;
  }
  // The same for both ends of an edge at once; false, and neither was added, when it has any.
  bool AddPassages(Passage& outer, Passage& inner, MakeDetour make_detour) {
    if (passage_count_ != 0) return false;
    passages_ = {&inner, &outer};
    passage_count_ = 2;
    make_detour_ = make_detour;
    return true;
  }
  bool has_passages() const { return passage_count_ != 0; }
  // This coroutine is the long way through `passage`, which outlives it.
  void StandsFor(Passage& passage) {
    if (passage_count_ == kMaxPassages) return;
    passages_[kMaxPassages - 1] = &passage;
    stands_for_ = true;
  }
  // For which chainlet of this process it runs, its full name: that of the innermost call that it
  // is part of. Empty: none.
  std::string_view ServedChainlet() const;
  // After Start(): goes through them. Returns who is to run: this, or who took this over.
  Promise& GoThrough();

  const Context* context() const { return context_; }
  Loop* loop() const { return loop_; }
  Promise* parent() const { return parent_; }

  // A pinned tree whose owner let go of it: its code does not run again.
  bool orphaned() const { return orphaned_; }
  bool pinned() const { return pins_ > 0; }
  void Pin();
  // Returns the root of the tree that this coroutine is part of.
  Promise& Unpin();
  // Takes a pinned tree out of its parent's; after its last Unpin it is to be destroyed.
  void Orphan();

  // The exception that is being handled: INTERNAL, or RESOURCE_EXHAUSTED where memory was.
  static absl::Status FromException() noexcept;

  std::suspend_always initial_suspend() noexcept { return {}; }

  // Everything that a coroutine of this library may co_await.
  auto await_transform(absl::Status status) noexcept;
  template <typename T>
  auto await_transform(absl::StatusOr<T>&& value) noexcept;
  template <typename T>
  auto await_transform(const absl::StatusOr<T>& value) noexcept;
  template <typename Awaitable>
  requires requires(Awaitable&& a, Promise& p) { std::forward<Awaitable>(a).Bind(p); }
  auto await_transform(Awaitable&& awaitable) {
    return std::forward<Awaitable>(awaitable).Bind(*this);
  }

 protected:
  ~Promise() {
    if (inside_ != 0) LeaveWith(absl::StatusCode::kCancelled);
  }
  // First of all: the coroutine that this is the promise of. As data, because a call asks a dozen
  // times and each virtual call would take a line of the instruction cache.
  void Of(std::coroutine_handle<> coroutine) noexcept { handle_ = coroutine; }
  // Whether it went through passages that it has not left.
  bool inside() const { return inside_ != 0; }
  void LeaveWith(absl::StatusCode code) noexcept;
  // With OK.
  void LeaveWell() noexcept;
  // The same for a failure; each passage describes it.
  void LeaveWith(absl::Status& failure) noexcept;

 private:
  Promise& GoThroughEach();
  Promise& TakeDetour(Passage& passage);
  // Of a BareTask, which no coroutine belongs to.
  virtual std::coroutine_handle<> BeginBare() noexcept { return std::noop_coroutine(); }
  virtual void DropBare() noexcept {}

  std::coroutine_handle<> handle_;
  Promise* parent_ = nullptr;
  const Context* context_ = nullptr;
  Loop* loop_ = nullptr;
  Continuation* continuation_ = nullptr;
  int pins_ = 0;
  bool orphaned_ = false;
  // Passages are entered from the last to the first; `inside_` counts those that were.
  uint8_t passage_count_ = 0;
  uint8_t inside_ = 0;
  bool stands_for_ = false;  // for the last of passages_
  std::array<Passage*, kMaxPassages> passages_;
  MakeDetour make_detour_;
};

// Lets go of a suspended coroutine: destroys its frame now, or when its last pin is gone.
inline void Drop(Promise& promise) {
  if (promise.pinned()) {
    promise.Orphan();
  } else {
    promise.Destroy();
  }
}

// `co_await status`: goes on when it is OK, else leaves the coroutine with it.
class StatusAwaiter {
 public:
  StatusAwaiter(Promise& self, absl::Status status) : self_(self), status_(std::move(status)) {}
  bool await_ready() const noexcept { return status_.ok(); }
  std::coroutine_handle<> await_suspend(std::coroutine_handle<>) noexcept {
    return self_.Fail(std::move(status_));
  }
  void await_resume() noexcept {}

 private:
  Promise& self_;
  absl::Status status_;
};

// `co_await status_or`: its value, or leaves the coroutine with its status. `Given` is a reference
// to what lives until the end of the expression.
template <typename T, typename Given>
class StatusOrAwaiter {
 public:
  StatusOrAwaiter(Promise& self, Given value) : self_(self), value_(static_cast<Given>(value)) {}
  bool await_ready() const noexcept { return value_.ok(); }
  std::coroutine_handle<> await_suspend(std::coroutine_handle<>) noexcept {
    return self_.Fail(value_.status());
  }
  T await_resume() noexcept { return *static_cast<Given>(value_); }

 private:
  Promise& self_;
  Given value_;
};

inline auto Promise::await_transform(absl::Status status) noexcept {
  return StatusAwaiter(*this, std::move(status));
}
template <typename T>
auto Promise::await_transform(absl::StatusOr<T>&& value) noexcept {
  return StatusOrAwaiter<T, absl::StatusOr<T>&&>(*this, std::move(value));
}
template <typename T>
auto Promise::await_transform(const absl::StatusOr<T>& value) noexcept {
  return StatusOrAwaiter<T, const absl::StatusOr<T>&>(*this, value);
}

// g++ 12 destroys aggregate temporaries of a co_await expression twice; an aggregate that owns
// something is therefore no argument of a coroutine.
template <typename Argument>
inline constexpr bool kMayBeArgument =
    std::is_reference_v<Argument> || !std::is_aggregate_v<Argument> ||
    std::is_trivially_destructible_v<Argument>;

template <typename PromiseType, typename... Arguments>
struct CheckedCoroutine {
  static_assert((kMayBeArgument<Arguments> && ...),
                "chains: a coroutine takes no aggregate that owns something by value (g++ 12 would "
                "destroy a temporary of it twice): give the type a constructor, or pass its parts");
  using promise_type = PromiseType;
};

}  // namespace internal
}  // namespace chains
