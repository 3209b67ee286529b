// What an API server's refusal means: its Status object as an absl::Status.
//
//   absl::Status why = FailureOf(response, "get pods 'hello' in namespace 'chains'");
//   // NOT_FOUND: cannot get pods 'hello' in namespace 'chains': pods "hello" not found (HTTP 404)
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "deploy/apiserver/object.h"
#include "deploy/apiserver/transport.h"

namespace chains::deploy {

// OK: 200 to 299. `what` was being done. api_client.h has the table of codes.
absl::Status FailureOf(const HttpResponse& response, std::string_view what);
// The same for a Status object, as a watch sends it when it must end.
absl::Status FailureOf(const Json& status, std::string_view what);

// How long the server wants to be left alone, at most 10 s; nullopt: it does not say.
std::optional<absl::Duration> RetryAfterOf(const HttpResponse& response);

// Whether the same request may do better soon.
bool IsPassing(int http_status);

}  // namespace chains::deploy
