// CircuitChannel: no calls, for a while, to a callee that fails.
//
//   CircuitChannel channel(std::move(ways), {.on = true, .open_for = absl::Seconds(5)},
//                          {.from = "hello.HelloAll", .to = "hello.SayHello"}, counters);
//
// A caller that waits for a callee which is down holds its own callers, and what calls the callee
// while it comes back keeps it down. So after several failures calls are refused at once, with
// UNAVAILABLE that says why and since when, and whether to come again; then one goes through to
// see. (M. Nygard, "Release It!", 2007.) breaker.h has the states.
#pragma once

#include <memory>
#include <string>

#include "chains/contract/channel.h"
#include "chains/policy/breaker.h"
#include "chains/policy/edge_counters.h"
#include "chains/policy/settings.h"

namespace chains {

// For one loop's coroutines. Of an edge on one loop: every replica of the caller finds out for
// itself.
class CircuitChannel final : public Channel {
 public:
  struct Edge {
    std::string from;
    std::string to;
  };
  // `counters` outlives it.
  CircuitChannel(std::unique_ptr<Channel> inner, const Circuit& settings, Edge edge,
                 EdgeCounters& counters)
      : inner_(std::move(inner)), breaker_(settings), edge_(std::move(edge)), counters_(counters) {}

  Task<Bytes> Unary(const Method& method, Bytes request) override;
  // Counts as failed when it does not end well; one that its caller leaves before says nothing.
  Stream<Bytes> Streaming(const Method& method, Stream<Bytes> requests) override;

  Breaker::State state() const { return breaker_.state(); }

 private:
  class Stay;
  absl::Status Refusal(const Breaker::Entry& entry) const;
  void Ended(const Breaker::Entry& entry, const absl::Status& status, const Loop& loop);

  const std::unique_ptr<Channel> inner_;
  Breaker breaker_;
  const Edge edge_;
  EdgeCounters& counters_;
  std::string opened_by_;  // the failure that opened it
};

}  // namespace chains
