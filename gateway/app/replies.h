// Replies: what a streamed call answers, as bytes; it makes the call.
#pragma once

#include <memory>

#include "chains/contract/bytes.h"
#include "chains/core/stream.h"
#include "gateway/app/streamed_call.h"

namespace chains::gateway {

// Of a method that takes one request. Where nobody answered, and the contract allows it, the call
// is made again, as retries.h says: only before the first reply.
Stream<Bytes> Replies(std::shared_ptr<StreamedCall> call, Bytes request);

// Of a method that takes a stream, which can be read but once.
Stream<Bytes> Replies(std::shared_ptr<StreamedCall> call, Stream<Bytes> requests);

}  // namespace chains::gateway
