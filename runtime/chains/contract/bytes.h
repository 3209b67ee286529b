// Bytes: one serialized message, as a transport carries it.
//
// Move-only and cheap to move. It holds what gRPC sends and receives, so a message is copied once
// when it is serialized and once when it is parsed, never in between.
#pragma once

#include <cstddef>
#include <cstring>
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
  Bytes() noexcept = default;  // no bytes: an empty message
  explicit Bytes(std::string_view data);
  Bytes(Bytes&& other) noexcept { Swap(other); }
  Bytes& operator=(Bytes&& other) noexcept {
    Swap(other);
    return *this;
  }
  ~Bytes() {
    if (held() != nullptr) Release();
  }

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
  // What it holds, as a number to compare.
  void* held() const noexcept {
    void* pointer;
    std::memcpy(&pointer, storage_, sizeof(pointer));
    return pointer;
  }
  void Swap(Bytes& other) noexcept {
    void* const mine = held();
    std::memcpy(storage_, other.storage_, sizeof(storage_));
    std::memcpy(other.storage_, &mine, sizeof(storage_));
  }
  void Release() noexcept;

  // A grpc::ByteBuffer, kept out of this header so that chainlets compile without gRPC. It is one
  // pointer, null while there is nothing (a test asserts it), so that the half dozen moves on the
  // way of a message cost no calls.
  alignas(void*) std::byte storage_[sizeof(void*)] = {};
};

}  // namespace chains
