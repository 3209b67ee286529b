// StreamCall: methods that stream requests, replies or both, over HTTP.
//
// Replies go out as they come: NDJSON, server-sent events, protobuf messages with their lengths, or
// gathered to an array, as the header Accept says (stream_format.h); of a method that answers once,
// as a unary call's. Requests are read as they are taken (request_items.h).
#pragma once

#include "chains/core/task.h"
#include "gateway/app/invocation.h"
#include "gateway/http/message.h"

namespace chains::gateway {

// Of a method that is a stream. The response begins with the first reply, so that what fails before
// has a status of its own; where heartbeats are due, with the first of these. It waits for as long
// as the client takes nothing, and so does the producer. Takes the body out of `request`.
Task<Response> StreamCall(Request& request, Invocation& invocation);

}  // namespace chains::gateway
