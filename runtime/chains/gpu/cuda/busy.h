// BusyMeter: how long a stream's work kept the device busy, by events at its begin and end.
//
//   calls(meter.Begin(stream.get()));
//   … kernels …
//   calls(meter.End(stream.get()));                  // two events a step; nothing waits
//
// What it finds is added to the device's time, which the gauges show as utilization.
#pragma once

#include <atomic>
#include <cstdint>

#include "chains/gpu/cuda/status.h"
#include "chains/gpu/cuda/stream.h"

namespace chains::gpu::cuda {

// Of all meters of this process.
int64_t BusyNanoseconds(int32_t device);

// For one stream, and one thread at a time. Begin and End alternate. A span counts when the next
// one begins, or at Collect(), if it is over by then: else it goes uncounted.
class BusyMeter {
 public:
  Status Open(int32_t device);
  Status Begin(cudaStream_t stream);
  Status End(cudaStream_t stream);
  // Counts the last span, if the device has finished it.
  Status Collect();

 private:
  int32_t device_ = 0;
  bool ended_ = false;
  Event begin_;
  Event end_;
};

}  // namespace chains::gpu::cuda
