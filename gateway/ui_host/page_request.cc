#include "gateway/ui_host/page_request.h"

#include <algorithm>
#include <arpa/inet.h>
#include <netinet/in.h>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "chains/core/text.h"
#include "gateway/http/web_socket_handshake.h"

namespace chains::gateway {
namespace {

constexpr size_t kLongestCookie = 6 << 10;

// Also behind what ends TLS in front of the gateway, which says so.
bool IsOverTls(const RequestHead& head) {
  if (head.is_tls) return true;
  return absl::EqualsIgnoreCase(ToAbsl(head.Header("x-forwarded-proto").value_or("")), "https");
}

std::string_view CookieName(const RequestHead& head) {
  return IsOverTls(head) ? "__Host-chains_key" : "chains_key";
}

std::optional<std::string_view> Cookie(const RequestHead& head, std::string_view name) {
  const auto cookies = head.Header("cookie");
  if (!cookies) return std::nullopt;
  for (const absl::string_view each : absl::StrSplit(ToAbsl(*cookies), ';')) {
    const std::string_view cookie = ToStd(absl::StripAsciiWhitespace(each));
    const size_t equals = cookie.find('=');
    if (equals != std::string_view::npos && cookie.substr(0, equals) == name) {
      return cookie.substr(equals + 1);
    }
  }
  return std::nullopt;
}

// Origin says the request's own host, and its scheme where that is known.
bool IsOwnOrigin(const RequestHead& head, std::string_view origin) {
  if (head.is_tls && !origin.starts_with("https://")) return false;
  return IsSameOrigin(head);
}

bool IsPrintable(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7F; });
}

}  // namespace

bool IsFromPage(const RequestHead& head) {
  const auto origin = head.Header("origin");
  if (origin && !IsOwnOrigin(head, *origin)) return false;
  const auto site = head.Header("sec-fetch-site");
  if (site && *site != "same-origin") return false;
  if (AsksForWebSocket(head)) return origin.has_value();
  if (head.Header("chains-ui").value_or("") != "1") return false;
  // Browsers say one of them with all but GET and HEAD; with these, too, where TLS or the very
  // machine is asked.
  const bool is_safe = head.method == "GET" || head.method == "HEAD";
  return origin || site || is_safe;
}

std::optional<std::string> CookieKey(const RequestHead& head) {
  const auto cookie = Cookie(head, CookieName(head));
  if (!cookie || cookie->size() > kLongestCookie || !IsFromPage(head)) return std::nullopt;
  std::string key;
  const bool decodes = absl::WebSafeBase64Unescape(ToAbsl(*cookie), &key);
  if (!decodes || key.empty() || !IsPrintable(key)) return std::nullopt;
  return Text("Api-Key ", key);
}

std::string KeepingCookie(const RequestHead& head, std::string_view key, absl::Duration lifetime) {
  return Text(CookieName(head), "=", absl::WebSafeBase64Escape(ToAbsl(key)),
              "; Path=/; Max-Age=", absl::ToInt64Seconds(lifetime), "; HttpOnly; SameSite=Strict",
              IsOverTls(head) ? "; Secure" : "");
}

std::string DroppingCookie(const RequestHead& head) {
  return KeepingCookie(head, "", absl::ZeroDuration());
}

bool IsPlainHost(const RequestHead& head) {
  std::string host(head.Header("host").value_or(""));
  if (host.starts_with('[')) {
    const size_t end = host.find(']');
    in6_addr address{};
    return end != std::string::npos &&
           inet_pton(AF_INET6, host.substr(1, end - 1).c_str(), &address) == 1;
  }
  host.resize(std::min(host.find(':'), host.size()));
  in_addr address{};
  return absl::EqualsIgnoreCase(host, "localhost") ||
         absl::EndsWithIgnoreCase(host, ".localhost") ||
         inet_pton(AF_INET, host.c_str(), &address) == 1;
}

}  // namespace chains::gateway
