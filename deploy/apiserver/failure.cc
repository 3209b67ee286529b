#include "deploy/apiserver/failure.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/strip.h"
#include "chains/core/text.h"

namespace chains::deploy {
namespace {

constexpr size_t kMaxText = 2000;  // of what a server says, in a message
constexpr int kMaxWaitSeconds = 10;

absl::StatusCode CodeOf(int http_status, std::string_view reason) {
  switch (http_status) {
    case 400:
    case 413:
    case 415:
    case 422:
      return absl::StatusCode::kInvalidArgument;
    case 401:
      return absl::StatusCode::kUnauthenticated;
    case 403:
      return absl::StatusCode::kPermissionDenied;
    case 404:
      return absl::StatusCode::kNotFound;
    case 409:
      return reason == "AlreadyExists" ? absl::StatusCode::kAlreadyExists
                                       : absl::StatusCode::kAborted;
    case 412:
      return absl::StatusCode::kAborted;
    case 410:
      return absl::StatusCode::kOutOfRange;
    case 429:
      return absl::StatusCode::kResourceExhausted;
    case 408:
      return absl::StatusCode::kUnavailable;
    default:
      return http_status >= 500 ? absl::StatusCode::kUnavailable
                                : absl::StatusCode::kFailedPrecondition;
  }
}

// What somebody can do about it, where the server's own words do not say.
std::string_view AdviceOf(int http_status, std::string_view reason) {
  if (http_status == 401) {
    return "; the server does not take this token or certificate: it may have expired";
  }
  if (reason == "Expired" || http_status == 410) return "; list again";
  if (http_status >= 300 && http_status < 400) return "; is this the address of an API server?";
  return "";
}

std::string Shortened(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
  if (text.size() <= kMaxText) return text;
  size_t end = kMaxText;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;  // whole letters
  text.resize(end);
  return text + "…";
}

// What applying says of a field that the kind does not have, and calls a failure of its own, 500
// (structured-merge-diff, as apimachinery's managedfields passes it on).
bool IsUnknownField(int http_status, std::string_view said) {
  return http_status == 500 && absl::StrContains(ToAbsl(said), "field not declared in schema");
}

absl::Status Failure(int http_status, std::string_view reason, std::string said,
                     std::string_view what) {
  const std::string words = Shortened(std::move(said));
  const absl::StatusCode code = IsUnknownField(http_status, words)
                                    ? absl::StatusCode::kInvalidArgument
                                    : CodeOf(http_status, reason);
  return absl::Status(code, Text("cannot ", what, ": ", words, words.empty() ? "" : " ", "(HTTP ",
                                 http_status, ")", AdviceOf(http_status, reason)));
}

bool IsStatus(const Json& object) { return StringAt(object, "/kind") == "Status"; }

}  // namespace

absl::Status FailureOf(const HttpResponse& response, std::string_view what) {
  if (response.status >= 200 && response.status < 300) return absl::OkStatus();
  const absl::StatusOr<Json> body = ParseObject(response.body);
  if (!body.ok() || !IsStatus(*body)) return Failure(response.status, "", response.body, what);
  return Failure(response.status, StringAt(*body, "/reason"), StringAt(*body, "/message"), what);
}

absl::Status FailureOf(const Json& status, std::string_view what) {
  const int64_t code = IntAt(status, "/code", 500);
  const bool possible = code >= 300 && code < 600;
  return Failure(possible ? static_cast<int>(code) : 500, StringAt(status, "/reason"),
                 StringAt(status, "/message"), what);
}

std::optional<absl::Duration> RetryAfterOf(const HttpResponse& response) {
  int seconds = 0;
  const auto header = response.headers.find("retry-after");
  if (header == response.headers.end() || !absl::SimpleAtoi(header->second, &seconds) ||
      seconds < 0) {
    return std::nullopt;
  }
  return absl::Seconds(std::min(seconds, kMaxWaitSeconds));
}

bool IsPassing(int http_status) {
  return http_status == 429 || http_status == 500 || (http_status >= 502 && http_status <= 504);
}

}  // namespace chains::deploy
