// absl::Time as gRPC takes and gives it.
#pragma once

#include <grpc/support/time.h>

#include "absl/time/time.h"

namespace chains::internal {

inline gpr_timespec ToGrpcTime(absl::Time time) {
  if (time == absl::InfiniteFuture()) return gpr_inf_future(GPR_CLOCK_REALTIME);
  if (time == absl::InfinitePast()) return gpr_inf_past(GPR_CLOCK_REALTIME);
  const timespec since_epoch = absl::ToTimespec(time);
  return {since_epoch.tv_sec, static_cast<int32_t>(since_epoch.tv_nsec), GPR_CLOCK_REALTIME};
}

// The deadlines of calls that were taken. gRPC keeps them on its monotonic clock and would read two
// clocks to convert each; here the distance of the two is read once a tick of the coarse clock.
// For one thread.
class DeadlineClock {
 public:
  // `tick`: the time as the coarse clock has it now.
  absl::Time FromGrpc(gpr_timespec deadline, absl::Time tick) {
    if (gpr_time_cmp(deadline, gpr_inf_future(deadline.clock_type)) == 0) {
      return absl::InfiniteFuture();
    }
    const absl::Duration on_its_clock =
        absl::Seconds(deadline.tv_sec) + absl::Nanoseconds(deadline.tv_nsec);
    if (deadline.clock_type != GPR_CLOCK_MONOTONIC) return absl::UnixEpoch() + on_its_clock;
    if (tick != read_at_) {
      read_at_ = tick;
      const gpr_timespec start =
          gpr_convert_clock_type(gpr_time_0(GPR_CLOCK_MONOTONIC), GPR_CLOCK_REALTIME);
      start_ = absl::FromUnixSeconds(start.tv_sec) + absl::Nanoseconds(start.tv_nsec);
    }
    return start_ + on_its_clock;
  }

 private:
  absl::Time read_at_ = absl::InfinitePast();
  absl::Time start_;  // of the monotonic clock
};

}  // namespace chains::internal
