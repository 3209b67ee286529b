// What gRPC accepts as a message.
#pragma once

#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/slice.h>

#include "chains/contract/bytes.h"

namespace chains::internal {

// The buffer of `bytes`. gRPC aborts on one without slices, so an empty message gets an empty one.
inline const grpc::ByteBuffer& Sendable(Bytes& bytes) {
  if (!bytes.buffer().Valid()) bytes = Bytes("");
  return bytes.buffer();
}

}  // namespace chains::internal
