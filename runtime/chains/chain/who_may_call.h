// Who may call a chain's chainlets, where processes show who they are: a chainlet is called by
// those that depend on it, and, if it is the entrypoint, by the gateway.
//
//   Authorization::Rules rules = RulesOf(CallersIn(chain), identity);
//
// Pure.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "chains/chain/spec.h"
#include "chains/grpc/authorization.h"
#include "chains/grpc/identity.h"
#include "chains/v1/control.pb.h"

namespace chains::internal {

using AllowedCallers = google::protobuf::RepeatedPtrField<v1::AllowedCallers>;

// Of every contract of the chain.
AllowedCallers CallersIn(const ChainSpec& chain);

// The chain that the identity is of, as the platform calls it (chains push --name); empty: of none.
std::string ChainOf(const Identity& identity);

// The same by names of processes of the identity's chain and trust domain. What else a process
// answers (its statistics, reflection) is for all chainlets of the chain, the gateway and the
// platform.
Authorization::Rules RulesOf(const AllowedCallers& callers, const Identity& identity);

// INVALID_ARGUMENT: the identity is not that of a process that serves `chainlets`.
absl::Status CheckNames(const std::vector<std::string>& chainlets, const Identity& identity);

}  // namespace chains::internal
