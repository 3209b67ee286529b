// Messages to a grpc::ByteBuffer and back: one copy each way, as little as gRPC allows.
#pragma once

#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/proto_buffer_reader.h>
#include <grpcpp/support/slice.h>

namespace bench {

template <typename M>
grpc::ByteBuffer ToBuffer(const M& message) {
  grpc::Slice slice(message.ByteSizeLong());
  message.SerializeWithCachedSizesToArray(const_cast<uint8_t*>(slice.begin()));
  return grpc::ByteBuffer(&slice, 1);
}

template <typename M>
bool FromBuffer(const grpc::ByteBuffer& buffer, M& message) {
  grpc::Slice slice;
  if (buffer.TrySingleSlice(&slice).ok()) {
    return message.ParseFromArray(slice.begin(), static_cast<int>(slice.size()));
  }
  grpc::ByteBuffer shared(buffer);
  grpc::ProtoBufferReader reader(&shared);
  return message.ParseFromZeroCopyStream(&reader);
}

}  // namespace bench
