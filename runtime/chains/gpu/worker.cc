#include "chains/gpu/worker.h"

#include <atomic>

#include "chains/core/text.h"
#include "chains/gpu/status.h"
#include "chains/gpu/worker_state.h"

namespace chains::gpu {
namespace internal {

// What the driver's thread touches: it is in no frame, so a coroutine may go while it waits. The
// loop stays, since it counts as blocking work of the loop.
struct Completion {
  Loop& loop;
  DeviceCounts& counts;
  DoneAwaiter* waiter;                     // for the loop's thread; null when it is gone
  absl::Status status = absl::OkStatus();  // written before the loop is told

  static void Finished(void* argument, const abi::Error* error) {
    std::unique_ptr<Completion> completion(static_cast<Completion*>(argument));
    if (error != nullptr) completion->status = StatusOf(*error);
    Loop& loop = completion->loop;
    loop.Post([completion = std::move(completion)] { completion->Return(); });
  }

  void Return() {
    loop.BlockingReturns();
    counts.queue.fetch_sub(1, std::memory_order_relaxed);
    if (waiter != nullptr) waiter->Return(std::move(status));
  }
};

bool DoneAwaiter::await_ready() const noexcept { return slot_ == nullptr || slot_->idle; }

std::coroutine_handle<> DoneAwaiter::await_suspend(std::coroutine_handle<>) noexcept {
  auto completion = std::make_unique<Completion>(Completion{loop(), state_->counts(), this});
  absl::Status status =
      Call(state_->functions().finish, slot_->stream, Completion::Finished, completion.get());
  if (!status.ok()) {
    slot_->is_broken = true;
    return waiter().Fail(Described(status));
  }
  // The driver's thread may hold it already, but this loop is told after this returns.
  completion_ = completion.release();
  uses_ = slot_->uses;
  loop().BlockingStarts();
  state_->counts().queue.fetch_add(1, std::memory_order_relaxed);
  Suspended();
  return std::noop_coroutine();
}

void DoneAwaiter::Abandon() noexcept {
  if (completion_ != nullptr) std::exchange(completion_, nullptr)->waiter = nullptr;
}

void DoneAwaiter::Return(absl::Status status) {
  completion_ = nullptr;
  if (!status.ok()) {
    slot_->is_broken = true;
    Fail(Described(status));
    return;
  }
  if (slot_->uses == uses_) slot_->idle = true;
  Resume();
}

absl::Status DoneAwaiter::Described(const absl::Status& status) const {
  const std::string_view file = place_.file;
  return {status.code(), Text(MessageOf(status), "; waited for at ",
                              file.substr(file.rfind('/') + 1), ":", place_.line)};
}

}  // namespace internal

absl::StatusOr<std::unique_ptr<Worker>> Worker::Open(const Module& module, int device,
                                                     WorkerOptions options) {
  abi::Error error;
  abi::Context* context = module.functions().open_context(device, &error);
  if (context == nullptr) return StatusOf(error);
  module.UseDevice(device);
  auto state = std::make_shared<internal::WorkerState>(module, device, options, context);
  return std::unique_ptr<Worker>(new Worker(std::move(state)));
}

Worker::~Worker() = default;

absl::StatusOr<Stream> Worker::OpenStream() {
  absl::StatusOr<internal::StreamSlot*> slot = state_->TakeStream();
  if (!slot.ok()) return slot.status();
  Stream stream;
  stream.state_ = state_;
  stream.slot_ = *slot;
  return stream;
}

abi::Context* Worker::context() const { return state_->context(); }
const Module& Worker::module() const { return state_->module(); }

}  // namespace chains::gpu
