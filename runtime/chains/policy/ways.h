// What channels with several ways to a chainlet have in common: the choice of a way, and what a
// call does on it. Implementation detail of balanced.h and elastic_channel.h.
//
// A call takes the less busy of two ways that are drawn by lot. Busy is a way with many calls in
// flight: this process's, which it knows, and everybody else's, as the replica last said. That
// spreads load as well as looking at all of them does, nearly, and no two callers choose alike.
#pragma once

#include <algorithm>
#include <atomic>
#include <concepts>
#include <cstddef>
#include <memory>
#include <optional>
#include <random>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "chains/contract/channel.h"
#include "chains/contract/sends_back.h"
#include "chains/contract/server_load.h"
#include "chains/core/loop.h"
#include "chains/core/timing.h"
#include "chains/policy/edge_counters.h"
#include "chains/policy/settings.h"
#include "chains/policy/way_health.h"

namespace chains::internal {

struct Way {
  std::unique_ptr<Channel> channel;
  int in_flight = 0;
  std::atomic<size_t>* all_in_flight = nullptr;  // its owner's, which others read; may be null
  const ServerLoad* load = nullptr;              // the channel's; null: it hears of none
  SendsBack* sends_back = nullptr;               // the channel, if it does
  WayHealth health;
  bool far = false;  // in another zone than the caller
  // It is new among others, or was out: its share of calls grows with time. Since its first choice.
  bool warms = false;
  absl::Time warm_since = absl::InfiniteFuture();
  // Calls of other callers at the replica, as of its last report, and until when that counts.
  int others = 0;
  uint32_t reports_seen = 0;
  absl::Time others_until = absl::InfinitePast();
  // Where its owner keeps it once it takes no new calls, until its last one ends; null before.
  std::vector<std::unique_ptr<Way>>* leaving = nullptr;

  // Once.
  void Set(std::unique_ptr<Channel> to) {
    channel = std::move(to);
    load = channel->server_load();
    sends_back = dynamic_cast<SendsBack*>(channel.get());
  }
  Task<Bytes> Unary(const Method& method, Bytes request, std::optional<Bytes>& unsent) {
    if (sends_back != nullptr) return sends_back->UnaryOrBack(method, std::move(request), unsent);
    return channel->Unary(method, std::move(request));
  }

  // Its last call ended, and it is leaving: destroys this.
  void Leave() {
    std::erase_if(*leaving,
                  [this](const std::unique_ptr<Way>& each) { return each.get() == this; });
  }
};

// What a call that is attempted more than once at a time says of its way, and learns. Ways are
// compared only: one may be gone.
struct WayChoice {
  const Way* not_this = nullptr;  // if there is another
  const Way* taken = nullptr;
  bool lost = false;  // set before it is dropped because another attempt was faster
};

// Chooses among ways. For one loop's coroutines.
class WaySet {
 public:
  // `counters` outlives it; may be null.
  explicit WaySet(const Balancing& settings, EdgeCounters* counters = nullptr)
      : settings_(settings), counters_(counters), random_(std::random_device{}()) {}

  // From now on there are these, which outlive their stay here.
  void Assign(std::vector<Way*> ways);
  size_t size() const { return ways_.size(); }
  bool panic() const { return outliers_.panic(); }

  // The way of the next call; there is one. `not_this` may be null.
  Way& Choose(absl::Time now, const Way* not_this = nullptr);
  // How a call on `way`, which may be in the set no more, ended.
  void Ended(Way& way, const absl::Status& status, absl::Duration took, absl::Time now);
  void GivenUp(Way& way, WayHealth::Why why, absl::Duration took, absl::Time now);

 private:
  size_t Below(size_t count) {  // count ≤ 2^31
    return static_cast<size_t>((uint64_t{random_()} * count) >> 31);
  }
  bool Usable(const Way& way, absl::Time now) const;
  bool IsCold(Way& way, absl::Time now);
  static int Load(const Way& way, absl::Time now);
  Way* LessBusy(size_t begin, size_t end, absl::Time now, const Way* not_this);
  Way* Spilled(const Way* near, absl::Time now, const Way* not_this);
  Way* Better(Way& a, Way& b, absl::Time now);
  Way* AnyUsable(absl::Time now, const Way* not_this);
  Way& LastResort(const Way* not_this);
  void Changed(Way& way, WayHealth::Change change, absl::Time now);
  void Look(absl::Time now);

  const Balancing settings_;
  EdgeCounters* const counters_;
  std::vector<Way*> ways_;  // near ones first
  size_t near_ = 0;
  std::minstd_rand random_;
  Outliers outliers_;
};

// A channel with several ways, of which a call may say which it does not want.
class WaysChannel : public Channel {
 public:
  // As Unary(); `choice` outlives the task.
  virtual Task<Bytes> UnaryBy(WayChoice& choice, const Method& method, Bytes request) = 0;
  // That calls may take now.
  virtual size_t ways() const = 0;
};

// A call's stay on a way.
class WayUse {
 public:
  WayUse(WaySet& set, Way& way, const WayChoice* choice, absl::Time deadline, const Loop& loop,
         absl::Time began)
      : set_(set), way_(way), choice_(choice), deadline_(deadline), loop_(loop), began_(began) {
    ++way_.in_flight;
    Count(1);
  }
  WayUse(const WayUse&) = delete;
  ~WayUse() {
    if (!ended_) GivenUp();
    Count(-1);
    if (--way_.in_flight == 0 && way_.leaving != nullptr) way_.Leave();
  }

