// A Context as gRPC metadata: trace and headers, hop by hop. The deadline travels by gRPC's means.
#pragma once

#include <map>
#include <optional>
#include <string_view>

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

// The same for a service that somebody else deployed: without headers, and without a wish for a
// receipt.
void SendElsewhere(const Context& context, absl::Time now, grpc::ClientContext& to);

// What a caller sent. Without a valid W3C `traceparent` a trace begins here. `asks_load` says
// whether it wants to know how busy this process is (kLoadQuestion); may be null.
Context Receive(absl::Time deadline,
                const std::multimap<grpc::string_ref, grpc::string_ref>& metadata,
                bool* asks_load = nullptr);

// A caller that may choose among replicas asks now and then, with "chains-load: 1"; the answer is
// trailing metadata of the same name: how many calls of all callers the replica has.
inline constexpr char kLoadQuestion[] = "chains-load";
// What the answer says; nullopt when it is no number of calls.
std::optional<int> ParseLoad(std::string_view text);

}  // namespace chains::internal
