// A Context as gRPC metadata: trace and headers, hop by hop. The deadline travels by gRPC's means.
#pragma once

#include <map>

#include <grpcpp/client_context.h>
#include <grpcpp/support/string_ref.h>

#include "absl/time/time.h"
#include "chains/core/context.h"

namespace chains::internal {

// What `context` says at the time `now` goes into `to`: its deadline, less a margin (margin.h),
// `traceparent`, whether it wants a receipt, its priority where that is not the usual one, whether
// it is a further attempt, and its headers, as far as they are valid metadata that is neither
// gRPC's own nor binary, up to kMaxHeaderBytes.
void Send(const Context& context, absl::Time now, grpc::ClientContext& to);

// What a caller sent. Without a valid W3C `traceparent` a trace begins here.
Context Receive(absl::Time deadline,
                const std::multimap<grpc::string_ref, grpc::string_ref>& metadata);

}  // namespace chains::internal
