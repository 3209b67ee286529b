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

inline absl::Time FromGrpcTime(gpr_timespec time) {
  time = gpr_convert_clock_type(time, GPR_CLOCK_REALTIME);
  if (gpr_time_cmp(time, gpr_inf_future(GPR_CLOCK_REALTIME)) == 0) return absl::InfiniteFuture();
  return absl::FromUnixSeconds(time.tv_sec) + absl::Nanoseconds(time.tv_nsec);
}

}  // namespace chains::internal
