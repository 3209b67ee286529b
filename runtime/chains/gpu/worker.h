// Worker: what one loop works on a GPU with: streams, memory, handles of libraries.
//
//   absl::StatusOr<std::unique_ptr<gpu::Worker>> gpu = gpu::Worker::Open(*module, device, {});
//   absl::StatusOr<gpu::Stream> stream = (*gpu)->OpenStream();
//   …                                                    // see stream.h
//   co_await (*gpu)->Done(*stream);                      // other requests run meanwhile
//
// Done() resumes on the loop when all that the stream was given has ended: no thread blocks and
// nothing polls. The coroutine may be dropped while it waits; then nobody is resumed, and the loop
// stays until the driver has called back.
#pragma once

#include <coroutine>
#include <cstdint>
#include <memory>
#include <utility>

#include "absl/status/statusor.h"
#include "chains/core/leaf.h"
#include "chains/core/loop.h"
#include "chains/gpu/module.h"
#include "chains/gpu/status.h"
#include "chains/gpu/stream.h"

namespace chains::gpu {

struct WorkerOptions {
  int max_streams = 32;                       // at a time; more are refused
  int64_t device_bytes = int64_t{1} << 30;    // of Stream::DeviceMemory(), with what is kept
  int64_t pinned_bytes = int64_t{256} << 20;  // the same of Stream::PinnedMemory()
};

namespace internal {

struct Completion;

class DoneAwaiter final : public chains::internal::Leaf {
 public:
  DoneAwaiter(std::shared_ptr<WorkerState> state, StreamSlot* slot, Place place,
              chains::internal::Promise& waiter)
      : Leaf(waiter), state_(std::move(state)), slot_(slot), place_(place) {}
  DoneAwaiter(const DoneAwaiter&) = delete;
  DoneAwaiter& operator=(const DoneAwaiter&) = delete;
  ~DoneAwaiter() { Abandon(); }

  bool await_ready() const noexcept;
  std::coroutine_handle<> await_suspend(std::coroutine_handle<>) noexcept;
  void await_resume() const noexcept {}

 private:
  friend struct Completion;
  void Abandon() noexcept override;
  void Return(absl::Status status);
  absl::Status Described(const absl::Status& status) const;

  const std::shared_ptr<WorkerState> state_;
  StreamSlot* const slot_;
  const Place place_;
  uint64_t uses_ = 0;                 // of the stream, when it began to wait
  Completion* completion_ = nullptr;  // while it waits
};

class [[nodiscard]] DoneCall {
 public:
  DoneCall(const std::shared_ptr<WorkerState>& state, StreamSlot* slot, Place place)
      : state_(state), slot_(slot), place_(place) {}
  DoneAwaiter Bind(chains::internal::Promise& waiter) && { return {state_, slot_, place_, waiter}; }

 private:
  const std::shared_ptr<WorkerState>& state_;
  StreamSlot* slot_;
  Place place_;
};

}  // namespace internal

// One for each loop and device, for that loop's thread. What was borrowed from it may outlive it.
class Worker {
 public:
  // Opens the device for this process if nothing has yet, which takes some hundred milliseconds.
  static absl::StatusOr<std::unique_ptr<Worker>> Open(const Module& module, int device,
                                                      WorkerOptions options);
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;
  // The last of it and what was borrowed from it waits for the work that is on its streams.
  ~Worker();

  // RESOURCE_EXHAUSTED: as many as there may be are in use.
  absl::StatusOr<Stream> OpenStream();

  // `co_await gpu.Done(stream)`: until the work that the stream was given has ended. Fails when the
  // work did: INTERNAL, with the place of this call. Then the device can do nothing more for this
  // process; CheckHealth() says so too.
  internal::DoneCall Done(const Stream& stream, Place place = Place::Here()) {
    return {stream.state_, stream.slot_, place};
  }

  // What functions of the module take that use its handles of libraries.
  abi::Context* context() const;
  const Module& module() const;

 private:
  explicit Worker(std::shared_ptr<internal::WorkerState> state) : state_(std::move(state)) {}

  const std::shared_ptr<internal::WorkerState> state_;
};

}  // namespace chains::gpu
