// BalancedChannel: several ways to the same chainlet; each call takes the one that is less busy.
#pragma once

#include <cstddef>
#include <memory>
#include <random>
#include <vector>

#include "absl/time/time.h"
#include "chains/contract/channel.h"
#include "chains/policy/ways.h"

namespace chains {

// Power of two choices by calls in flight. A way that answers UNAVAILABLE several times in a row
// is left out for a while, unless all are. For one loop's coroutines only.
class BalancedChannel final : public Channel {
 public:
  using Options = internal::Ejection;
  // At least one channel.
  BalancedChannel(std::vector<std::unique_ptr<Channel>> channels, Options options);

  Task<Bytes> Unary(const Method& method, Bytes request) override;
  Stream<Bytes> Streaming(const Method& method, Stream<Bytes> requests) override;

  // For calls.
  internal::Way& Choose(absl::Time now);
  const internal::Ejection& ejection() const { return options_; }

 private:
  const Options options_;
  std::vector<internal::Way> ways_;
  std::minstd_rand random_;
};

}  // namespace chains
