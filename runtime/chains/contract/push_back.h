// Push-back: a refusal that says when to come again.
//
//   return chains::WithRetryAfter(absl::ResourceExhaustedError("full"), absl::Milliseconds(200));
//   …
//   if (std::optional<absl::Duration> wait = chains::RetryAfterOf(failure)) …
//
// It is a payload of the status, google.rpc.RetryInfo, as other servers attach it, too. It travels
// between processes in grpc-status-details-bin; a gateway makes Retry-After of it. Who retries
// waits at least so long; who is told not to come again does not retry.
#pragma once

#include <optional>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace chains {

inline constexpr absl::string_view kPushBackType = "type.googleapis.com/google.rpc.RetryInfo";
// No server asks for more: what is longer is taken as this.
inline constexpr absl::Duration kLongestPushBack = absl::Hours(24);

// `failure`, to be tried again after `wait`, which replaces what it said before; negative: not at
// all. OK stays OK.
absl::Status WithRetryAfter(absl::Status failure, absl::Duration wait);

// What the refusal says: 0 to kLongestPushBack, or a negative duration for "not at all"; nullopt
// when it says nothing, or nothing that can be read.
std::optional<absl::Duration> RetryAfterOf(const absl::Status& failure);

}  // namespace chains
