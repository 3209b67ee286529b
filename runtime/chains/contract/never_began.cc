#include "chains/contract/never_began.h"

#include "absl/strings/cord.h"

namespace chains {

bool NeverBegan(const absl::Status& failure) {
  return !failure.ok() && failure.GetPayload(kNeverBeganType).has_value();
}

absl::Status WithNeverBegan(absl::Status failure) {
  if (!failure.ok()) failure.SetPayload(kNeverBeganType, absl::Cord());
  return failure;
}

}  // namespace chains
