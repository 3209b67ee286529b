#include "chains/core/passage.h"

namespace chains::internal {

bool Passage::MayComeNow(absl::Time deadline, absl::Time now) {
  if (now != now_ && !BeginAt(now)) return false;
  if (deadline > latest_ || deadline <= soonest_) return false;
  deadline_ = deadline;
  return true;
}

bool Passage::BeginAt(absl::Time now) {
  now_ = soonest_ = now;
  deadline_ = kNoDeadline;
  latest_ = now + plain_.reach;
  if (plain_.measures != nullptr && plain_.measures->ChoosesNext(now)) return false;
  if (plain_.typical == nullptr) return true;
  soonest_ += plain_.typical->least();
  return !plain_.typical->IsToBeTimed();
}

}  // namespace chains::internal
