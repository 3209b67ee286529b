// Feed: a stream that is read beside its reader, so that the reader can stop waiting for the next
// item, do something else, and wait on for the same item.
//
//   Feed<Bytes> feed(loop, context, channel.Streaming(method, std::move(requests)));
//   std::optional<Feed<Bytes>::Item> item = co_await feed.Next(loop.Now() + absl::Seconds(15));
//   if (!item) …          // 15 s have passed, and nothing was lost: call Next() again
//
// The producer runs only while an item is wanted, as with a Stream of one's own, and one item at
// most lies here. Its deadline is not shortened by how long the reader waits.
#pragma once

#include <optional>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "chains/core/context.h"
#include "chains/core/leaf.h"
#include "chains/core/loop.h"
#include "chains/core/notice.h"
#include "chains/core/root.h"
#include "chains/core/stream.h"
#include "chains/core/task.h"

namespace chains::gateway {

// For the loop's thread. Destroying it drops the producer.
template <typename T>
class Feed final : private Loop::Timer {
 public:
  // An item, nullopt at the end, or how the producer failed; the last two come once.
  using Item = absl::StatusOr<std::optional<T>>;

  // The producer runs under `context`, whose deadline is the reader's to enforce.
  Feed(Loop& loop, Context context, Stream<T> stream)
      : loop_(loop),
        pump_(loop, std::move(context), Pump(*this, std::move(stream)), [](auto&&) {}) {}

  class Awaiter final : public internal::Leaf, public Loop::Job {
   public:
    Awaiter(Feed& feed, absl::Time until, internal::Promise& waiter)
        : Leaf(waiter), feed_(feed), until_(until) {}
    ~Awaiter() { Leave(); }
    bool await_ready() const { return feed_.item_.has_value(); }
    void await_suspend(std::coroutine_handle<>) {
      feed_.reader_ = this;
      feed_.loop_.Arm(feed_, until_);
      Suspended();
      feed_.Ask();
    }
    std::optional<Item> await_resume() { return std::exchange(feed_.item_, std::nullopt); }

   private:
    friend class Feed;
    void Abandon() noexcept override {
      Loop::Job::Forget();
      Leave();
    }
    void Run() override { Resume(); }
    void Leave() {
      if (feed_.reader_ == this) feed_.StopWaiting();
    }
    void GoOn() { Resume(); }

    Feed& feed_;
    const absl::Time until_;
  };
  class [[nodiscard]] Waiting {
   public:
    Waiting(Feed& feed, absl::Time until) : feed_(feed), until_(until) {}
    Awaiter Bind(internal::Promise& waiter) && { return Awaiter(feed_, until_, waiter); }

   private:
    Feed& feed_;
    const absl::Time until_;
  };

  // `co_await feed.Next(until)`: std::optional<Item>, nullopt when `until` came first. One
  // coroutine at a time.
  Waiting Next(absl::Time until) { return Waiting(*this, until); }

 private:
  // The reader wants an item; no item is here.
  void Ask() {
    if (std::exchange(wanted_, true)) return;
    if (std::exchange(started_, true)) {
      asked_.Give();
    } else {
      pump_.Start();
    }
  }
  Awaiter* StopWaiting() {
    Disarm();
    return std::exchange(reader_, nullptr);
  }
  void Fire() override {
    if (Awaiter* const reader = StopWaiting()) reader->GoOn();
  }
  void Came(Item item) {
    item_.emplace(std::move(item));
    wanted_ = false;
    if (Awaiter* const reader = StopWaiting()) loop_.Ready(*reader);
  }

  static Task<void> Pump(Feed& feed, Stream<T> stream) {
    while (true) {
      Item item = co_await Outcome(stream.Next());
      const bool goes_on = item.ok() && item->has_value();
      feed.Came(std::move(item));
      if (!goes_on) co_return;
      while (!feed.wanted_) co_await feed.asked_.Wait();
    }
  }

  Loop& loop_;
  std::optional<Item> item_;
  bool wanted_ = false;
  bool started_ = false;
  Notice asked_;
  Awaiter* reader_ = nullptr;  // while it waits
  internal::Root<void> pump_;
};

}  // namespace chains::gateway
