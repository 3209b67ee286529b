// What channels with several ways to a chainlet have in common: the choice of the less busy, and
// what a call does on its way. Implementation detail of balanced.h and elastic_channel.h.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <optional>
#include <random>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "chains/contract/channel.h"
#include "chains/core/loop.h"

namespace chains::internal {

// When a way is left out for a while.
struct Ejection {
  int failures_to_eject = 3;  // UNAVAILABLE in a row
  absl::Duration ejected_for = absl::Seconds(1);
};

struct Way {
  std::unique_ptr<Channel> channel;
  int in_flight = 0;
  std::atomic<size_t>* all_in_flight = nullptr;  // its owner's, which others read; may be null
  int failures = 0;
  absl::Time ejected_until = absl::InfinitePast();
  // Where its owner keeps it once it takes no new calls, until its last one ends; null before.
  std::vector<std::unique_ptr<Way>>* leaving = nullptr;

  // Its last call ended, and it is leaving: destroys this.
  void Leave() {
    std::erase_if(*leaving,
                  [this](const std::unique_ptr<Way>& each) { return each.get() == this; });
  }
};

// A call's stay on a way; a dropped call says nothing about the way.
class WayUse {
 public:
  explicit WayUse(Way& way) : way_(way) {
    ++way_.in_flight;
    Count(1);
  }
  WayUse(const WayUse&) = delete;
  ~WayUse() {
    Count(-1);
    if (--way_.in_flight == 0 && way_.leaving != nullptr) way_.Leave();
  }

  void Ended(const absl::Status& status, absl::Time now, const Ejection& ejection) {
    if (status.code() != absl::StatusCode::kUnavailable) {
      way_.failures = 0;
    } else if (++way_.failures >= ejection.failures_to_eject) {
      way_.ejected_until = now + ejection.ejected_for;
    }
  }

 private:
  // One thread writes: that takes no locked instruction.
  void Count(int more) {
    std::atomic<size_t>* const all = way_.all_in_flight;
    if (all == nullptr) return;
    all->store(all->load(std::memory_order_relaxed) + static_cast<size_t>(more),
               std::memory_order_relaxed);
  }

  Way& way_;
};

// The less busy of two of `count` > 0 ways, of which `at(i)` is one; those that are left out come
// last.
template <typename At>
Way& LessBusyWay(size_t count, At at, std::minstd_rand& random, absl::Time now) {
  if (count == 1) return at(0);
  const size_t first = std::uniform_int_distribution<size_t>(0, count - 1)(random);
  // Two different ones, so that of two ways the less busy is always taken.
  const size_t second =
      (first + 1 + std::uniform_int_distribution<size_t>(0, count - 2)(random)) % count;
  Way& a = at(first);
  Way& b = at(second);
  const bool a_out = a.ejected_until > now;
  const bool b_out = b.ejected_until > now;
  if (a_out && b_out) {
    for (size_t i = 0; i < count; ++i) {
      if (at(i).ejected_until <= now) return at(i);
    }
  }
  if (a_out != b_out) return a_out ? b : a;
  return a.in_flight <= b.in_flight ? a : b;
}

// Who has ways. One that may have none lets calls wait until there is one.
template <typename Ways>
concept MayHaveNoWay = requires(Ways& ways, Promise& waiter) {
  { ways.none() } -> std::same_as<bool>;
  ways.WaitForOne().Bind(waiter);
};

// Calls over the way that `ways`, which outlives them, chooses: `Way& Choose(absl::Time now)`, and
// `const Ejection& ejection()`.
template <typename Ways>
Task<Bytes> UnaryOver(Ways& ways, const Method& method, Bytes request) {
  Here::Place here = co_await Here();
  if constexpr (MayHaveNoWay<Ways>) {
    if (ways.none()) co_await ways.WaitForOne();
  }
  Way& way = ways.Choose(here.loop().Now());
  WayUse use(way);
  absl::StatusOr<Bytes> reply = co_await Outcome(way.channel->Unary(method, std::move(request)));
  use.Ended(reply.status(), here.loop().Now(), ways.ejection());
  co_return reply;
}

template <typename Ways>
Stream<Bytes> StreamingOver(Ways& ways, const Method& method, Stream<Bytes> requests) {
  Here::Place here = co_await Here();
  if constexpr (MayHaveNoWay<Ways>) {
    if (ways.none()) co_await ways.WaitForOne();
  }
  Way& way = ways.Choose(here.loop().Now());
  WayUse use(way);
  Stream<Bytes> replies = way.channel->Streaming(method, std::move(requests));
  while (true) {
    absl::StatusOr<std::optional<Bytes>> reply = co_await Outcome(replies.Next());
    if (!reply.ok() || !reply->has_value()) {
      use.Ended(reply.status(), here.loop().Now(), ways.ejection());
      co_await reply.status();
      break;
    }
    co_yield **std::move(reply);
  }
}

}  // namespace chains::internal
