// Callers: what an Authorization said of the connections of one lane, remembered.
//
// A connection's names do not change, so a call costs a look at a small table, and only the first
// of each contract asks. Where a server has no Authorization there is none of these.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include <grpc/grpc.h>
#include <grpc/grpc_security.h>

#include "absl/status/status.h"
#include "chains/grpc/authorization.h"

namespace chains::internal {

// The names of who made the call, and its connection's properties as gRPC keeps them.
PeerNames PeerNamesOf(const grpc_auth_context& connection);

// For one thread.
class Callers {
 public:
  explicit Callers(std::shared_ptr<const Authorization> authorization)
      : authorization_(std::move(authorization)) {}
  Callers(const Callers&) = delete;

  // OK: who made this call may. `contract` is the same text each time, for as long as this lives.
  absl::Status MayCall(grpc_call* call, std::string_view contract);

 private:
  struct Release {
    void operator()(grpc_auth_context* context) const { grpc_auth_context_release(context); }
  };
  using Properties = std::unique_ptr<grpc_auth_context, Release>;
  struct Connection {
    Properties properties;  // held, so that no later connection's have the same address
    PeerNames names;
    std::vector<std::pair<const char*, absl::Status>> decided;  // by contract
  };

  Connection& Find(Properties properties);

  const std::shared_ptr<const Authorization> authorization_;
  uint64_t version_ = 0;  // of what was decided
  std::vector<Connection> connections_;
};

}  // namespace chains::internal
