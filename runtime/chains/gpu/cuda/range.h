// Range: a named span of time on this thread, which NVIDIA's profilers show (NVTX).
//
//   Range range("decode step");
//
// Costs some nanoseconds where no profiler listens.
#pragma once

namespace chains::gpu::cuda {

class Range {
 public:
  explicit Range(const char* name);
  Range(const Range&) = delete;
  Range& operator=(const Range&) = delete;
  ~Range();
};

}  // namespace chains::gpu::cuda
