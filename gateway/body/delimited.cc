#include "gateway/body/delimited.h"

#include <algorithm>

#include "chains/core/text.h"

namespace chains::gateway {
namespace {

constexpr size_t kMostLengthBytes = 10;  // of a varint of 64 bits
constexpr size_t kKept = 64 << 10;       // of a buffer that is empty

struct Length {
  enum class Kind { kWhole, kPart, kNone };
  Kind kind = Kind::kPart;
  uint64_t bytes = 0;  // of the message
  size_t size = 0;     // of the length itself
};

Length LengthAt(std::string_view bytes) {
  Length length;
  const size_t most = std::min(bytes.size(), kMostLengthBytes);
  for (size_t i = 0; i < most; ++i) {
    const auto byte = static_cast<unsigned char>(bytes[i]);
    const uint64_t bits = byte & 0x7F;
    if (i + 1 == kMostLengthBytes && bits > 1) break;  // more than 64 bits
    length.bytes |= bits << (7 * i);
    if (byte < 0x80) {
      length.kind = Length::Kind::kWhole;
      length.size = i + 1;
      return length;
    }
  }
  if (most == kMostLengthBytes) length.kind = Length::Kind::kNone;
  return length;
}

}  // namespace

void DelimitedSplitter::Add(std::string_view piece) {
  bytes_.erase(0, begin_);
  begin_ = 0;
  if (bytes_.empty() && bytes_.capacity() > kKept) std::string().swap(bytes_);
  bytes_.append(piece);
}

absl::StatusOr<std::optional<std::string_view>> DelimitedSplitter::Next() {
  const std::string_view rest = std::string_view(bytes_).substr(begin_);
  const Length length = LengthAt(rest);
  if (length.kind == Length::Kind::kNone) {
    return absl::InvalidArgumentError(
        Text("message ", message_ + 1, " of the body has no length before it (a varint)"));
  }
  if (length.kind == Length::Kind::kPart) return std::nullopt;
  if (length.bytes > max_message_bytes_) {
    return absl::ResourceExhaustedError(Text("message ", message_ + 1, " of the body has ",
                                             length.bytes, " bytes, more than ",
                                             max_message_bytes_));
  }
  const auto size = static_cast<size_t>(length.bytes);
  if (rest.size() - length.size < size) return std::nullopt;
  ++message_;
  begin_ += length.size + size;
  return rest.substr(length.size, size);
}

absl::StatusOr<std::optional<std::string_view>> DelimitedSplitter::Last() {
  if (begin_ == bytes_.size()) return std::nullopt;
  return absl::InvalidArgumentError(
      Text("the body ends in the middle of its message ", message_ + 1));
}

std::string DelimitedSplitter::Where() const { return Text("message ", message_); }

std::string DelimitedLength(uint64_t bytes) {
  std::string length;
  for (; bytes >= 0x80; bytes >>= 7) length += static_cast<char>(bytes | 0x80);
  length += static_cast<char>(bytes);
  return length;
}

}  // namespace chains::gateway
