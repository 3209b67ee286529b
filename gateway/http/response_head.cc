#include "gateway/http/response_head.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "chains/core/text.h"

namespace chains::gateway {
namespace {

constexpr size_t kUsualHead = 512;

bool IsSetByServer(std::string_view name) {
  constexpr std::array<absl::string_view, 4> kOwn = {"connection", "content-length", "date",
                                                     "transfer-encoding"};
  return std::any_of(kOwn.begin(), kOwn.end(), [&](absl::string_view own) {
    return absl::EqualsIgnoreCase(ToAbsl(name), own);
  });
}

bool EndsLine(char c) { return c == '\r' || c == '\n' || c == '\0'; }

// Whether one of eight bytes may be below 0x20: a byte that borrows from the next one errs on that
// side.
bool MayHaveControl(uint64_t bytes) {
  constexpr uint64_t kEach = 0x0101010101010101;
  return ((bytes - kEach * 0x20) & ~bytes & (kEach * 0x80)) != 0;
}

// Whether some character may end a line, eight at a time: a seventh of what each by itself takes.
bool MayEndLine(std::string_view text) {
  uint64_t bytes = 0;
  for (; text.size() >= sizeof(bytes); text.remove_prefix(sizeof(bytes))) {
    std::memcpy(&bytes, text.data(), sizeof(bytes));
    if (MayHaveControl(bytes)) return true;
  }
  return std::any_of(text.begin(), text.end(), EndsLine);
}

// A name or value cannot end its line.
void AppendOnOneLine(std::string_view text, std::string& to) {
  const size_t begin = to.size();
  to.append(text);
  if (!MayEndLine(text)) return;
  std::replace_if(to.begin() + static_cast<ptrdiff_t>(begin), to.end(), EndsLine, ' ');
}

void AppendHeaders(const HttpHeaders& headers, std::string& to) {
  for (const auto& [name, value] : headers) {
    if (IsSetByServer(name)) continue;
    AppendOnOneLine(name, to);
    to.append(": ");
    AppendOnOneLine(value, to);
    to.append("\r\n");
  }
}

}  // namespace

bool HasBody(int status) { return status >= 200 && status != 204 && status != 304; }

// Appended piece by piece: putting it together line by line took five times as long.
std::string HeadOf(const Response& response, std::string_view date, bool keep_alive,
                   Framing framing, uint64_t length) {
  std::string head;
  head.reserve(kUsualHead);
  head.append("HTTP/1.1 ").append(std::to_string(response.status)).append(" ");
  head.append(ReasonOf(response.status)).append("\r\nDate: ").append(date).append("\r\n");
  AppendHeaders(response.headers, head);
  if (HasBody(response.status)) {
    if (framing == Framing::kLength) {
      head.append("Content-Length: ").append(std::to_string(length)).append("\r\n");
    } else if (framing == Framing::kChunked) {
      head.append("Transfer-Encoding: chunked\r\n");
    }
  }
  if (response.status == 101) return head.append("Connection: Upgrade\r\n\r\n");
  return head.append(keep_alive ? "Connection: keep-alive\r\n\r\n" : "Connection: close\r\n\r\n");
}

std::string ChunkOf(std::string_view piece) {
  std::string chunk = absl::StrCat(absl::Hex(piece.size()), "\r\n");
  chunk.reserve(chunk.size() + piece.size() + 2);
  return chunk.append(piece).append("\r\n");
}

std::string LastChunk(const HttpHeaders& trailers) {
  std::string chunk = "0\r\n";
  AppendHeaders(trailers, chunk);
  return chunk.append("\r\n");
}

}  // namespace chains::gateway
