// Peer: whom calls of a GrpcChannel go to.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "chains/contract/method.h"
#include "chains/core/context.h"
#include "chains/core/loop.h"
#include "chains/grpc/elsewhere.h"
#include "chains/grpc/receipts.h"

namespace chains::internal {

// Calls share it, because they may outlive their channel.
struct Peer {
  std::string address;
  std::string authority;  // what HTTP/2 says of the host
  std::optional<Elsewhere> elsewhere;

  // FAILED_PRECONDITION on another loop than the channel's.
  absl::Status CheckLoop(const Loop& here, const Loop& of_channel) const;
  // What calls end with while this process stops.
  absl::Status Stopping() const;
  // Null where no receipt is written.
  std::unique_ptr<RecordedCall> Record(const Context& context, const Loop& loop,
                                       const Method& method) const;
};

}  // namespace chains::internal
