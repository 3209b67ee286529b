// BalancedChannel: several ways to the same chainlet; each call takes the one that is less busy.
#pragma once

#include <cstddef>
#include <memory>
#include <random>
#include <vector>

#include "absl/time/time.h"
#include "chains/contract/channel.h"

namespace chains {

// Power of two choices by calls in flight. A way that answers UNAVAILABLE several times in a row
// is left out for a while, unless all are. For one loop's coroutines only.
class BalancedChannel final : public Channel {
 public:
  struct Options {
    int failures_to_eject = 3;  // UNAVAILABLE in a row
    absl::Duration ejected_for = absl::Seconds(1);
  };
  // At least one channel.
  BalancedChannel(std::vector<std::unique_ptr<Channel>> channels, Options options);

  Task<Bytes> Unary(const Method& method, Bytes request) override;
  Stream<Bytes> Streaming(const Method& method, Stream<Bytes> requests) override;

 private:
  struct Way {
    std::unique_ptr<Channel> channel;
    int in_flight = 0;
    int failures = 0;
    absl::Time ejected_until = absl::InfinitePast();
  };
  class Use;
  Way& Choose(absl::Time now);

  const Options options_;
  std::vector<Way> ways_;
  std::minstd_rand random_;
};

}  // namespace chains
