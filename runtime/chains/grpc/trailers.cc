#include "chains/grpc/trailers.h"

#include <algorithm>

namespace chains::internal {
namespace {

constexpr size_t kMaxTrailers = 8192;
constexpr size_t kOthers = 512;  // names, status code, what HTTP/2 counts for each

// Binary metadata is base64 on the wire.
size_t AsText(size_t bytes) { return (bytes * 4 + 2) / 3; }

size_t Quoted(char c) { return c >= 0x20 && c <= 0x7e && c != '%' ? 1 : 3; }

// At most `max` bytes of `text`, whole UTF-8 characters.
std::string_view CutText(std::string_view text, size_t max) {
  if (text.size() <= max) return text;
  size_t end = max;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end);
}

size_t RoomBeside(size_t detail_bytes) {
  const size_t taken = kOthers + AsText(detail_bytes);
  return taken < kMaxTrailers ? kMaxTrailers - taken : 0;
}

}  // namespace

size_t RoomInTrailers(const grpc::Status& status) {
  size_t said = 0;
  for (const char c : status.error_message()) said += Quoted(c);
  const size_t room = RoomBeside(status.error_details().size());
  return said < room ? (room - said) / 4 * 3 : 0;
}

std::string_view CutToTrailers(std::string_view message, size_t max_bytes, size_t detail_bytes) {
  size_t room = RoomBeside(detail_bytes);
  size_t fits = 0;
  while (fits < message.size() && room >= Quoted(message[fits])) room -= Quoted(message[fits++]);
  return CutText(message, std::min(fits, max_bytes));
}

}  // namespace chains::internal
