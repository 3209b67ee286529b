// What the calls of a dependency go through on their way to another process: the one place that
// stacks it. Above it are the caller's edge and the stub, below it the network.
//
//   circuit → hedging → balancing → one of several ways → GrpcChannel
//
// What is turned off is not there. A callee of the same process has no channel, and nothing of
// this, unless faults are asked for.
#pragma once

#include <functional>
#include <memory>
#include <string_view>

#include "absl/status/statusor.h"
#include "chains/chain/spec.h"
#include "chains/contract/channel.h"
#include "chains/policy/edge_counters.h"
#include "chains/policy/faults.h"
#include "chains/policy/retry_budget.h"

namespace chains::internal {

// Puts something around a way to one replica of `contract`, or to a service elsewhere: faults that
// a user asked for. Balancing, hedging and circuits are above it and take it for the network.
using WrapWay = std::function<std::unique_ptr<Channel>(std::string_view contract,
                                                       std::unique_ptr<Channel> way)>;

// Null where there are none.
WrapWay WrapWithFaults(const Faults& faults);

// `way` itself where there is nothing to put around it.
std::unique_ptr<Channel> Wrapped(const WrapWay& wrap, std::string_view contract,
                                 std::unique_ptr<Channel> way);

// The ways out of a process; each is asked once per dependency of a chainlet.
struct WaysOut {
  // To a chainlet of the chain in other processes, with all its replicas behind one channel. Wraps
  // the way to each of them itself: they come and go. Balancing counts in `counters`, which outlive
  // the channel.
  std::function<absl::StatusOr<std::unique_ptr<Channel>>(const DependencySpec& dependency,
                                                         EdgeCounters& counters)>
      to_chainlet;
  // To a service that was deployed elsewhere, by the dependency's url; `context` is the caller's.
  std::function<absl::StatusOr<std::unique_ptr<Channel>>(const DependencySpec& dependency,
                                                         const DeploymentContext& context)>
      to_url;
  WrapWay wrap_way;
};

// Whose dependency it is, and what outlives its channel.
struct Caller {
  std::string_view name;  // the contract of the chainlet that calls
  AttemptBudget& budget;  // of further attempts of its edge
  EdgeCounters& counters;
};

// The channel of `dependency`, with all that it asks for. FAILED_PRECONDITION: there is no such way
// out of this process.
absl::StatusOr<std::unique_ptr<Channel>> ConnectDependency(const Caller& caller,
                                                           const DependencySpec& dependency,
                                                           const DeploymentContext& context,
                                                           const WaysOut& ways);

// The same policies in front of a chainlet of this process that is called in wire format.
std::unique_ptr<Channel> StackOver(std::unique_ptr<Channel> ways, const Caller& caller,
                                   const DependencySpec& dependency);

}  // namespace chains::internal
