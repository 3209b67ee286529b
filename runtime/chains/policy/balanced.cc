#include "chains/policy/balanced.h"

#include <optional>
#include <utility>

#include "chains/core/loop.h"

namespace chains {

// A call's stay on a way; a dropped call says nothing about the way.
class BalancedChannel::Use {
 public:
  explicit Use(Way& way) : way_(way) { ++way_.in_flight; }
  Use(const Use&) = delete;
  ~Use() { --way_.in_flight; }

  void Ended(const absl::Status& status, absl::Time now, const Options& options) {
    if (status.code() != absl::StatusCode::kUnavailable) {
      way_.failures = 0;
    } else if (++way_.failures >= options.failures_to_eject) {
      way_.ejected_until = now + options.ejected_for;
    }
  }

 private:
  Way& way_;
};

BalancedChannel::BalancedChannel(std::vector<std::unique_ptr<Channel>> channels, Options options)
    : options_(options), random_(std::random_device{}()) {
  ways_.reserve(channels.size());
  for (std::unique_ptr<Channel>& channel : channels) {
    ways_.push_back(Way{.channel = std::move(channel)});
  }
}

BalancedChannel::Way& BalancedChannel::Choose(absl::Time now) {
  if (ways_.size() == 1) return ways_.front();
  std::uniform_int_distribution<size_t> any(0, ways_.size() - 1);
  const size_t first = any(random_);
  // Two different ones, so that of two ways the less busy is always taken.
  const size_t second =
      (first + 1 + std::uniform_int_distribution<size_t>(0, ways_.size() - 2)(random_)) %
      ways_.size();
  Way& a = ways_[first];
  Way& b = ways_[second];
  const bool a_out = a.ejected_until > now;
  const bool b_out = b.ejected_until > now;
  if (a_out && b_out) {
    for (Way& way : ways_) {
      if (way.ejected_until <= now) return way;
    }
  }
  if (a_out != b_out) return a_out ? b : a;
  return a.in_flight <= b.in_flight ? a : b;
}

Task<Bytes> BalancedChannel::Unary(const Method& method, Bytes request) {
  internal::Here::Place here = co_await internal::Here();
  Way& way = Choose(here.loop().Now());
  Use use(way);
  absl::StatusOr<Bytes> reply = co_await Outcome(way.channel->Unary(method, std::move(request)));
  use.Ended(reply.status(), here.loop().Now(), options_);
  co_return reply;
}

Stream<Bytes> BalancedChannel::Streaming(const Method& method, Stream<Bytes> requests) {
  internal::Here::Place here = co_await internal::Here();
  Way& way = Choose(here.loop().Now());
  Use use(way);
  Stream<Bytes> replies = way.channel->Streaming(method, std::move(requests));
  while (true) {
    absl::StatusOr<std::optional<Bytes>> reply = co_await Outcome(replies.Next());
    if (!reply.ok() || !reply->has_value()) {
      use.Ended(reply.status(), here.loop().Now(), options_);
      co_await reply.status();
      break;
    }
    co_yield **std::move(reply);
  }
}

}  // namespace chains
