#include "gateway/http/web_socket_handshake.h"

#include <array>

#include <openssl/sha.h>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "chains/core/text.h"

namespace chains::gateway {
namespace {

constexpr std::string_view kGuid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";  // RFC 6455, 1.3
constexpr size_t kNonceBytes = 16;

// Calls `see` for each member of the lists that the headers of this name hold.
template <typename See>
void ForEachMember(const RequestHead& head, std::string_view name, const See& see) {
  for (const auto& [key, value] : head.headers) {
    if (!absl::EqualsIgnoreCase(key, ToAbsl(name))) continue;
    for (const absl::string_view member : absl::StrSplit(value, ',')) {
      const absl::string_view stripped = absl::StripAsciiWhitespace(member);
      if (!stripped.empty()) see(ToStd(stripped));
    }
  }
}

bool HasMember(const RequestHead& head, std::string_view name, std::string_view wanted) {
  bool found = false;
  ForEachMember(head, name, [&](std::string_view member) {
    found |= absl::EqualsIgnoreCase(ToAbsl(member), ToAbsl(wanted));
  });
  return found;
}

size_t CountOf(const RequestHead& head, std::string_view name) {
  size_t count = 0;
  for (const auto& [key, value] : head.headers) {
    count += absl::EqualsIgnoreCase(key, ToAbsl(name)) ? 1 : 0;
  }
  return count;
}

// 16 bytes in base64, which is 24 characters.
bool IsNonce(std::string_view key) {
  constexpr size_t kCharacters = 24;
  std::string nonce;
  return key.size() == kCharacters && absl::Base64Unescape(ToAbsl(key), &nonce) &&
         nonce.size() == kNonceBytes;
}

}  // namespace

bool AsksForWebSocket(const RequestHead& head) { return HasMember(head, "upgrade", "websocket"); }

std::optional<HandshakeProblem> HandshakeProblemOf(const RequestHead& head) {
  if (head.method != "GET") return HandshakeProblem{405, "a WebSocket begins with GET"};
  if (head.is_http_1_0) return HandshakeProblem{400, "a WebSocket begins with HTTP/1.1"};
  if (!HasMember(head, "connection", "upgrade")) {
    return HandshakeProblem{400, "a WebSocket wants the header Connection: Upgrade"};
  }
  if (head.content_length.value_or(0) > 0 || head.Header("transfer-encoding")) {
    return HandshakeProblem{400, "the request for a WebSocket has no body"};
  }
  const std::optional<std::string_view> version = head.Header("sec-websocket-version");
  if (!version || absl::StripAsciiWhitespace(ToAbsl(*version)) != "13") {
    return HandshakeProblem{426, "Sec-WebSocket-Version must be 13"};
  }
  const std::optional<std::string_view> key = head.Header("sec-websocket-key");
  const bool is_nonce = key && IsNonce(ToStd(absl::StripAsciiWhitespace(ToAbsl(*key))));
  if (!is_nonce || CountOf(head, "sec-websocket-key") != 1) {
    return HandshakeProblem{400, "Sec-WebSocket-Key must be 16 bytes in base64"};
  }
  return std::nullopt;
}

std::vector<std::string_view> SubprotocolsOf(const RequestHead& head) {
  std::vector<std::string_view> offered;
  ForEachMember(head, "sec-websocket-protocol",
                [&](std::string_view member) { offered.push_back(member); });
  return offered;
}

std::string AcceptOf(std::string_view key) {
  const std::string text = Text(key, kGuid);
  std::array<unsigned char, SHA_DIGEST_LENGTH> digest;
  SHA1(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
  const absl::string_view bytes(reinterpret_cast<const char*>(digest.data()), digest.size());
  return absl::Base64Escape(bytes);
}

Response SwitchingProtocols(const RequestHead& head, std::string_view subprotocol) {
  const absl::string_view key = ToAbsl(head.Header("sec-websocket-key").value_or(""));
  Response response;
  response.status = 101;
  response.headers.emplace_back("Upgrade", "websocket");
  response.headers.emplace_back("Sec-WebSocket-Accept",
                                AcceptOf(ToStd(absl::StripAsciiWhitespace(key))));
  if (!subprotocol.empty()) response.headers.emplace_back("Sec-WebSocket-Protocol", subprotocol);
  return response;
}

bool IsSameOrigin(const RequestHead& head) {
  const std::optional<std::string_view> origin = head.Header("origin");
  if (!origin) return true;
  const size_t scheme = origin->find("://");
  if (scheme == std::string_view::npos) return false;  // "null", say
  return absl::EqualsIgnoreCase(ToAbsl(origin->substr(scheme + 3)),
                                ToAbsl(head.Header("host").value_or("")));
}

}  // namespace chains::gateway
