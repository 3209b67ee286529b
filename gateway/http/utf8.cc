#include "gateway/http/utf8.h"

#include <cstring>

namespace chains::gateway {
namespace {

constexpr uint64_t kHighBits = 0x8080808080808080;

// How many bytes at the beginning are certainly ASCII, eight at a time.
size_t AsciiLength(std::string_view bytes) {
  size_t at = 0;
  for (; bytes.size() - at >= sizeof(uint64_t); at += sizeof(uint64_t)) {
    uint64_t eight = 0;
    std::memcpy(&eight, bytes.data() + at, sizeof(eight));
    if ((eight & kHighBits) != 0) break;
  }
  return at;
}

}  // namespace

bool Utf8Check::Feed(std::string_view bytes) {
  size_t at = 0;
  while (valid_ && at < bytes.size()) {
    if (missing_ == 0) at += AsciiLength(bytes.substr(at));
    if (at < bytes.size()) valid_ = Step(static_cast<uint8_t>(bytes[at++]));
  }
  return valid_;
}

bool Utf8Check::Step(uint8_t byte) {
  if (missing_ > 0) {
    const bool fits = byte >= lowest_ && byte <= highest_;
    lowest_ = 0x80;
    highest_ = 0xBF;
    --missing_;
    return fits;
  }
  if (byte < 0x80) return true;
  if (byte < 0xC2 || byte > 0xF4) return false;
  missing_ = byte < 0xE0 ? 1 : byte < 0xF0 ? 2 : 3;
  if (byte == 0xE0) lowest_ = 0xA0;
  if (byte == 0xED) highest_ = 0x9F;
  if (byte == 0xF0) lowest_ = 0x90;
  if (byte == 0xF4) highest_ = 0x8F;
  return true;
}

std::string_view Utf8Prefix(std::string_view text, size_t max_bytes) {
  if (text.size() <= max_bytes) return text;
  size_t end = max_bytes;
  while (end > 0 && (static_cast<uint8_t>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end);
}

}  // namespace chains::gateway
