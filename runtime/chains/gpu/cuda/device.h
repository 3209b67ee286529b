// Devices: what they are, and which one a thread uses.
//
//   OnDevice here(options.device);
//   if (!here.status().ok()) return here.status().CopyTo(error);
#pragma once

#include <cstdint>

#include "chains/gpu/abi.h"
#include "chains/gpu/cuda/status.h"

namespace chains::gpu::cuda {

// What code chooses its ways by.
struct DeviceProperties {
  int32_t compute_capability = 0;  // 10 * major + minor: 86
  int32_t multiprocessors = 0;
  int64_t shared_memory_per_block = 0;  // bytes, with the opt-in of cudaFuncSetAttribute
  int64_t l2_bytes = 0;
  int64_t memory_bytes = 0;
  bool has_bf16() const { return compute_capability >= 80; }  // in its tensor cores
};

// FAILED_PRECONDITION without a driver, with one that is too old, or without this device; the
// message says which, and what there is.
Status PropertiesOf(int32_t device, DeviceProperties* properties);

Status ProbeDevices(abi::Probe* probe);
Status DescribeDevice(int32_t device, abi::DeviceInfo* info);

// Makes a device this thread's current one, and what was before again when it ends.
class OnDevice {
 public:
  explicit OnDevice(int32_t device, Place place = Place::Here());
  OnDevice(const OnDevice&) = delete;
  OnDevice& operator=(const OnDevice&) = delete;
  ~OnDevice();
  const Status& status() const { return status_; }

 private:
  int before_ = -1;
  Status status_;
};

}  // namespace chains::gpu::cuda
