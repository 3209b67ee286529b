#include "chains/gpu/cuda/stream.h"

namespace chains::gpu::cuda {

Stream::~Stream() {
  if (stream_ != nullptr) static_cast<void>(cudaStreamDestroy(stream_));
}

Status Stream::Open() { return Check(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking)); }

Event::~Event() {
  if (event_ != nullptr) static_cast<void>(cudaEventDestroy(event_));
}

Status Event::Open(Use use) {
  return Check(cudaEventCreateWithFlags(
      &event_, use == Use::kTime ? cudaEventDefault : cudaEventDisableTiming));
}

}  // namespace chains::gpu::cuda
