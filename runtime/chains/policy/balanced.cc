#include "chains/policy/balanced.h"

#include <utility>

namespace chains {

BalancedChannel::BalancedChannel(std::vector<std::unique_ptr<Channel>> channels, Options options,
                                 EdgeCounters* counters)
    : set_(options, counters) {
  ways_.reserve(channels.size());
  std::vector<internal::Way*> all;
  for (std::unique_ptr<Channel>& channel : channels) {
    internal::Way& way = ways_.emplace_back();
    way.Set(std::move(channel));
    all.push_back(&way);
  }
  set_.Assign(std::move(all));
}

Task<Bytes> BalancedChannel::Unary(const Method& method, Bytes request) {
  return internal::UnaryOver(*this, nullptr, method, std::move(request));
}

Task<Bytes> BalancedChannel::UnaryBy(internal::WayChoice& choice, const Method& method,
                                     Bytes request) {
  return internal::UnaryOver(*this, &choice, method, std::move(request));
}

Stream<Bytes> BalancedChannel::Streaming(const Method& method, Stream<Bytes> requests) {
  return internal::StreamingOver(*this, method, std::move(requests));
}

}  // namespace chains
