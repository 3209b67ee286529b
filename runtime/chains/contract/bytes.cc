#include "chains/contract/bytes.h"

#include <limits>
#include <new>
#include <utility>
#include <vector>

#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/proto_buffer_reader.h>
#include <grpcpp/support/slice.h>

#include "absl/strings/str_cat.h"

namespace chains {

static_assert(sizeof(grpc::ByteBuffer) <= sizeof(void*));
static_assert(alignof(grpc::ByteBuffer) <= alignof(void*));

grpc::ByteBuffer& Bytes::buffer() {
  return *std::launder(reinterpret_cast<grpc::ByteBuffer*>(storage_));
}
const grpc::ByteBuffer& Bytes::buffer() const {
  return *std::launder(reinterpret_cast<const grpc::ByteBuffer*>(storage_));
}

Bytes::Bytes(std::string_view data) {
  grpc::Slice slice(data.data(), data.size());
  new (storage_) grpc::ByteBuffer(&slice, 1);
}

void Bytes::Release() noexcept { buffer().~ByteBuffer(); }

absl::StatusOr<Bytes> Bytes::Serialize(const google::protobuf::MessageLite& message) {
  const size_t size = message.ByteSizeLong();
  if (size > static_cast<size_t>(std::numeric_limits<int>::max())) {
    return absl::ResourceExhaustedError(absl::StrCat("a ", message.GetTypeName(), " of ", size,
                                                     " bytes: a message has at most 2 GiB"));
  }
  grpc::Slice slice(size);
  message.SerializeWithCachedSizesToArray(const_cast<uint8_t*>(slice.begin()));
  Bytes bytes;
  grpc::ByteBuffer serialized(&slice, 1);
  bytes.buffer().Swap(&serialized);
  return bytes;
}

absl::Status Bytes::ParseInto(google::protobuf::MessageLite& message) const {
  bool parsed = false;
  grpc::Slice slice;
  if (!buffer().Valid()) {
    parsed = message.ParseFromArray(nullptr, 0);
  } else if (buffer().TrySingleSlice(&slice).ok()) {
    parsed = message.ParseFromArray(slice.begin(), static_cast<int>(slice.size()));
  } else {
    grpc::ByteBuffer shared(buffer());
    grpc::ProtoBufferReader reader(&shared);
    parsed = message.ParseFromZeroCopyStream(&reader);
  }
  if (parsed) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("these ", size(), " bytes are not a ", message.GetTypeName()));
}

size_t Bytes::size() const { return buffer().Valid() ? buffer().Length() : 0; }

std::string Bytes::ToString() const {
  std::string text;
  std::vector<grpc::Slice> slices;
  if (!buffer().Valid() || !buffer().Dump(&slices).ok()) return text;
  text.reserve(size());
  for (const grpc::Slice& slice : slices) {
    text.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  }
  return text;
}

Bytes Bytes::Share() const {
  Bytes copy;
  copy.buffer() = buffer();
  return copy;
}

}  // namespace chains
