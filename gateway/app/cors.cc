#include "gateway/app/cors.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "chains/core/text.h"

namespace chains::gateway {
namespace {

// Of which methods there is something here.
constexpr const char* kMethods = "GET, HEAD, POST, DELETE";
// What a page may read beside the few that browsers always show.
constexpr const char* kExposed =
    "X-Request-Id, Traceparent, Chains-Receipt, Retry-After, WWW-Authenticate, ETag, "
    "Content-Range, "
    "Accept-Ranges, Location, RateLimit, RateLimit-Policy";
constexpr const char* kSeconds = "7200";  // browsers remember no longer

bool IsHostAndPort(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return absl::ascii_islower(byte) || absl::ascii_isdigit(byte) ||
           std::string_view(".-:[]").find(c) != std::string_view::npos;
  });
}

// As RFC 6454 serializes one: scheme, host in lower case, port only where it is not the usual one.
bool IsOrigin(std::string_view text) {
  const size_t end = text.find("://");
  if (end == std::string_view::npos || end == 0) return false;
  const std::string_view scheme = text.substr(0, end);
  const bool is_word = std::all_of(scheme.begin(), scheme.end(), [](char c) {
    return absl::ascii_islower(static_cast<unsigned char>(c)) || c == '-' || c == '+';
  });
  const std::string_view host = text.substr(end + 3);
  const bool has_usual_port = (scheme == "http" && absl::EndsWith(ToAbsl(host), ":80")) ||
                              (scheme == "https" && absl::EndsWith(ToAbsl(host), ":443"));
  return is_word && IsHostAndPort(host) && !has_usual_port;
}

// Requested headers come back as they were asked for: names of tokens and commas only.
bool IsListOfTokens(std::string_view text) {
  constexpr size_t kLongest = 4096;
  return text.size() <= kLongest && std::all_of(text.begin(), text.end(), [](char c) {
           const auto byte = static_cast<unsigned char>(c);
           return absl::ascii_isalnum(byte) ||
                  std::string_view("!#$%&'*+-.^_`|~, ").find(c) != std::string_view::npos;
         });
}

}  // namespace

absl::StatusOr<Cors> Cors::Create(const std::vector<std::string>& origins) {
  Cors cors;
  for (const std::string& origin : origins) {
    if (origin == "*") {
      cors.all_ = true;
    } else if (IsOrigin(origin)) {
      cors.origins_.insert(origin);
    } else {
      return absl::InvalidArgumentError(
          Text(origin,
               " is no origin: give scheme and host as browsers send them, "
               "https://app.example.com or http://localhost:3000, or * for every page"));
    }
  }
  return cors;
}

bool Cors::Allows(std::string_view origin) const { return all_ || origins_.count(origin) > 0; }

void Cors::AllowOrigin(const RequestHead& head, HttpHeaders& headers) const {
  if (all_) {
    headers.emplace_back("Access-Control-Allow-Origin", "*");
    return;
  }
  // Caches keep an answer for each origin.
  headers.emplace_back("Vary", "Origin");
  const std::optional<std::string_view> origin = head.Header("origin");
  if (origin && Allows(*origin)) headers.emplace_back("Access-Control-Allow-Origin", *origin);
}

std::optional<Response> Cors::Preflight(const RequestHead& head) const {
  const bool is_one = head.method == "OPTIONS" && head.Header("origin") &&
                      head.Header("access-control-request-method");
  if (!enabled() || !is_one) return std::nullopt;
  Response response;
  response.status = 204;
  AllowOrigin(head, response.headers);
  if (!Allows(*head.Header("origin"))) return response;
  response.headers.emplace_back("Access-Control-Allow-Methods", kMethods);
  const std::optional<std::string_view> asked = head.Header("access-control-request-headers");
  if (asked && IsListOfTokens(*asked)) {
    response.headers.emplace_back("Access-Control-Allow-Headers", *asked);
    response.headers.emplace_back("Vary", "Access-Control-Request-Headers");
  }
  response.headers.emplace_back("Access-Control-Max-Age", kSeconds);
  return response;
}

void Cors::Expose(const RequestHead& head, Response& response) const {
  if (!enabled()) return;
  AllowOrigin(head, response.headers);
  const std::optional<std::string_view> origin = head.Header("origin");
  if (origin && Allows(*origin)) {
    response.headers.emplace_back("Access-Control-Expose-Headers", kExposed);
  }
}

}  // namespace chains::gateway
