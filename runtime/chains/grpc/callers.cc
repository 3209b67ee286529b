#include "chains/grpc/callers.h"

#include <grpc/grpc_security_constants.h>

namespace chains::internal {
namespace {

// More are forgotten, all at once: those that still call are asked about again.
constexpr size_t kMostConnections = 128;

}  // namespace

PeerNames PeerNamesOf(const grpc_auth_context& connection) {
  PeerNames names;
  grpc_auth_property_iterator each =
      grpc_auth_context_find_properties_by_name(&connection, GRPC_PEER_URI_PROPERTY_NAME);
  while (const grpc_auth_property* const property = grpc_auth_property_iterator_next(&each)) {
    names.emplace_back(property->value, property->value_length);
  }
  return names;
}

Callers::Connection& Callers::Find(Properties properties) {
  for (Connection& each : connections_) {
    if (each.properties == properties) return each;
  }
  if (connections_.size() >= kMostConnections) connections_.clear();
  PeerNames names;
  if (properties != nullptr) names = PeerNamesOf(*properties);
  return connections_.emplace_back(
      Connection{.properties = std::move(properties), .names = std::move(names), .decided = {}});
}

absl::Status Callers::MayCall(grpc_call* call, std::string_view contract) {
  if (const uint64_t now = authorization_->version(); now != version_) {
    connections_.clear();
    version_ = now;
  }
  Connection& connection = Find(Properties(grpc_call_auth_context(call)));
  for (const auto& [known, decision] : connection.decided) {
    if (known == contract.data()) return decision;
  }
  absl::Status decision = authorization_->Check(connection.names, contract);
  connection.decided.emplace_back(contract.data(), decision);
  return decision;
}

}  // namespace chains::internal
