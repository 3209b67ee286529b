// CheckPage: whether a gateway answers, for `chains-gateway --check URL`, with which a container's
// HEALTHCHECK needs no other program in its image.
//
//   if (absl::Status health = CheckPage("http://127.0.0.1:8080/healthz", absl::Seconds(3)); …
#pragma once

#include <string_view>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace chains::gateway {

// GETs `url`, http://IPV4:PORT/PATH, and waits at most `timeout`. UNAVAILABLE: nobody answers, or
// with another status than 200, which it names. INVALID_ARGUMENT: `url` is something else.
absl::Status CheckPage(std::string_view url, absl::Duration timeout);

}  // namespace chains::gateway
