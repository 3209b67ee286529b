// What stands behind abi::Context and abi::Stream, for a chain's own functions that are given one.
//
//   bool Resize(chains::gpu::abi::Stream* on, const Image* from, void* to, abi::Error* error) {
//     cuda::StreamState& stream = cuda::Of(on);
//     Kernel<<<…, stream.stream.get()>>>(…);                                 // nothing waits here
//
// The program waits for it with `co_await worker.Done(stream)`.
#pragma once

#include <cstdint>

#include "chains/gpu/abi.h"
#include "chains/gpu/cuda/busy.h"
#include "chains/gpu/cuda/handles.h"
#include "chains/gpu/cuda/stream.h"

namespace chains::gpu::cuda {

// Of one worker of the program, for one thread at a time. Its handles are opened by the first who
// asks, because a module may need none of them.
struct ContextState {
  int32_t device = 0;
  Blas blas;
  BlasLt blas_lt;
  Dnn dnn;

  // Opens what is not open, and makes it use `stream`.
  Status UseBlas(cudaStream_t on);
  Status UseDnn(cudaStream_t on);
  Status UseBlasLt();
};

struct StreamState {
  ContextState* context = nullptr;
  Stream stream;
  BusyMeter busy;
};

ContextState& Of(abi::Context* context);
StreamState& Of(abi::Stream* stream);

}  // namespace chains::gpu::cuda
