#include "chains/gpu/worker_state.h"

#include <utility>

#include "chains/core/text.h"
#include "chains/gpu/status.h"

namespace chains::gpu::internal {

// What a callback of the driver gives back.
struct WorkerState::Ticket {
  WorkerState& state;
  Returned returned;
};

WorkerState::WorkerState(const Module& module, int device, WorkerOptions options,
                         abi::Context* context)
    : module_(module),
      device_(device),
      options_(options),
      context_(context),
      device_memory_("device memory", options.device_bytes, SourceOf(false), counts().device_used,
                     counts().device_kept),
      pinned_memory_("pinned memory", options.pinned_bytes, SourceOf(true), counts().pinned_used,
                     counts().pinned_kept) {}

WorkerState::~WorkerState() {
  for (const auto& slot : slots_) functions().close_stream(slot->stream);
  TakeBackAll();
  for (const MemoryPool::Block& block : lost_device_) device_memory_.Give(block);
  for (const MemoryPool::Block& block : lost_pinned_) pinned_memory_.Give(block);
  device_memory_.FreeKept();
  pinned_memory_.FreeKept();
  functions().close_context(context_);
}

MemoryPool::Source WorkerState::SourceOf(bool is_pinned) {
  const auto allocate = is_pinned ? functions().allocate_pinned : functions().allocate_device;
  const auto free = is_pinned ? functions().free_pinned : functions().free_device;
  return {.allocate = [this, allocate](int64_t bytes) -> absl::StatusOr<void*> {
            abi::Error error;
            void* memory = allocate(context_, bytes, &error);
            if (memory == nullptr) return StatusOf(error);
            return memory;
          },
          .free = [this, free](void* memory) { free(context_, memory); }};
}

absl::StatusOr<StreamSlot*> WorkerState::TakeStream() {
  TakeBackAll();
  if (!free_streams_.empty()) {
    StreamSlot* slot = free_streams_.back();
    free_streams_.pop_back();
    return slot;
  }
  if (static_cast<int>(slots_.size()) >= options_.max_streams) {
    return absl::ResourceExhaustedError(
        Text("all ", options_.max_streams,
             " streams of the GPU are in use; let fewer calls run at "
             "a time (Limits.concurrency_limit), or raise WorkerOptions.max_streams"));
  }
  abi::Error error;
  abi::Stream* stream = functions().open_stream(context_, &error);
  if (stream == nullptr) return StatusOf(error);
  slots_.push_back(std::make_unique<StreamSlot>());
  slots_.back()->stream = stream;
  return slots_.back().get();
}

absl::StatusOr<MemoryPool::Block> WorkerState::TakeMemory(int64_t bytes, bool is_pinned) {
  TakeBackAll();
  return (is_pinned ? pinned_memory_ : device_memory_).Take(bytes);
}

absl::StatusOr<abi::Stream*> WorkerState::Use(StreamSlot& slot) {
  if (slot.idle) {
    if (absl::Status status = Call(functions().begin, slot.stream); !status.ok()) return status;
    slot.idle = false;
  }
  ++slot.uses;
  return slot.stream;
}

void WorkerState::GiveBack(Returned returned) {
  if (returned.slot->idle || returned.slot->is_broken) {
    TakeBack(returned);
    return;
  }
  auto ticket = std::make_unique<Ticket>(Ticket{*this, returned});
  absl::Status status = Call(functions().finish, returned.slot->stream, WorkEnded, ticket.get());
  if (status.ok()) {
    static_cast<void>(ticket.release());
  } else {
    returned.slot->is_broken = true;
    TakeBack(returned);
  }
}

// On a thread of the driver, which this waits for before it ends.
void WorkerState::WorkEnded(void* argument, const abi::Error* error) {
  const std::unique_ptr<Ticket> ticket(static_cast<Ticket*>(argument));
  WorkerState& state = ticket->state;
  const std::lock_guard lock(state.mutex_);
  state.returned_.push_back(ticket->returned);
  state.returned_.back().failed = error != nullptr;
}

void WorkerState::TakeBackAll() {
  std::vector<Returned> returned;
  {
    const std::lock_guard lock(mutex_);
    returned.swap(returned_);
  }
  for (const Returned& each : returned) {
    each.slot->is_broken = each.slot->is_broken || each.failed;
    if (each.block.memory == nullptr && !each.failed) each.slot->idle = true;
    TakeBack(each);
  }
}

void WorkerState::TakeBack(const Returned& returned) {
  const bool is_stream = returned.block.memory == nullptr;
  if (returned.slot->is_broken) {
    if (!is_stream) (returned.is_pinned ? lost_pinned_ : lost_device_).push_back(returned.block);
  } else if (is_stream) {
    free_streams_.push_back(returned.slot);
  } else {
    (returned.is_pinned ? pinned_memory_ : device_memory_).Give(returned.block);
  }
}

}  // namespace chains::gpu::internal
