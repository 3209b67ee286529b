#include "chains/gpu/cuda/buffer.h"

#include <string>

namespace chains::gpu::cuda::internal {
namespace {

// Adds what was asked for and what there was: the library says neither.
Status Exhausted(cudaError_t result, int64_t bytes, std::string_view kind, Place place) {
  if (result != cudaErrorMemoryAllocation) return Check(result, place);
  static_cast<void>(cudaGetLastError());
  size_t free = 0;
  size_t total = 0;
  std::string message = "CUDA: no " + std::to_string(bytes) + " bytes of " + std::string(kind);
  if (kind == "device memory" && cudaMemGetInfo(&free, &total) == cudaSuccess) {
    message += ": " + std::to_string(free) + " of " + std::to_string(total) + " are free";
  }
  return {Code::kResourceExhausted, message, place};
}

}  // namespace

Status AllocateDevice(int64_t bytes, void** memory, Place place) {
  *memory = nullptr;
  if (bytes < 0) return {Code::kInvalidArgument, "a buffer of less than no bytes", place};
  if (bytes == 0) return {};
  return Exhausted(cudaMalloc(memory, static_cast<size_t>(bytes)), bytes, "device memory", place);
}

Status AllocatePinned(int64_t bytes, void** memory, Place place) {
  *memory = nullptr;
  if (bytes < 0) return {Code::kInvalidArgument, "a buffer of less than no bytes", place};
  if (bytes == 0) return {};
  return Exhausted(cudaHostAlloc(memory, static_cast<size_t>(bytes), cudaHostAllocDefault), bytes,
                   "pinned memory", place);
}

void FreeDevice(void* memory) {
  if (memory != nullptr) static_cast<void>(cudaFree(memory));
}

void FreePinned(void* memory) {
  if (memory != nullptr) static_cast<void>(cudaFreeHost(memory));
}

}  // namespace chains::gpu::cuda::internal
