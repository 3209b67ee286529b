#include "deploy/platform/liveness.h"

#include <algorithm>

namespace chains::deploy {

void Liveness::Look(absl::Time now) {
  // Reports come, and looks are, twice a second.
  const absl::Duration pause = now - looked_;
  if (pause > timeout_ / 3 || pause < absl::ZeroDuration()) listens_since_ = now;
  looked_ = now;
}

bool Liveness::IsSilent(const Replica& replica, absl::Time now) const {
  if (replica.draining || replica.state == Replica::State::kStarting) return false;
  return now - std::max(replica.reported, listens_since_) >= timeout_;
}

}  // namespace chains::deploy
