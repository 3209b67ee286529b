// Backoff: how long to wait before a platform that was lost is asked again: 50 ms at first, then
// twice as long each time, at most a second.
//
//   Backoff backoff;
//   while (…failed…) co_await Sleep(backoff.Next());
#pragma once

#include <algorithm>
#include <utility>

#include "absl/time/time.h"

namespace chains::deploy {

class Backoff {
 public:
  absl::Duration Next() {
    return std::exchange(pause_, std::min(2 * pause_, absl::Duration(absl::Seconds(1))));
  }
  // Something came.
  void Reset() { pause_ = absl::Milliseconds(50); }

 private:
  absl::Duration pause_ = absl::Milliseconds(50);
};

}  // namespace chains::deploy
