// Runner: the model on the device, layer by layer.
//
//   Runner runner;
//   if (Status status = runner.Open(shape, weights, sizes, device, stream); !status.ok()) …
//   status = runner.Launch(step, seen, next, rows, outputs, runner.decode(), stream);
//
// Launch() only gives work to the stream, always to the same addresses, so that it can be captured
// in a CUDA graph. Between two products activations are floats; what products read is bf16 or f16.
#pragma once

#include <cstdint>

#include "chains/gpu/cuda/kit.h"
#include "phi/backend.h"
#include "phi/cuda/kernels.h"
#include "phi/cuda/products.h"
#include "phi/cuda/weights.h"

namespace poems::phi::cuda {

struct RunnerSizes {
  int32_t rows = 0;     // of a launch at most
  int32_t outputs = 0;  // of a launch at most
};

// For one thread and one stream at a time.
class Runner {
 public:
  // Copies the weights and chooses algorithms: seconds. Waits for the stream. The model was
  // checked.
  chains::gpu::cuda::Status Open(const Shape& shape, const Weights& weights, RunnerSizes sizes,
                                 const chains::gpu::cuda::DeviceProperties& device,
                                 cudaStream_t stream);
  // Of all layers.
  int64_t page_bytes() const;
  // Memory for keys and values; once, after Open().
  chains::gpu::cuda::Status AllocatePages(int64_t count, cudaStream_t stream);

  // `next` gets a token for each output, the largest; logits() their logits.
  chains::gpu::cuda::Status Launch(const StepView& step, const uint32_t* seen, int32_t* next,
                                   int32_t rows, int32_t outputs, const AttentionLaunch& attention,
                                   cudaStream_t stream) const;

  const ModelView& model() const { return model_; }
  const float* logits() const { return logits_.as<float>(); }
  const AttentionLaunch& decode() const { return decode_; }  // where each sequence has one token
  const AttentionLaunch& prompt() const { return prompt_; }
  int32_t max_slots() const { return max_slots_; }
  int64_t step_bytes() const { return weights_.step_bytes(); }

 private:
  void Describe(const Shape& shape, bool bf16);
  chains::gpu::cuda::Status PlanKernels(const Shape& shape, RunnerSizes sizes,
                                        const chains::gpu::cuda::DeviceProperties& device);
  chains::gpu::cuda::Status Allocate(RunnerSizes sizes, cudaStream_t stream);
  chains::gpu::cuda::Status OpenProducts(RunnerSizes sizes, cudaStream_t stream);
  chains::gpu::cuda::Status LaunchLayer(const StepView& step, int32_t layer, int32_t rows,
                                        const AttentionLaunch& attention,
                                        cudaStream_t stream) const;

  ModelView model_;
  DeviceWeights weights_;
  AttentionLaunch decode_;
  AttentionLaunch prompt_;
  int32_t max_slots_ = 0;
  int32_t layers_ = 0;

  chains::gpu::cuda::BlasLt blas_;
  chains::gpu::cuda::Buffer workspace_;
  Product qkv_product_;
  Product attention_output_product_;
  Product gate_up_product_;
  Product down_product_;
  Product head_product_;

  // Rows of activations.
  chains::gpu::cuda::Buffer residual_;  // float
  chains::gpu::cuda::Buffer angles_;    // float
  chains::gpu::cuda::Buffer normed_;    // 16 bits
  chains::gpu::cuda::Buffer qkv_;       // float
  chains::gpu::cuda::Buffer attended_;  // 16 bits
  chains::gpu::cuda::Buffer gate_up_;   // float
  chains::gpu::cuda::Buffer gated_;     // 16 bits
  chains::gpu::cuda::Buffer last_;      // 16 bits; outputs' last hidden states
  chains::gpu::cuda::Buffer logits_;    // float; outputs'
  chains::gpu::cuda::Buffer partials_;  // float
  chains::gpu::cuda::Buffer pages_;     // 16 bits
  int64_t layer_bytes_ = 0;             // of pages_
};

}  // namespace poems::phi::cuda
