// Bytes: one serialized message, as a transport carries it.
//
// Move-only and cheap to move. It holds what gRPC sends and receives, so a message is copied once
// when it is serialized and once when it is parsed, never in between.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include <google/protobuf/message_lite.h>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace grpc {
class ByteBuffer;
}  // namespace grpc

namespace chains {

class Bytes {
 public:
  Bytes() noexcept;  // no bytes: an empty message
  explicit Bytes(std::string_view data);
  Bytes(Bytes&& other) noexcept;
  Bytes& operator=(Bytes&& other) noexcept;
  ~Bytes();

  // RESOURCE_EXHAUSTED when the message is larger than protobuf's 2 GiB.
  static absl::StatusOr<Bytes> Serialize(const google::protobuf::MessageLite& message);
  // INVALID_ARGUMENT, naming the type, when these are not its bytes.
  absl::Status ParseInto(google::protobuf::MessageLite& message) const;

  size_t size() const;
  std::string ToString() const;
  // The same bytes; they are shared, not copied.
  Bytes Share() const;

  // For transports.
  grpc::ByteBuffer& buffer();
  const grpc::ByteBuffer& buffer() const;

 private:
  // A grpc::ByteBuffer, kept out of this header so that chainlets compile without gRPC.
  alignas(void*) std::byte storage_[sizeof(void*)];
};

}  // namespace chains
