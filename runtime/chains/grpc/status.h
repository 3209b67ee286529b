// absl::Status and grpc::Status, one to the other, with payloads and path.
#pragma once

#include <string>
#include <string_view>

#include <grpcpp/support/status.h>

#include "absl/status/status.h"

namespace chains::internal {

// The message is cut to kMaxErrorMessageBytes, or to less where gRPC would need more room for it.
grpc::Status ToGrpcStatus(const absl::Status& status);

// What a call to `method` at `address` ended with. What the transport says, rather than the callee,
// names the address.
absl::Status FromGrpcStatus(const grpc::Status& status, std::string_view address,
                            std::string_view method);

// RESOURCE_EXHAUSTED when a message of `bytes` is too large to send; `what` and `name`, one after
// the other, say which it is ("the reply of ", "/hello.SayHello/RunRemote").
absl::Status CheckMessageSize(size_t bytes, std::string_view what, std::string_view name);

// Whether a call that ended so never left: there was no connection that it could have taken.
bool NeverSent(const grpc::Status& status);

}  // namespace chains::internal
