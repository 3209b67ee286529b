#include "chains/chain/policy_overrides.h"

#include "absl/algorithm/container.h"

namespace chains::internal {
namespace {

bool MayBeHedged(const DependencySpec& dependency) {
  return absl::c_any_of(dependency.callee->info->methods, [](const Method& method) {
    return method.kind == MethodKind::kUnary && method.idempotent;
  });
}

void Override(DependencySpec& dependency, const PolicyOverrides& overrides) {
  if (overrides.max_in_flight) dependency.max_in_flight = *overrides.max_in_flight;
  if (overrides.hedging) dependency.hedging.on = *overrides.hedging && MayBeHedged(dependency);
  if (overrides.circuits) dependency.circuit.on = *overrides.circuits;
}

}  // namespace

ChainSpec WithPolicies(ChainSpec chain, const PolicyOverrides& overrides) {
  for (ChainletSpec& chainlet : chain.chainlets) {
    for (DependencySpec& dependency : chainlet.dependencies) Override(dependency, overrides);
    if (overrides.limits_dry_run) chainlet.limits.dry_run = true;
  }
  return chain;
}

}  // namespace chains::internal
