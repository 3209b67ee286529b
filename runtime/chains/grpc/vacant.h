// Whether an address is free to listen on, and if not, why.
#pragma once

#include <string>

#include "absl/status/status.h"

namespace chains::internal {

// For "host:port" and "unix:/path". UNAVAILABLE when somebody listens there, INVALID_ARGUMENT when
// it is no address; both name it. gRPC says neither, and would take over somebody's unix socket.
absl::Status CheckVacant(const std::string& address);

}  // namespace chains::internal
