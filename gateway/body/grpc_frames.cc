#include "gateway/body/grpc_frames.h"

#include <algorithm>
#include <limits>
#include <utility>
#include <zlib.h>

#include "chains/core/text.h"

namespace chains::gateway {
namespace {

constexpr size_t kKeptOfBuffer = 4096;  // of a buffer that is empty
constexpr size_t kStep = 64 << 10;
constexpr int kOnlyGzip = 16 + MAX_WBITS;

uint32_t SizeAt(std::string_view prefix) {
  uint32_t size = 0;
  for (size_t i = 1; i < GrpcFrames::kPrefix; ++i) {
    size = size << 8 | static_cast<unsigned char>(prefix[i]);
  }
  return size;
}

absl::Status FrameTooLarge(size_t max_bytes) {
  return absl::ResourceExhaustedError(
      Text("a message is larger than ", max_bytes, " bytes, the most that is carried"));
}

}  // namespace

std::optional<GrpcFrames::Message> GrpcFrames::Take() {
  if (!problem_.ok() || held() < kPrefix) return std::nullopt;
  const std::string_view rest = std::string_view(bytes_).substr(taken_);
  const auto flag = static_cast<unsigned char>(rest[0]);
  const uint32_t size = SizeAt(rest);
  if (flag > 1) {
    problem_ = absl::InternalError(Text("a message begins with ", int{flag}, " instead of 0 or 1"));
    return std::nullopt;
  }
  if (size > max_message_) {
    problem_ = FrameTooLarge(max_message_);
    return std::nullopt;
  }
  if (rest.size() - kPrefix < size) {
    bytes_.erase(0, std::exchange(taken_, 0));
    return std::nullopt;
  }
  Message message{.is_compressed = flag == 1, .bytes = std::string(rest.substr(kPrefix, size))};
  taken_ += kPrefix + size;
  if (held() == 0) {
    taken_ = 0;
    bytes_.clear();
    if (bytes_.capacity() > kKeptOfBuffer) bytes_ = std::string();
  }
  return message;
}

std::string GrpcPrefix(uint32_t size) {
  std::string prefix(1, '\0');
  for (int shift = 24; shift >= 0; shift -= 8) prefix += static_cast<char>(size >> shift);
  return prefix;
}

absl::StatusOr<std::string> GunzipMessage(std::string_view packed, size_t max_bytes) {
  if (packed.size() > std::numeric_limits<uInt>::max()) return FrameTooLarge(max_bytes);
  z_stream stream{};
  if (inflateInit2(&stream, kOnlyGzip) != Z_OK) return absl::InternalError("no memory for gzip");
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  std::string message;
  int result = Z_OK;
  while (result == Z_OK && message.size() <= max_bytes) {
    const size_t before = message.size();
    message.resize(before + std::min(kStep, max_bytes + 1 - before));
    stream.next_out = reinterpret_cast<Bytef*>(message.data() + before);
    stream.avail_out = static_cast<uInt>(message.size() - before);
    result = inflate(&stream, Z_NO_FLUSH);
    message.erase(message.size() - stream.avail_out);
  }
  const bool whole = result == Z_STREAM_END && stream.avail_in == 0;
  inflateEnd(&stream);
  if (message.size() > max_bytes) return FrameTooLarge(max_bytes);
  if (!whole) return absl::InternalError("a message that should be gzip is not");
  return message;
}

}  // namespace chains::gateway
