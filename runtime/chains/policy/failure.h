// Which ends of a call speak against the callee.
#pragma once

#include "absl/status/status.h"

namespace chains {

// It failed for no fault of the caller's. Not RESOURCE_EXHAUSTED: who refuses because it is full is
// well, and lets in who comes later.
inline bool IsCalleesFailure(absl::StatusCode code) {
  switch (code) {
    case absl::StatusCode::kUnknown:
    case absl::StatusCode::kDeadlineExceeded:
    case absl::StatusCode::kInternal:
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kDataLoss:
      return true;
    default:
      return false;
  }
}

}  // namespace chains
