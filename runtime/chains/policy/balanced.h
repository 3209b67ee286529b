// BalancedChannel: several ways to the same chainlet; each call takes one that is not busy.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "chains/contract/channel.h"
#include "chains/policy/ways.h"

namespace chains {

// Power of two choices, as ways.h says; a way that fails where others do not, or is much slower, is
// left out for a while. For one loop's coroutines only.
class BalancedChannel final : public internal::WaysChannel {
 public:
  using Options = Balancing;
  // At least one channel. `counters` outlives it; may be null.
  BalancedChannel(std::vector<std::unique_ptr<Channel>> channels, Options options,
                  EdgeCounters* counters = nullptr);

  Task<Bytes> Unary(const Method& method, Bytes request) override;
  Task<Bytes> UnaryBy(internal::WayChoice& choice, const Method& method, Bytes request) override;
  size_t ways() const override { return ways_.size(); }
  Stream<Bytes> Streaming(const Method& method, Stream<Bytes> requests) override;

  // For calls.
  internal::WaySet& set() { return set_; }

 private:
  std::vector<internal::Way> ways_;
  internal::WaySet set_;
};

}  // namespace chains
