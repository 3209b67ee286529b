// What the modules of these tests export: multiplication on the device.
#pragma once

#include <cstdint>

#include "chains/gpu/abi.h"

namespace chains::gpu {

inline constexpr char kScaleName[] = "test.scale/1";

struct ScaleExport {
  // In the stream's order; `values` are the device's.
  bool (*scale)(abi::Stream* stream, float* values, int32_t count, float factor, abi::Error* error);
};

}  // namespace chains::gpu
