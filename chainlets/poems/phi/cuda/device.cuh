// What kernels share: 16-bit types, reductions, and a step's words.
#pragma once

#include <cstdint>

#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include "phi/cuda/kernels.h"
#include "phi/cuda/launch.cuh"

namespace poems::phi::cuda {

// Calls `function` with a value of the type that the model computes in.
template <typename Function>
void WithType(bool bf16, Function function) {
  if (bf16) {
    function(__nv_bfloat16{});
  } else {
    function(__half{});
  }
}

// f16 ends at 65504: what is larger stays at it, because an infinity would make a whole text NaN.
__device__ inline void Store(__half* to, float x) {
  *to = __float2half_rn(x > 65504.0F ? 65504.0F : (x < -65504.0F ? -65504.0F : x));
}
__device__ inline void Store(__nv_bfloat16* to, float x) { *to = __float2bfloat16_rn(x); }
__device__ inline float Load(__half x) { return __half2float(x); }
__device__ inline float Load(__nv_bfloat16 x) { return __bfloat162float(x); }

// Eight at once, from memory that is aligned to 16 bytes.
__device__ inline void Unpack(const uint4& raw, float (&to)[kVector], __half) {
  const uint32_t words[4] = {raw.x, raw.y, raw.z, raw.w};
  for (int i = 0; i < 4; ++i) {
    to[2 * i] = __half2float(__ushort_as_half(static_cast<unsigned short>(words[i])));
    to[2 * i + 1] = __half2float(__ushort_as_half(static_cast<unsigned short>(words[i] >> 16)));
  }
}
__device__ inline void Unpack(const uint4& raw, float (&to)[kVector], __nv_bfloat16) {
  const uint32_t words[4] = {raw.x, raw.y, raw.z, raw.w};
  for (int i = 0; i < 4; ++i) {
    to[2 * i] = __uint_as_float(words[i] << 16);
    to[2 * i + 1] = __uint_as_float(words[i] & 0xffff0000U);
  }
}

// Every lane gets the same bits: lanes are added pairwise, in an order that is always the same.
__device__ inline float WarpSum(float x) {
  for (int step = 1; step < 32; step *= 2) x = __fadd_rn(x, __shfl_xor_sync(0xffffffffU, x, step));
  return x;
}
__device__ inline float WarpMax(float x) {
  for (int step = 1; step < 32; step *= 2) x = fmaxf(x, __shfl_xor_sync(0xffffffffU, x, step));
  return x;
}

// A step's parts.
template <typename Struct>
__device__ inline const Struct& Part(const StepView& step, int64_t at, int64_t index = 0) {
  return reinterpret_cast<const Struct*>(step.words + at)[index];
}

}  // namespace poems::phi::cuda
