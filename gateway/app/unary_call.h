// UnaryCall: one message each way, JSON or protobuf.
#pragma once

#include "chains/core/task.h"
#include "gateway/app/invocation.h"
#include "gateway/http/message.h"

namespace chains::gateway {

// Of a method that is no stream; both outlive it. The reply is in the encoding that the request
// has; large bodies are transcoded off the loop. Where the contract allows it, it is sent again, as
// retries.h says. Fails as the call did.
Task<Response> UnaryCall(const Request& request, Invocation& invocation);

}  // namespace chains::gateway
