// What a key's limits (chains.v1.KeyLimits) come to: for gateways, which keep them, and for a
// platform, which is told them.
//
//   co_await CheckKeyLimits(request.limits());
//   context = context.WithPriority(PriorityUnder(limits, asked));
#pragma once

#include <optional>

#include "absl/status/status.h"
#include "chains/policy/token_bucket.h"
#include "chains/v1/key_limits.pb.h"

namespace chains {

// INVALID_ARGUMENT names the field that is out of its range, and the range.
absl::Status CheckKeyLimits(const v1::KeyLimits& limits);

// The highest priority that its requests may have.
int PriorityCeiling(const v1::KeyLimits& limits);
// What a request has that asks for `asked`; nullopt: for none.
int PriorityUnder(const v1::KeyLimits& limits, std::optional<int> asked);

// Its rate as a bucket; nullopt: any rate.
std::optional<TokenBucket::Options> BucketOf(const v1::KeyLimits& limits);

}  // namespace chains
