// How kernels are launched, and where they find their shared memory: all of CUDA's syntax that is
// not C++. tests/chainlets/poems/cuda/fake has another file of this name, with which the same
// kernels run on a processor, thread by thread.
#pragma once

#include <cstdint>

namespace poems::phi::cuda {

template <typename... Parameters, typename... Arguments>
void Launch(void (*kernel)(Parameters...), dim3 blocks, int threads, int64_t shared_bytes,
            cudaStream_t stream, const Arguments&... arguments) {
  kernel<<<blocks, threads, static_cast<size_t>(shared_bytes), stream>>>(arguments...);
}

// As many bytes as the launch says, aligned to 16.
__device__ inline void* SharedMemory() {
  extern __shared__ uint4 memory[];
  return memory;
}

}  // namespace poems::phi::cuda
