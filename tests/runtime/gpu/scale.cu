// The CUDA part of gpu_test_cuda, a module with one kernel, for tests where a device is.
#include "chains/gpu/cuda/kit.h"
#include "scale.h"

namespace chains::gpu {
namespace {

__global__ void Multiply(float* values, int count, float factor) {
  const int i = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
  if (i < count) values[i] *= factor;
}

bool Scale(abi::Stream* stream, float* values, int32_t count, float factor, abi::Error* error) {
  const cuda::Range range("scale");
  constexpr int kThreads = 256;
  Multiply<<<(count + kThreads - 1) / kThreads, kThreads, 0, cuda::Of(stream).stream.get()>>>(
      values, count, factor);
  return cuda::Check(cudaGetLastError()).CopyTo(error);
}

constexpr ScaleExport kScale = {Scale};

}  // namespace

const void* cuda::FindExport(std::string_view name) {
  return name == kScaleName ? &kScale : nullptr;
}

}  // namespace chains::gpu
