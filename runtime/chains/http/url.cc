#include "chains/http/url.h"

#include <algorithm>

#include "absl/algorithm/container.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "chains/core/text.h"

namespace chains::http {
namespace {

absl::Status Refuse(std::string_view url, std::string_view why) {
  return absl::InvalidArgumentError(Text("'", url, "': ", why));
}

bool IsOfHost(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '-' || c == '_';
}

bool IsOfAddress(char c) {
  return absl::ascii_isxdigit(static_cast<unsigned char>(c)) || c == ':' || c == '.';
}

// RFC 3986: pchar and '/'; what is encoded is left as it is.
bool IsOfPath(char c) {
  constexpr std::string_view kOther = "-._~!$&'()*+,;=:@/%";
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) || kOther.find(c) != kOther.npos;
}

// "HOST" or "[ADDRESS]", which it takes from `rest`; empty: there is none.
std::string_view TakeHost(std::string_view& rest) {
  size_t end = 0;
  if (rest.starts_with('[')) {
    end = rest.find(']');
    if (end == rest.npos || end == 1) return "";
    if (!absl::c_all_of(rest.substr(1, end - 1), IsOfAddress)) return "";
    ++end;
  } else {
    end = static_cast<size_t>(absl::c_find_if_not(rest, IsOfHost) - rest.begin());
  }
  const std::string_view host = rest.substr(0, end);
  rest.remove_prefix(end);
  return host;
}

bool IsPort(std::string_view text) {
  int port = 0;
  return !text.empty() && text.size() <= 5 && absl::c_all_of(text, absl::ascii_isdigit) &&
         absl::SimpleAtoi(ToAbsl(text), &port) && port >= 1 && port <= 65535;
}

}  // namespace

absl::StatusOr<UrlParts> ParseUrl(std::string_view url) {
  UrlParts parts;
  const size_t colon = url.find("://");
  if (colon == url.npos) {
    return Refuse(url, "this is no URL, as https://10.0.0.1:6443 is");
  }
  parts.scheme = absl::AsciiStrToLower(ToAbsl(url.substr(0, colon)));
  const bool secure = parts.scheme == "https" || parts.scheme == "grpcs";
  if (!secure && parts.scheme != "http" && parts.scheme != "grpc") {
    return Refuse(url, "only http, https, grpc and grpcs are possible");
  }
  std::string_view rest = url.substr(colon + 3);
  if (rest.find_first_of("@?#") != rest.npos) {
    return Refuse(url, "a user, '?' or '#' has no place in it");
  }
  parts.host = TakeHost(rest);
  if (parts.host.empty()) return Refuse(url, "it names no host");
  parts.port = secure ? "443" : "80";
  if (rest.starts_with(':')) {
    const size_t end = std::min(rest.find('/'), rest.size());
    parts.port = rest.substr(1, end - 1);
    if (!IsPort(parts.port)) return Refuse(url, "its port is none of 1 to 65535");
    rest.remove_prefix(end);
  }
  if (!rest.empty() && (rest[0] != '/' || !absl::c_all_of(rest, IsOfPath))) {
    return Refuse(url, "after the host and its port comes nothing but a path");
  }
  while (rest.ends_with('/')) rest.remove_suffix(1);
  parts.path = rest;
  return parts;
}

absl::StatusOr<UrlParts> ParseHttpUrl(std::string_view url) {
  absl::StatusOr<UrlParts> parts = ParseUrl(url);
  if (parts.ok() && parts->scheme != "http" && parts->scheme != "https") {
    return Refuse(url, "only http and https are possible");
  }
  return parts;
}

bool IsLoopback(std::string_view host) {
  return host == "localhost" || host == "[::1]" || absl::StartsWith(ToAbsl(host), "127.");
}

}  // namespace chains::http
