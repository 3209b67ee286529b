// RequestItems: the body of an HTTP request as the stream of requests that a method takes.
#pragma once

#include <memory>

#include "chains/contract/bytes.h"
#include "chains/core/stream.h"
#include "chains/core/task.h"
#include "gateway/app/streamed_call.h"
#include "gateway/body/encoding.h"
#include "gateway/http/message.h"

namespace chains::gateway {

// Takes the body out of `request`, whole or in pieces. NDJSON, a request on each line, whatever the
// body says it is; application/x-protobuf: each with its length before it; another body that begins
// with '[' is an array of JSON, and is read as a whole first.
//
// Where the requests have one field of bytes, another type of body, or a file of a form, is cut
// into them (request_chunks.h). The body is packed as `encoding` says.
//
// A request goes on as soon as it is there, and the next is read when it was taken. What is wrong
// with the body fails the stream, naming the line, and is told `call`: INVALID_ARGUMENT, or
// RESOURCE_EXHAUSTED where a request or an array is larger than the gateway's options allow.
Stream<Bytes> RequestItems(std::shared_ptr<StreamedCall> call, Request& request, Encoding encoding);

// The only request of a method that takes no stream, as request_body.h says. Fails likewise.
Task<Bytes> RequestItem(std::shared_ptr<StreamedCall> call, const Request& request);

}  // namespace chains::gateway
