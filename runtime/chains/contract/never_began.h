// Whether a call that failed was ever begun by its callee: what was not may be made again whatever
// the contract says, for it did nothing.
//
//   absl::StatusOr<Bytes> reply = co_await Outcome(channel.Unary(method, request.Share()));
//   if (NeverBegan(reply.status())) …another way…
//
// Channels say it of their own callee, where there was no connection. It does not travel between
// processes: there it would be said of somebody else's call.
#pragma once

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace chains {

inline constexpr absl::string_view kNeverBeganType = "chains/never-began";

bool NeverBegan(const absl::Status& failure);

// `failure`, of a call that its callee did not begin. OK stays OK.
absl::Status WithNeverBegan(absl::Status failure);

}  // namespace chains
