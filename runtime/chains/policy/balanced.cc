#include "chains/policy/balanced.h"

#include <utility>

namespace chains {

BalancedChannel::BalancedChannel(std::vector<std::unique_ptr<Channel>> channels, Options options)
    : options_(options), random_(std::random_device{}()) {
  ways_.reserve(channels.size());
  for (std::unique_ptr<Channel>& channel : channels) {
    ways_.push_back(internal::Way{.channel = std::move(channel)});
  }
}

internal::Way& BalancedChannel::Choose(absl::Time now) {
  return internal::LessBusyWay(
      ways_.size(), [this](size_t i) -> internal::Way& { return ways_[i]; }, random_, now);
}

Task<Bytes> BalancedChannel::Unary(const Method& method, Bytes request) {
  return internal::UnaryOver(*this, method, std::move(request));
}

Stream<Bytes> BalancedChannel::Streaming(const Method& method, Stream<Bytes> requests) {
  return internal::StreamingOver(*this, method, std::move(requests));
}

}  // namespace chains
