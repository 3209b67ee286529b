#include "chains/gpu/cuda/busy.h"

#include <array>
#include <atomic>

namespace chains::gpu::cuda {
namespace {

constexpr size_t kMaxDevices = 64;  // more are counted together

std::atomic<int64_t>& BusyOf(int32_t device) {
  static std::array<std::atomic<int64_t>, kMaxDevices> nanoseconds;
  return nanoseconds[static_cast<size_t>(device) % kMaxDevices];
}

}  // namespace

int64_t BusyNanoseconds(int32_t device) { return BusyOf(device).load(std::memory_order_relaxed); }

Status BusyMeter::Open(int32_t device) {
  device_ = device;
  if (Status status = begin_.Open(Event::Use::kTime); !status.ok()) return status;
  return end_.Open(Event::Use::kTime);
}

Status BusyMeter::Begin(cudaStream_t stream) {
  if (Status status = Collect(); !status.ok()) return status;
  ended_ = false;  // what is not over is forgotten: its events are needed again
  return Check(cudaEventRecord(begin_.get(), stream));
}

Status BusyMeter::End(cudaStream_t stream) {
  Status status = Check(cudaEventRecord(end_.get(), stream));
  ended_ = status.ok();
  return status;
}

Status BusyMeter::Collect() {
  if (!ended_) return {};
  float milliseconds = 0;
  const cudaError_t result = cudaEventElapsedTime(&milliseconds, begin_.get(), end_.get());
  if (result == cudaErrorNotReady) return {};
  ended_ = false;
  if (Status status = Check(result); !status.ok()) return status;
  BusyOf(device_).fetch_add(static_cast<int64_t>(static_cast<double>(milliseconds) * 1e6),
                            std::memory_order_relaxed);
  return {};
}

}  // namespace chains::gpu::cuda