  void Ended(const absl::Status& status) {
    ended_ = true;
    const absl::Time now = loop_.Now();
    set_.Ended(way_, status, now - began_, now);
  }
  // A stream: how long it takes says nothing, nor does it when it is dropped.
  void IsStream() { ended_ = true; }
  void EndedStream(const absl::Status& status) {
    if (!status.ok()) set_.Ended(way_, status, absl::ZeroDuration(), loop_.Now());
  }

 private:
  void GivenUp() {
    const absl::Time now = loop_.Now();
    const bool lost = choice_ != nullptr && choice_->lost;
    const bool late = deadline_ <= now;
    set_.GivenUp(way_,
                 lost   ? WayHealth::Why::kLost
                 : late ? WayHealth::Why::kTooLate
                        : WayHealth::Why::kLeft,
                 now - began_, now);
  }
  // One thread writes: that takes no locked instruction.
  void Count(int more) {
    std::atomic<size_t>* const all = way_.all_in_flight;
    if (all == nullptr) return;
    all->store(all->load(std::memory_order_relaxed) + static_cast<size_t>(more),
               std::memory_order_relaxed);
  }

  WaySet& set_;
  Way& way_;
  const WayChoice* const choice_;
  const absl::Time deadline_;
  const Loop& loop_;
  const absl::Time began_;
  bool ended_ = false;
};

// Who has ways. One that may have none lets calls wait until there is one.
template <typename Ways>
concept MayHaveNoWay = requires(Ways& ways, Promise& waiter) {
  { ways.none() } -> std::same_as<bool>;
  ways.WaitForOne().Bind(waiter);
};

// Calls over the way that `ways`, which outlives them, chooses: `WaySet& set()`. `choice` may be
// null. A request that never left goes another way, a few times. Where ways come and go it waits
// for a while, too: whoever says which there are may not know yet that the last one is gone.
inline constexpr size_t kMostUnsent = 3;
inline constexpr absl::Duration kFirstUnsentPause = absl::Milliseconds(10);  // doubles …
inline constexpr absl::Duration kLastUnsentPause =
    absl::Milliseconds(640);  // … up to this: 1.3 s in all
template <typename Ways>
Task<Bytes> UnaryOver(Ways& ways, WayChoice* choice, const Method& method, Bytes request) {
  Here::Place here = co_await Here();
  const Way* not_this = choice != nullptr ? choice->not_this : nullptr;
  absl::Duration pause = kFirstUnsentPause;
  for (size_t tried = 1;; ++tried) {
    if constexpr (MayHaveNoWay<Ways>) {
      if (ways.none()) co_await ways.WaitForOne();
    }
    std::optional<Bytes> unsent;
    absl::StatusOr<Bytes> reply = Bytes();
    {
      const absl::Time began = here.loop().Now();
      Way& way = ways.set().Choose(began, not_this);
      if (choice != nullptr) choice->taken = &way;
      WayUse use(ways.set(), way, choice, here.context().deadline(), here.loop(), began);
      reply = co_await Outcome(way.Unary(method, std::move(request), unsent));
      use.Ended(reply.status());
      not_this = &way;
    }
    if (!unsent.has_value()) co_return reply;
    if (tried >= std::min(kMostUnsent, ways.set().size())) {
      if constexpr (MayHaveNoWay<Ways>) {
        const bool in_time = here.loop().Now() + pause < here.context().deadline();
        if (pause > kLastUnsentPause || !in_time) co_return reply;
        co_await Sleep(pause);
        pause *= 2;
      } else {
        co_return reply;
      }
    }
    request = *std::move(unsent);
  }
}

template <typename Ways>
Stream<Bytes> StreamingOver(Ways& ways, const Method& method, Stream<Bytes> requests) {
  Here::Place here = co_await Here();
  if constexpr (MayHaveNoWay<Ways>) {
    if (ways.none()) co_await ways.WaitForOne();
  }
  const absl::Time began = here.loop().Now();
  Way& way = ways.set().Choose(began);
  WayUse use(ways.set(), way, nullptr, here.context().deadline(), here.loop(), began);
  use.IsStream();
  Stream<Bytes> replies = way.channel->Streaming(method, std::move(requests));
  while (true) {
    absl::StatusOr<std::optional<Bytes>> reply = co_await Outcome(replies.Next());
    if (!reply.ok() || !reply->has_value()) {
      use.EndedStream(reply.status());
      co_await reply.status();
      break;
    }
    co_yield **std::move(reply);
  }
}

}  // namespace chains::internal
