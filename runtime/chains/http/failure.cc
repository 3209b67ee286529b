#include "chains/http/failure.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/strip.h"
#include "chains/contract/push_back.h"
#include "chains/core/text.h"
#include "chains/json/json_reader.h"

namespace chains::http {
namespace {

using json::JsonReader;
using Kind = JsonReader::Kind;

constexpr size_t kMostOfMessage = 1024;

// What a body says of a failure.
struct Said {
  std::string message;
  std::optional<absl::StatusCode> code;
};

constexpr std::array<std::pair<std::string_view, absl::StatusCode>, 16> kNames = {{
    {"CANCELLED", absl::StatusCode::kCancelled},
    {"UNKNOWN", absl::StatusCode::kUnknown},
    {"INVALID_ARGUMENT", absl::StatusCode::kInvalidArgument},
    {"DEADLINE_EXCEEDED", absl::StatusCode::kDeadlineExceeded},
    {"NOT_FOUND", absl::StatusCode::kNotFound},
    {"ALREADY_EXISTS", absl::StatusCode::kAlreadyExists},
    {"PERMISSION_DENIED", absl::StatusCode::kPermissionDenied},
    {"RESOURCE_EXHAUSTED", absl::StatusCode::kResourceExhausted},
    {"FAILED_PRECONDITION", absl::StatusCode::kFailedPrecondition},
    {"ABORTED", absl::StatusCode::kAborted},
    {"OUT_OF_RANGE", absl::StatusCode::kOutOfRange},
    {"UNIMPLEMENTED", absl::StatusCode::kUnimplemented},
    {"INTERNAL", absl::StatusCode::kInternal},
    {"UNAVAILABLE", absl::StatusCode::kUnavailable},
    {"DATA_LOSS", absl::StatusCode::kDataLoss},
    {"UNAUTHENTICATED", absl::StatusCode::kUnauthenticated},
}};

void TakeCode(std::string_view name, Said& said) {
  for (const auto& [known, code] : kNames) {
    if (known == name) said.code = code;
  }
}

// The object that `error` names, or the whole body.
void ReadObject(JsonReader& in, Said& said, bool whole) {
  in.BeginObject();
  for (std::string_view key; in.NextMember(key);) {
    const std::string name(key);
    const Kind kind = in.Peek();
    std::string_view text;
    if (whole && name == "error" && kind == Kind::kObject) {
      ReadObject(in, said, false);
    } else if (kind != Kind::kString) {
      in.Skip();
    } else if (in.ReadString(text)) {
      const bool says = name == "message" || (whole && (name == "error" || name == "detail"));
      if (says && said.message.empty()) said.message = text;
      if (!whole && (name == "code" || name == "status")) TakeCode(text, said);
    }
  }
}

// At most so much that is UTF-8 and of one line.
std::string Shortened(std::string_view text) {
  std::string kept;
  for (size_t at = 0; at < text.size() && kept.size() < kMostOfMessage;) {
    const size_t length = json::Utf8Length(text, at);
    if (length == 0) break;
    const std::string_view character = text.substr(at, length);
    at += length;
    const bool is_control = length == 1 && absl::ascii_iscntrl(character[0]);
    kept += is_control ? " " : character;
  }
  absl::StripAsciiWhitespace(&kept);
  return kept;
}

Said SaidBy(std::string_view body) {
  Said said;
  JsonReader in(body);
  if (in.Peek() == Kind::kObject) {
    ReadObject(in, said, true);
  } else {
    said.message = body.substr(0, body.find('\n'));
  }
  said.message = Shortened(said.message);
  return said;
}

// In seconds (RFC 9110, 10.2.3); its other form, a date, says nothing to a clock that differs.
std::optional<absl::Duration> RetryAfterIn(const Response& response) {
  const auto header = response.headers.find("retry-after");
  int64_t seconds = 0;
  if (header == response.headers.end() || !absl::SimpleAtoi(header->second, &seconds) ||
      seconds < 0) {
    return std::nullopt;
  }
  return std::min(absl::Seconds(seconds), kLongestPushBack);
}

}  // namespace

absl::StatusCode CodeOf(int http_status) {
  switch (http_status) {
    case 400:
    case 422:
      return absl::StatusCode::kInvalidArgument;
    case 401:
      return absl::StatusCode::kUnauthenticated;
    case 403:
      return absl::StatusCode::kPermissionDenied;
    case 404:
      return absl::StatusCode::kNotFound;
    case 408:
    case 504:
      return absl::StatusCode::kDeadlineExceeded;
    case 409:
      return absl::StatusCode::kAborted;
    case 413:
    case 429:
      return absl::StatusCode::kResourceExhausted;
    case 416:
      return absl::StatusCode::kOutOfRange;
    case 499:
      return absl::StatusCode::kCancelled;
    case 501:
      return absl::StatusCode::kUnimplemented;
    case 502:
    case 503:
      return absl::StatusCode::kUnavailable;
    default:
      return http_status >= 500 ? absl::StatusCode::kInternal
                                : absl::StatusCode::kFailedPrecondition;
  }
}

absl::Status FailureOf(std::string_view where, const Response& response) {
  std::string why;
  std::optional<absl::StatusCode> code;
  const auto location = response.headers.find("location");
  if (response.status >= 300 && response.status < 400 && location != response.headers.end()) {
    why = Text("it is elsewhere; give this URL instead: ", Shortened(location->second));
  } else {
    Said said = SaidBy(response.body);
    why = std::move(said.message);
    code = said.code;
  }
  absl::Status failure(code.value_or(CodeOf(response.status)),
                       Text(where, ": HTTP ", response.status, why.empty() ? "" : ": ", why));
  if (const std::optional<absl::Duration> wait = RetryAfterIn(response)) {
    return WithRetryAfter(std::move(failure), *wait);
  }
  return failure;
}

std::optional<absl::Status> FailureIn(std::string_view where, std::string_view json) {
  JsonReader in(json);
  if (in.Peek() != Kind::kObject) return std::nullopt;
  in.BeginObject();
  std::string_view key;
  if (!in.NextMember(key) || key != "error") return std::nullopt;
  const Kind kind = in.Peek();
  if (kind != Kind::kObject && kind != Kind::kString) return std::nullopt;
  if (!in.Skip() || in.NextMember(key) || !in.Finish()) return std::nullopt;
  const Said said = SaidBy(json);
  return absl::Status(said.code.value_or(absl::StatusCode::kUnknown),
                      Text(where, ": ", said.message));
}

}  // namespace chains::http
