// What a file of keys says of a key's limits, in words of their own:
//
//   2bb8…  phone app rate=50/s burst=100 max-in-flight=20 priority-ceiling=6 priority=2
//   2bb8…  nightly rate=600/m priority-ceiling=1 dry-run
#pragma once

#include <string_view>

#include "absl/status/statusor.h"
#include "chains/v1/key_limits.pb.h"

namespace chains::gateway {

// Takes what `word` says; false: it says nothing of this. INVALID_ARGUMENT: it has no such value.
absl::StatusOr<bool> TakeWord(std::string_view word, v1::KeyLimits& limits);

}  // namespace chains::gateway
