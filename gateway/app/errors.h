// Failures as HTTP responses: {"error": {"code", "message", "details", "path"}}.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "gateway/http/message.h"

namespace chains::gateway {

// gRPC's canonical codes to HTTP's: INVALID_ARGUMENT 400, UNAVAILABLE 503, CANCELLED 499, …
int HttpStatusOf(absl::StatusCode code);
// The other way, for what HTTP itself refuses: 413 is RESOURCE_EXHAUSTED, 405 UNIMPLEMENTED, …
absl::StatusCode CodeOf(int http_status);

// `failure` as one that HTTP has a status of its own for: 413, 415, 416. It stays with the status
// through coroutines; no client sees it but by the status of its response.
absl::Status WithHttpStatus(absl::Status failure, int http_status);
// That status, or the one of its code.
int HttpStatusOf(const absl::Status& status);

// "path" lists the calls that the failure came through, the entrypoint first; "details" what
// chainlets attached, by type. What asks to be tried again later carries Retry-After: what the
// refusal says (contract/push_back.h), or a second.
Response ErrorResponse(const absl::Status& status);
// The same under another HTTP status.
Response ErrorResponse(const absl::Status& status, int http_status);
// What such a response has as "error".
std::string ErrorObject(const absl::Status& status);

}  // namespace chains::gateway
