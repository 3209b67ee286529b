#include "chains/core/passage.h"

namespace chains::internal {

bool Passage::BeginAt(absl::Time now) {
  now_ = soonest_ = now;
  latest_ = now + plain_.reach;
  if (plain_.measures != nullptr && plain_.measures->ChoosesNext(now)) return false;
  if (plain_.typical == nullptr) return true;
  soonest_ += plain_.typical->least();
  return !plain_.typical->IsToBeTimed();
}

}  // namespace chains::internal
