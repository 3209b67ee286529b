#include "chains/gpu/stream.h"

#include "chains/core/text.h"
#include "chains/gpu/status.h"
#include "chains/gpu/worker_state.h"

namespace chains::gpu {
namespace {

absl::Status CheckCopy(const Memory& device, const Memory& pinned, int64_t bytes) {
  if (device.is_pinned() || !pinned.is_pinned()) {
    return absl::InvalidArgumentError("a copy is between memory of the device and pinned memory");
  }
  if (bytes < 0 || bytes > device.bytes() || bytes > pinned.bytes()) {
    return absl::InvalidArgumentError(Text("a copy of ", bytes, " bytes between ", device.bytes(),
                                           " bytes of the device and ", pinned.bytes(),
                                           " pinned ones"));
  }
  return absl::OkStatus();
}

}  // namespace

void Memory::Swap(Memory& other) noexcept {
  std::swap(state_, other.state_);
  std::swap(slot_, other.slot_);
  std::swap(block_, other.block_);
  std::swap(bytes_, other.bytes_);
  std::swap(is_pinned_, other.is_pinned_);
}

Memory::~Memory() {
  if (state_ == nullptr) return;
  state_->GiveBack({.slot = slot_, .block = block_, .is_pinned = is_pinned_});
}

Stream::~Stream() {
  if (state_ != nullptr) state_->GiveBack({.slot = slot_, .block = {}});
}

bool Stream::idle() const { return slot_ == nullptr || slot_->idle; }

absl::StatusOr<abi::Stream*> Stream::Use() {
  if (slot_ == nullptr) return absl::FailedPreconditionError("this stream was not opened");
  return state_->Use(*slot_);
}

absl::StatusOr<Memory> Stream::Take(int64_t bytes, bool is_pinned) {
  if (slot_ == nullptr) return absl::FailedPreconditionError("this stream was not opened");
  absl::StatusOr<MemoryPool::Block> block = state_->TakeMemory(bytes, is_pinned);
  if (!block.ok()) return block.status();
  Memory memory;
  memory.state_ = state_;
  memory.slot_ = slot_;
  memory.block_ = *block;
  memory.bytes_ = bytes;
  memory.is_pinned_ = is_pinned;
  return memory;
}

absl::Status Stream::CopyToDevice(const Memory& device, const Memory& pinned, int64_t bytes) {
  if (absl::Status status = CheckCopy(device, pinned, bytes); !status.ok()) return status;
  absl::StatusOr<abi::Stream*> on = Use();
  if (!on.ok()) return on.status();
  return Call(state_->functions().copy_to_device, *on, device.data(), pinned.data(), bytes);
}

absl::Status Stream::CopyToHost(const Memory& pinned, const Memory& device, int64_t bytes) {
  if (absl::Status status = CheckCopy(device, pinned, bytes); !status.ok()) return status;
  absl::StatusOr<abi::Stream*> on = Use();
  if (!on.ok()) return on.status();
  return Call(state_->functions().copy_to_host, *on, pinned.data(), device.data(), bytes);
}

}  // namespace chains::gpu
