#include "gateway/app/errors.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/cord.h"
#include "absl/strings/numbers.h"
#include "chains/contract/push_back.h"
#include "chains/contract/status_path.h"
#include "chains/core/text.h"
#include "chains/json/json_writer.h"

namespace chains::gateway {
namespace {

using json::JsonWriter;

constexpr absl::Duration kUsualWait = absl::Seconds(1);
constexpr const char* kHttpStatus = "chains.gateway/http-status";  // a payload: its digits

// The path travels as a payload too; it has a place of its own.
bool IsPath(std::string_view type_url) { return type_url.ends_with("chains.v1.ErrorPath"); }

void WriteDetails(const absl::Status& status, JsonWriter& json) {
  json.BeginArray();
  status.ForEachPayload([&](absl::string_view type_url, const absl::Cord& payload) {
    if (IsPath(ToStd(type_url)) || type_url == kHttpStatus) return;
    json.BeginObject();
    json.Key("type").String(ToStd(type_url));
    json.Key("value_b64").Base64(std::string(payload));
    json.End();
  });
  json.End();
}

void WritePath(const absl::Status& status, JsonWriter& json) {
  json.BeginArray();
  for (const Hop& hop : PathOf(status)) {
    json.BeginObject();
    json.Key("chainlet").String(hop.chainlet);
    json.Key("method").String(hop.method);
    json.Key("replica").String(hop.replica);
    if (hop.attempt > 0) json.Key("attempt").Integer(hop.attempt);
    json.End();
  }
  json.End();
}

// In whole seconds, as the header has them. What should not be tried again says nothing.
void AddRetryAfter(const absl::Status& status, Response& response) {
  const absl::Duration wait = RetryAfterOf(status).value_or(kUsualWait);
  if (wait < absl::ZeroDuration()) return;
  // Who comes a millisecond early for it comes on time: the way here takes longer.
  const absl::Duration rounded = absl::Ceil(wait - absl::Milliseconds(1), absl::Seconds(1));
  const absl::Duration whole = std::max(rounded, kUsualWait);
  response.headers.emplace_back("Retry-After", Text(absl::ToInt64Seconds(whole)));
}

void WriteError(const absl::Status& status, JsonWriter& json) {
  json.BeginObject();
  json.Key("code").String(absl::StatusCodeToString(status.code()));
  json.Key("message").String(MessageOf(status));
  json.Key("details");
  WriteDetails(status, json);
  json.Key("path");
  WritePath(status, json);
  json.End();
}

}  // namespace

int HttpStatusOf(absl::StatusCode code) {
  switch (code) {
    case absl::StatusCode::kOk:
      return 200;
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kFailedPrecondition:
    case absl::StatusCode::kOutOfRange:
      return 400;
    case absl::StatusCode::kUnauthenticated:
      return 401;
    case absl::StatusCode::kPermissionDenied:
      return 403;
    case absl::StatusCode::kNotFound:
      return 404;
    case absl::StatusCode::kAlreadyExists:
    case absl::StatusCode::kAborted:
      return 409;
    case absl::StatusCode::kResourceExhausted:
      return 429;
    case absl::StatusCode::kCancelled:
      return 499;
    case absl::StatusCode::kUnimplemented:
      return 501;
    case absl::StatusCode::kUnavailable:
      return 503;
    case absl::StatusCode::kDeadlineExceeded:
      return 504;
    default:
      return 500;
  }
}

absl::StatusCode CodeOf(int http_status) {
  switch (http_status) {
    case 401:
      return absl::StatusCode::kUnauthenticated;
    case 403:
      return absl::StatusCode::kPermissionDenied;
    case 404:
      return absl::StatusCode::kNotFound;
    case 408:
      return absl::StatusCode::kDeadlineExceeded;
    case 413:
    case 429:
      return absl::StatusCode::kResourceExhausted;
    case 405:
    case 501:
    case 505:
      return absl::StatusCode::kUnimplemented;
    case 503:
      return absl::StatusCode::kUnavailable;
    case 504:
      return absl::StatusCode::kDeadlineExceeded;
    default:
      return http_status < 500 ? absl::StatusCode::kInvalidArgument : absl::StatusCode::kInternal;
  }
}

absl::Status WithHttpStatus(absl::Status failure, int http_status) {
  failure.SetPayload(kHttpStatus, absl::Cord(Text(http_status)));
  return failure;
}

int HttpStatusOf(const absl::Status& status) {
  const absl::optional<absl::Cord> own = status.GetPayload(kHttpStatus);
  int http_status = 0;
  const bool has_own = own && absl::SimpleAtoi(std::string(*own), &http_status);
  return has_own && http_status >= 400 && http_status < 600 ? http_status
                                                            : HttpStatusOf(status.code());
}

Response ErrorResponse(const absl::Status& status) {
  return ErrorResponse(status, HttpStatusOf(status));
}

std::string ErrorObject(const absl::Status& status) {
  JsonWriter json;
  WriteError(status, json);
  return std::move(json).Take();
}

Response ErrorResponse(const absl::Status& status, int http_status) {
  JsonWriter json;
  json.BeginObject().Key("error");
  WriteError(status, json);
  json.End();
  Response response{.status = http_status, .headers = {}, .body = std::move(json).Take()};
  response.headers.emplace_back("Content-Type", "application/json");
  if (http_status == 429 || http_status == 503) AddRetryAfter(status, response);
  return response;
}

}  // namespace chains::gateway
