// Drawing: tokens by temperature, top_k and top_p, from logits that are on the device.
//
//   Drawing drawing;
//   Status status = drawing.Open(max_sequences, vocab, stream);
//   status = drawing.Draw(model, step, counts.sampled, logits, seen, next, stream);
//
// Scores are sorted (cub), softmax is taken of each output's by itself (cuDNN), and a token is
// selected by sums in double (selection.h). cuDNN is always asked for one row of the vocabulary's
// size, so it cannot take another kernel for more of them, and a draw does not depend on who else
// draws.
#pragma once

#include <cstdint>
#include <cudnn.h>
#include <memory>
#include <type_traits>

#include "chains/gpu/cuda/kit.h"
#include "phi/cuda/kernels.h"

namespace poems::phi::cuda {

// For one thread and one stream at a time.
class Drawing {
 public:
  // Waits for the stream.
  chains::gpu::cuda::Status Open(int32_t max_sequences, int32_t vocab, cudaStream_t stream);
  // next[output] for the step's `sampled` outputs that have a temperature; before, it is the token
  // of their largest logit. Only gives work to the stream that was given to Open().
  chains::gpu::cuda::Status Draw(const ModelView& model, const StepView& step, int32_t sampled,
                                 const float* logits, const uint32_t* seen, int32_t* next,
                                 cudaStream_t stream) const;

 private:
  struct Destroy {
    void operator()(cudnnTensorDescriptor_t it) const {
      static_cast<void>(cudnnDestroyTensorDescriptor(it));
    }
  };
  using Descriptor = std::unique_ptr<std::remove_pointer_t<cudnnTensorDescriptor_t>, Destroy>;

  chains::gpu::cuda::Status Softmax(int32_t row) const;

  int32_t at_once_ = 0;  // sequences that there is memory for
  int64_t vocab_ = 0;
  chains::gpu::cuda::Dnn dnn_;
  Descriptor row_;
  chains::gpu::cuda::Buffer keys_;
  chains::gpu::cuda::Buffer sort_memory_;
  chains::gpu::cuda::Buffer scores_;
  chains::gpu::cuda::Buffer probabilities_;
  SortBuffers sort_;
};

}  // namespace poems::phi::cuda
