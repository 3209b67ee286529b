// Liveness: which replicas have stopped saying how they are. A process whose reactor hangs lives,
// and so does its stream; only its reports do not come any more.
//
//   liveness.Look(now);
//   if (liveness.IsSilent(replica, now)) …another takes its place…
#pragma once

#include "absl/time/time.h"
#include "deploy/platform/deployment.h"

namespace chains::deploy {

// Not thread-safe. Pure, but for what it remembers.
class Liveness {
 public:
  explicit Liveness(absl::Duration timeout) : timeout_(timeout) {}

  // To be called often: a platform that itself did not run for a while (its machine slept, say) has
  // heard nobody, and waits anew.
  void Look(absl::Time now);

  // Whether one that was ready, and is to stay, has said nothing for `timeout`. How long a start
  // may take is another question.
  bool IsSilent(const Replica& replica, absl::Time now) const;

  absl::Duration timeout() const { return timeout_; }

 private:
  const absl::Duration timeout_;
  absl::Time looked_ = absl::InfinitePast();
  absl::Time listens_since_ = absl::InfinitePast();
};

}  // namespace chains::deploy
