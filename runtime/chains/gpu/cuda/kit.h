// What the CUDA code of a module is written with, all of it; the files below can be had singly.
//
//   #include "chains/gpu/cuda/kit.h"
//   chains::gpu::cuda::Calls calls;
//   calls(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDefault, stream.get()));
//   Scale<<<blocks, threads, 0, stream.get()>>>(to, count);
//   calls(cudaGetLastError());
//   if (!calls.ok()) return calls.status().CopyTo(error);        // false, and where it happened
//
// For code inside a module only: it links neither the runtime nor Abseil. Each module defines
// FindExport(), and chains_add_gpu_module() (CMake) links the rest.
#pragma once

#include <string_view>

#include "chains/gpu/cuda/buffer.h"
#include "chains/gpu/cuda/busy.h"
#include "chains/gpu/cuda/context.h"
#include "chains/gpu/cuda/device.h"
#include "chains/gpu/cuda/handles.h"
#include "chains/gpu/cuda/range.h"
#include "chains/gpu/cuda/status.h"
#include "chains/gpu/cuda/stream.h"

namespace chains::gpu::cuda {

// What abi::Module::find answers; the chain defines it, once in each module:
//
//   const void* chains::gpu::cuda::FindExport(std::string_view name) {
//     return name == "poems.phi.backend/1" ? &kFactory : nullptr;
//   }
const void* FindExport(std::string_view name);

}  // namespace chains::gpu::cuda
