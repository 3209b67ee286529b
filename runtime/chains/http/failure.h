// What an HTTP server's refusal is to a caller of the contract.
//
//   if (answer.status != 200) co_return FailureOf("https://models.example/v1/chat", answer);
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "chains/http/transport.h"

namespace chains::http {

// The table of google.rpc.Code read backwards: 400 INVALID_ARGUMENT, 401 UNAUTHENTICATED, 404
// NOT_FOUND, 429 RESOURCE_EXHAUSTED, 502 and 503 UNAVAILABLE, 504 DEADLINE_EXCEEDED, …; what is not
// in it is FAILED_PRECONDITION below 500 and INTERNAL above.
absl::StatusCode CodeOf(int http_status);

// `where` was asked. The code is the server's own where the body names one, as Chains and Google's
// services do; the message is what the body says ({"error": {"message": …}}, {"error": "…"},
// {"message": …}, {"detail": …}, or a short text). Retry-After in seconds becomes push-back
// (push_back.h).
absl::Status FailureOf(std::string_view where, const Response& response);

// The failure that a stream ends with; nullopt where `json` is no object whose only member is
// `error`. Without a code it is UNKNOWN.
std::optional<absl::Status> FailureIn(std::string_view where, std::string_view json);

}  // namespace chains::http
