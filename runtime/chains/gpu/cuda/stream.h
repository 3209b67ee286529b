// Stream and Event: CUDA's, with an owner.
//
//   Stream stream;
//   if (Status status = stream.Open(); !status.ok()) return status;
//   kernel<<<blocks, threads, 0, stream.get()>>>(…);
#pragma once

#include <cuda_runtime_api.h>
#include <utility>

#include "chains/gpu/cuda/status.h"

namespace chains::gpu::cuda {

// Work in its order, on the device that was current when it was opened. It does not wait for the
// default stream. Closing one does not wait for its work. Movable.
class Stream {
 public:
  Stream() = default;
  Stream(Stream&& other) noexcept : stream_(std::exchange(other.stream_, nullptr)) {}
  Stream& operator=(Stream&& other) noexcept {
    std::swap(stream_, other.stream_);
    return *this;
  }
  ~Stream();

  Status Open();
  cudaStream_t get() const { return stream_; }
  // Blocks until all of its work is done; says when that failed.
  Status Wait(Place place = Place::Here()) const {
    return Check(cudaStreamSynchronize(stream_), place);
  }

 private:
  cudaStream_t stream_ = nullptr;
};

// A point in a stream that others wait for, or that time is taken at. Movable.
class Event {
 public:
  enum class Use { kOrder, kTime };  // kOrder is cheaper

  Event() = default;
  Event(Event&& other) noexcept : event_(std::exchange(other.event_, nullptr)) {}
  Event& operator=(Event&& other) noexcept {
    std::swap(event_, other.event_);
    return *this;
  }
  ~Event();

  Status Open(Use use = Use::kOrder);
  cudaEvent_t get() const { return event_; }

 private:
  cudaEvent_t event_ = nullptr;
};

}  // namespace chains::gpu::cuda
