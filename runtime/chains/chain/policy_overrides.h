// What whoever deploys a chain orders of its policies, over what it declares: `serve --no-hedge`,
// `chains up --limits-dry-run`. To try one, or to be without one tonight, needs no build.
#pragma once

#include <optional>

#include "chains/chain/spec.h"

namespace chains::internal {

struct PolicyOverrides {
  std::optional<int> max_in_flight = {};  // of the calls of every edge: Needs<T>::max_in_flight
  bool limits_dry_run = false;            // of every chainlet: Limits::dry_run
  // On or off for every edge. On is only what may be: hedging where the callee has methods that may
  // be repeated.
  std::optional<bool> hedging = {};
  std::optional<bool> circuits = {};
};

ChainSpec WithPolicies(ChainSpec chain, const PolicyOverrides& overrides);

}  // namespace chains::internal
