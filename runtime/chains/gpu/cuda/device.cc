#include "chains/gpu/cuda/device.h"

#include <cstdio>
#include <string>

namespace chains::gpu::cuda {
namespace {

std::string VersionText(int version) {
  return std::to_string(version / 1000) + "." + std::to_string(version % 1000 / 10);
}

// A device is asked for by number; what else there is belongs into the message.
Status CheckNumber(int32_t device) {
  abi::Probe probe;
  if (Status status = ProbeDevices(&probe); !status.ok()) return status;
  const std::string wanted = "device " + std::to_string(device) + " is wanted, ";
  if (probe.driver_version == 0) {
    return {Code::kFailedPrecondition, wanted + "but there is no NVIDIA driver (libcuda.so.1)"};
  }
  if (probe.driver_version < probe.needed_version && probe.device_count == 0) {
    return {Code::kFailedPrecondition, wanted + "but the NVIDIA driver is too old: it runs CUDA " +
                                           VersionText(probe.driver_version) +
                                           ", and this was built with " +
                                           VersionText(probe.needed_version)};
  }
  if (device < 0 || device >= probe.device_count) {
    return {Code::kFailedPrecondition,
            wanted + "but there are " + std::to_string(probe.device_count) +
                ", numbered from 0 (CUDA_VISIBLE_DEVICES may hide others)"};
  }
  return {};
}

// As NVIDIA's tools write it.
void WriteId(const cudaUUID_t& uuid, char* to, size_t size) {
  std::string id = "GPU";
  for (int i = 0; i < 16; ++i) {
    char digits[3] = {};
    std::snprintf(digits, sizeof(digits), "%02x", static_cast<unsigned char>(uuid.bytes[i]));
    if (i == 0 || i == 4 || i == 6 || i == 8 || i == 10) id += '-';
    id += digits;
  }
  std::snprintf(to, size, "%s", id.c_str());
}

}  // namespace

Status ProbeDevices(abi::Probe* probe) {
  *probe = {};
  Calls calls;
  int version = 0;
  calls(cudaRuntimeGetVersion(&version));
  probe->needed_version = version;
  version = 0;
  calls(cudaDriverGetVersion(&version));
  probe->driver_version = version;
  if (!calls.ok() || version == 0) return std::move(calls).status();
  int count = 0;
  const cudaError_t counted = cudaGetDeviceCount(&count);
  if (counted == cudaErrorNoDevice || counted == cudaErrorInsufficientDriver) {
    static_cast<void>(cudaGetLastError());
    return {};
  }
  if (Status status = Check(counted); !status.ok()) return status;
  probe->device_count = count;
  return {};
}

Status PropertiesOf(int32_t device, DeviceProperties* properties) {
  if (Status status = CheckNumber(device); !status.ok()) return status;
  cudaDeviceProp all = {};
  if (Status status = Check(cudaGetDeviceProperties(&all, device)); !status.ok()) return status;
  properties->compute_capability = all.major * 10 + all.minor;
  properties->multiprocessors = all.multiProcessorCount;
  properties->shared_memory_per_block = static_cast<int64_t>(all.sharedMemPerBlockOptin);
  properties->l2_bytes = all.l2CacheSize;
  properties->memory_bytes = static_cast<int64_t>(all.totalGlobalMem);
  return {};
}

Status DescribeDevice(int32_t device, abi::DeviceInfo* info) {
  if (Status status = CheckNumber(device); !status.ok()) return status;
  cudaDeviceProp all = {};
  if (Status status = Check(cudaGetDeviceProperties(&all, device)); !status.ok()) return status;
  *info = {};
  std::snprintf(info->name, sizeof(info->name), "%s", all.name);
  WriteId(all.uuid, info->id, sizeof(info->id));
  info->memory_bytes = static_cast<int64_t>(all.totalGlobalMem);
  info->compute_major = all.major;
  info->compute_minor = all.minor;
  info->multiprocessors = all.multiProcessorCount;
  return {};
}

OnDevice::OnDevice(int32_t device, Place place) {
  status_ = CheckNumber(device);
  if (!status_.ok()) return;
  status_ = Check(cudaGetDevice(&before_), place);
  if (status_.ok()) status_ = Check(cudaSetDevice(device), place);
}

OnDevice::~OnDevice() {
  if (before_ >= 0) static_cast<void>(cudaSetDevice(before_));
}

}  // namespace chains::gpu::cuda
