#include "chains/chain/dependency_channel.h"

#include <string>
#include <utility>

#include "chains/policy/stack.h"
#include "chains/policy/ways.h"

namespace chains::internal {
namespace {

absl::StatusOr<std::unique_ptr<Channel>> WayOut(const Caller& caller,
                                                const DependencySpec& dependency,
                                                const DeploymentContext& context,
                                                const WaysOut& ways) {
  if (dependency.url.empty()) {
    if (ways.to_chainlet != nullptr) return ways.to_chainlet(dependency, caller.counters);
    return absl::FailedPreconditionError("there is no way to other processes");
  }
  if (ways.to_url == nullptr) {
    return absl::FailedPreconditionError("there is no way to services that are deployed elsewhere");
  }
  absl::StatusOr<std::unique_ptr<Channel>> way = ways.to_url(dependency, context);
  if (!way.ok()) return way.status();
  return Wrapped(ways.wrap_way, dependency.callee->info->name, *std::move(way));
}

// Whether a second attempt could meet another replica. Behind a URL anything may be.
bool MayHaveSeveral(Channel& ways, const DependencySpec& dependency) {
  return !dependency.url.empty() || dynamic_cast<WaysChannel*>(&ways) != nullptr;
}

}  // namespace

WrapWay WrapWithFaults(const Faults& faults) {
  if (faults.empty()) return nullptr;
  return [faults](std::string_view contract, std::unique_ptr<Channel> way) {
    return WithFaults(std::move(way), contract, faults);
  };
}

std::unique_ptr<Channel> Wrapped(const WrapWay& wrap, std::string_view contract,
                                 std::unique_ptr<Channel> way) {
  return wrap == nullptr ? std::move(way) : wrap(contract, std::move(way));
}

std::unique_ptr<Channel> StackOver(std::unique_ptr<Channel> ways, const Caller& caller,
                                   const DependencySpec& dependency) {
  CircuitChannel::Edge edge = {.from = std::string(caller.name),
                               .to = std::string(dependency.callee->info->name)};
  Hedging hedging = dependency.hedging;
  hedging.on = hedging.on && MayHaveSeveral(*ways, dependency);
  return Stacked(std::move(ways), hedging, dependency.circuit, std::move(edge), &caller.budget,
                 caller.counters);
}

absl::StatusOr<std::unique_ptr<Channel>> ConnectDependency(const Caller& caller,
                                                           const DependencySpec& dependency,
                                                           const DeploymentContext& context,
                                                           const WaysOut& ways) {
  absl::StatusOr<std::unique_ptr<Channel>> way = WayOut(caller, dependency, context, ways);
  if (!way.ok()) return way.status();
  return StackOver(*std::move(way), caller, dependency);
}

}  // namespace chains::internal
