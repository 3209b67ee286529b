// MethodTimeoutOf: what a contract says about how long a method may take, by the option
// (chains.v1.http).timeout.
//
//   absl::StatusOr<std::optional<absl::Duration>> timeout = json::MethodTimeoutOf(descriptor);
#pragma once

#include <optional>

#include <google/protobuf/descriptor.h>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace chains::json {

// nullopt: nothing. INVALID_ARGUMENT: what is no time between 1 ms and 24 h; the message says what
// is given and what may be, but not where.
absl::StatusOr<std::optional<absl::Duration>> MethodTimeoutOf(
    const google::protobuf::MethodDescriptor& method);

}  // namespace chains::json
