#include "gateway/http/response_head.h"

#include <algorithm>
#include <array>

#include "absl/strings/match.h"
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

// A name or value cannot end its line. Looks at all of it without a branch a character.
void AppendOnOneLine(std::string_view text, std::string& to) {
  const size_t begin = to.size();
  to.append(text);
  bool ends = false;
  for (const char c : text) ends |= EndsLine(c);
  if (ends) std::replace_if(to.begin() + static_cast<ptrdiff_t>(begin), to.end(), EndsLine, ' ');
}

}  // namespace

bool HasBody(int status) { return status >= 200 && status != 204 && status != 304; }

// Appended piece by piece: putting it together line by line took five times as long.
std::string HeadOf(const Response& response, std::string_view date, bool keep_alive) {
  std::string head;
  head.reserve(kUsualHead);
  head.append("HTTP/1.1 ").append(std::to_string(response.status)).append(" ");
  head.append(ReasonOf(response.status)).append("\r\nDate: ").append(date).append("\r\n");
  for (const auto& [name, value] : response.headers) {
    if (IsSetByServer(name)) continue;
    AppendOnOneLine(name, head);
    head.append(": ");
    AppendOnOneLine(value, head);
    head.append("\r\n");
  }
  if (HasBody(response.status)) {
    head.append("Content-Length: ").append(std::to_string(response.body.size())).append("\r\n");
  }
  return head.append(keep_alive ? "Connection: keep-alive\r\n\r\n" : "Connection: close\r\n\r\n");
}

}  // namespace chains::gateway
