// TracedTimes: where the times of recorded calls end up as histograms.
//
//   times.Served("hello.SayHello", /*user=*/absl::Microseconds(80), absl::Microseconds(3));
//
// Who records calls (core/recording.h) tells it of each that has ended.
#pragma once

#include <string_view>

#include "absl/time/time.h"

namespace chains::internal {

// Any thread.
class TracedTimes {
 public:
  virtual ~TracedTimes() = default;
  // A recorded call ended that `chainlet` of this process served; its times there, as in
  // proto/chains/v1/receipt.proto.
  virtual void Served(std::string_view chainlet, absl::Duration user, absl::Duration serialize) = 0;
  // A recorded call was answered that `caller` made to another process; empty: it came from
  // outside.
  virtual void Crossed(std::string_view caller, absl::Duration network) = 0;
};

}  // namespace chains::internal
