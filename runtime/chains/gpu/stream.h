// Stream and Memory: what a coroutine borrows from its Worker (worker.h) for work on a GPU.
//
//   absl::StatusOr<gpu::Stream> stream = gpu.OpenStream();
//   absl::StatusOr<gpu::Memory> image = stream->DeviceMemory(bytes);
//   absl::StatusOr<gpu::abi::Stream*> on = stream->Use();           // work is given to it now
//   if (gpu::abi::Error error; !kernels->resize(*on, image->data(), …, &error)) …
//
// Both may be dropped at any time: who gets them next gets them after the work that they were used
// for. For the worker's loop's thread.
#pragma once

#include <cstdint>
#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "chains/gpu/abi.h"
#include "chains/gpu/memory_pool.h"

namespace chains::gpu {
namespace internal {

class WorkerState;
struct StreamSlot;

}  // namespace internal

// Memory of the device, or of the host where the device reaches it. It goes back to its worker when
// it is destroyed, and to others when the work that its stream was given before has ended. Movable.
class Memory {
 public:
  Memory() = default;
  Memory(Memory&& other) noexcept { Swap(other); }
  Memory& operator=(Memory&& other) noexcept {
    Swap(other);
    return *this;
  }
  ~Memory();

  // Aligned to 256 bytes; not initialized. Only pinned memory may be touched by the host.
  void* data() const { return block_.memory; }
  int64_t bytes() const { return bytes_; }  // as many as were asked for
  bool is_pinned() const { return is_pinned_; }
  template <typename T>
  T* as() const {
    return static_cast<T*>(block_.memory);
  }

 private:
  friend class Stream;
  void Swap(Memory& other) noexcept;

  std::shared_ptr<internal::WorkerState> state_;
  internal::StreamSlot* slot_ = nullptr;
  MemoryPool::Block block_;
  int64_t bytes_ = 0;
  bool is_pinned_ = false;
};

// Work in its order. Movable.
class Stream {
 public:
  Stream() = default;
  Stream(Stream&& other) noexcept { Swap(other); }
  Stream& operator=(Stream&& other) noexcept {
    Swap(other);
    return *this;
  }
  ~Stream();

  // What functions of the module take; to be asked before each piece of work that they are given.
  // Fails where the device does.
  absl::StatusOr<abi::Stream*> Use();
  // Whether all that it was given is known to have ended.
  bool idle() const;

  // RESOURCE_EXHAUSTED: over the worker's bound, or the machine has no more.
  absl::StatusOr<Memory> DeviceMemory(int64_t bytes) { return Take(bytes, false); }
  absl::StatusOr<Memory> PinnedMemory(int64_t bytes) { return Take(bytes, true); }
  // The first `bytes`, after the work that was given before. INVALID_ARGUMENT: more than one of
  // them has, or one is not of its kind.
  absl::Status CopyToDevice(const Memory& device, const Memory& pinned, int64_t bytes);
  absl::Status CopyToHost(const Memory& pinned, const Memory& device, int64_t bytes);

 private:
  friend class Worker;
  void Swap(Stream& other) noexcept {
    std::swap(state_, other.state_);
    std::swap(slot_, other.slot_);
  }
  absl::StatusOr<Memory> Take(int64_t bytes, bool is_pinned);

  std::shared_ptr<internal::WorkerState> state_;
  internal::StreamSlot* slot_ = nullptr;
};

}  // namespace chains::gpu
