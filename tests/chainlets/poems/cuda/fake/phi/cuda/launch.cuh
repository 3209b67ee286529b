// Stands in for chainlets/poems/phi/cuda/launch.cuh: CUDA's syntax and intrinsics as C++, on the
// fake device.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <tuple>

#include "fake_device.h"

// One block runs at a time, so what its threads share is what all of them share.
#undef __shared__
#define __shared__ static
#undef __launch_bounds__
#define __launch_bounds__(...)
// Members of an object that each thread has its own of.
#define threadIdx (::fake::here().thread)
#define blockIdx (::fake::here().block)
#define blockDim (::fake::here().threads)
#define gridDim (::fake::here().blocks)

inline int min(int a, int b) { return a < b ? a : b; }
inline int max(int a, int b) { return a > b ? a : b; }
inline float __fmaf_rn(float a, float b, float c) { return std::fma(a, b, c); }
inline float __fadd_rn(float a, float b) { return a + b; }
inline float __fsub_rn(float a, float b) { return a - b; }
inline float __fmul_rn(float a, float b) { return a * b; }
inline float __fdiv_rn(float a, float b) { return a / b; }
inline float __fsqrt_rn(float a) { return std::sqrt(a); }
inline float __uint_as_float(uint32_t a) { return std::bit_cast<float>(a); }
inline void __syncthreads() { fake::BlockBarrier(); }
inline void __syncwarp() { fake::WarpBarrier(); }

template <typename T>
T __shfl_xor_sync(unsigned, T mine, int mask) {
  uint64_t bits = 0;
  std::memcpy(&bits, &mine, sizeof mine);
  bits = fake::Exchange(bits, static_cast<int>(fake::here().thread.x % 32) ^ mask);
  std::memcpy(&mine, &bits, sizeof mine);
  return mine;
}

namespace poems::phi::cuda {

template <typename... Parameters, typename... Arguments>
void Launch(void (*kernel)(Parameters...), dim3 blocks, int threads, int64_t shared_bytes,
            cudaStream_t stream, const Arguments&... arguments) {
  if (!fake::CheckLaunch(blocks, threads, shared_bytes)) return;
  const std::tuple<Parameters...> copies(arguments...);
  fake::Submit(stream, [=] {
    fake::RunGrid(blocks, threads, shared_bytes, [&] { std::apply(kernel, copies); });
  });
}

inline void* SharedMemory() { return fake::SharedMemory(); }

}  // namespace poems::phi::cuda
