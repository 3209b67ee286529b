// CalleesDeadline: when a callee in another process has to be done, so that its caller still has
// the time to make something of its answer before its own deadline.
//
//   context.set_deadline(ToGrpcTime(CalleesDeadline(caller.deadline(), loop.EarliestNow())));
//
// Without a margin all hops of a request would give up at the same moment, and none could tell the
// one above which call it was that took too long. In the same process there is no way back, and no
// margin.
#pragma once

#include "absl/time/time.h"

namespace chains::internal {

// What the way back may take: a fiftieth of the time that is left, at most this.
inline constexpr absl::Duration kLongestWayBack = absl::Milliseconds(5);
inline constexpr int kWayBackPart = 50;
inline constexpr absl::Duration kLongWay = absl::Milliseconds(250);  // of which that is a part

// gRPC says how much time is left with two or three digits, rounded up (timeout_encoding.cc of its
// core): so much later than its caller's a callee's deadline might be. Below 100 ms, where a step
// of 1 ms would be too large a part, and above three hours it may be a little later all the same.
inline absl::Duration StepOfTimeout(absl::Duration left) {
  if (left < absl::Milliseconds(100)) return absl::ZeroDuration();
  if (left < absl::Seconds(1)) return absl::Milliseconds(1);
  if (left < absl::Seconds(10)) return absl::Milliseconds(10);
  if (left < absl::Seconds(100)) return absl::Milliseconds(100);
  if (left < absl::Seconds(1000)) return absl::Seconds(1);
  return absl::Seconds(10);
}

inline absl::Time CalleesDeadline(absl::Time deadline, absl::Time now) {
  const absl::Duration left = deadline - now;
  if (left <= absl::ZeroDuration()) return deadline;
  // Spares a division.
  const absl::Duration way_back = left >= kLongWay ? kLongestWayBack : left / kWayBackPart;
  return deadline - way_back - StepOfTimeout(left);
}

}  // namespace chains::internal
