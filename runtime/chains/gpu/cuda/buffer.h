// Buffer and PinnedBuffer: memory of the device and of the host, with an owner.
//
//   Buffer cache;
//   if (Status status = cache.Allocate(bytes); !status.ok()) return status;   // RESOURCE_EXHAUSTED
//   Append<<<…>>>(cache.as<__half>(), …);
#pragma once

#include <cstdint>
#include <utility>

#include "chains/gpu/cuda/status.h"

namespace chains::gpu::cuda {
namespace internal {

Status AllocateDevice(int64_t bytes, void** memory, Place place);
Status AllocatePinned(int64_t bytes, void** memory, Place place);
void FreeDevice(void* memory);
void FreePinned(void* memory);

// Freeing waits for the device's work. Movable.
template <auto kAllocate, auto kFree>
class Memory {
 public:
  Memory() = default;
  Memory(Memory&& other) noexcept
      : memory_(std::exchange(other.memory_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}
  Memory& operator=(Memory&& other) noexcept {
    std::swap(memory_, other.memory_);
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ~Memory() { Free(); }

  // What it held is freed first. Not initialized; aligned to 256 bytes. Zero bytes are no memory.
  // INVALID_ARGUMENT for less than zero.
  Status Allocate(int64_t bytes, Place place = Place::Here()) {
    Free();
    Status status = kAllocate(bytes, &memory_, place);
    if (status.ok()) bytes_ = bytes;
    return status;
  }
  void Free() {
    kFree(std::exchange(memory_, nullptr));
    bytes_ = 0;
  }

  void* data() const { return memory_; }
  int64_t bytes() const { return bytes_; }
  template <typename T>
  T* as() const {
    return static_cast<T*>(memory_);
  }

 private:
  void* memory_ = nullptr;
  int64_t bytes_ = 0;
};

}  // namespace internal

// On the device that is current when it is allocated.
using Buffer = internal::Memory<internal::AllocateDevice, internal::FreeDevice>;
// On the host; copies between it and the device do not block.
using PinnedBuffer = internal::Memory<internal::AllocatePinned, internal::FreePinned>;

}  // namespace chains::gpu::cuda
