#include "chains/gpu/cuda/context.h"

namespace chains::gpu::cuda {

Status ContextState::UseBlas(cudaStream_t on) {
  if (!blas.is_open()) {
    if (Status status = blas.Open(); !status.ok()) return status;
  }
  return Check(cublasSetStream(blas.get(), on));
}

Status ContextState::UseDnn(cudaStream_t on) {
  if (!dnn.is_open()) {
    if (Status status = dnn.Open(); !status.ok()) return status;
  }
  return Check(cudnnSetStream(dnn.get(), on));
}

Status ContextState::UseBlasLt() { return blas_lt.is_open() ? Status() : blas_lt.Open(); }

ContextState& Of(abi::Context* context) { return *reinterpret_cast<ContextState*>(context); }
StreamState& Of(abi::Stream* stream) { return *reinterpret_cast<StreamState*>(stream); }

}  // namespace chains::gpu::cuda
