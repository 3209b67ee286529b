// What a Worker and all that was borrowed from it share. Implementation detail of both.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "absl/status/statusor.h"
#include "chains/gpu/abi.h"
#include "chains/gpu/memory_pool.h"
#include "chains/gpu/module.h"
#include "chains/gpu/worker.h"

namespace chains::gpu::internal {

struct StreamSlot {
  abi::Stream* stream = nullptr;
  bool idle = true;        // all that it was given is known to have ended
  bool is_broken = false;  // its work failed; nobody gets it again
  uint64_t uses = 0;       // how often work was announced
};

// What was given back: a stream, or a block of memory that was used on one.
struct Returned {
  StreamSlot* slot = nullptr;
  MemoryPool::Block block;  // none: the stream itself
  bool is_pinned = false;
  bool failed = false;  // the work before it
};

// For the loop's thread; it lives as long as anybody holds a part of it. Destroying it waits for
// the work of its streams, so that what callbacks of the driver touch is there.
class WorkerState {
 public:
  WorkerState(const Module& module, int device, WorkerOptions options, abi::Context* context);
  WorkerState(const WorkerState&) = delete;
  WorkerState& operator=(const WorkerState&) = delete;
  ~WorkerState();

  absl::StatusOr<StreamSlot*> TakeStream();
  absl::StatusOr<MemoryPool::Block> TakeMemory(int64_t bytes, bool is_pinned);
  absl::StatusOr<abi::Stream*> Use(StreamSlot& slot);
  // Now where its stream is idle, else when its work has ended.
  void GiveBack(Returned returned);

  const Module& module() const { return module_; }
  const abi::Module& functions() const { return module_.functions(); }
  DeviceCounts& counts() const { return module_.counts(device_); }
  abi::Context* context() const { return context_; }
  int device() const { return device_; }

 private:
  struct Ticket;
  static void WorkEnded(void* ticket, const abi::Error* error);
  MemoryPool::Source SourceOf(bool is_pinned);
  void TakeBack(const Returned& returned);
  void TakeBackAll();

  const Module& module_;
  const int device_;
  const WorkerOptions options_;
  abi::Context* const context_;
  MemoryPool device_memory_;
  MemoryPool pinned_memory_;
  std::vector<std::unique_ptr<StreamSlot>> slots_;
  std::vector<StreamSlot*> free_streams_;
  std::vector<MemoryPool::Block> lost_device_;  // that a failed device may still write to
  std::vector<MemoryPool::Block> lost_pinned_;
  std::mutex mutex_;
  std::vector<Returned> returned_;  // guarded by mutex_; by threads of the driver
};

}  // namespace chains::gpu::internal
