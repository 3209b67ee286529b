// The kernels, as functions that launch them. Types of 16 bits are bf16 or f16, told by `bf16`.
//
//   Embed(step, table, stride, residual, angles, stream);      // does not wait; never fails
//   itself: calls(cudaGetLastError());                                 // a bad launch shows here
//
// Rows of every array are `…_stride` elements apart, a multiple of kVector, and zero beyond their
// columns. No kernel's result for a row depends on another row, or on how many there are.
#pragma once

#include <cstdint>
#include <cuda_runtime_api.h>

#include "phi/cuda/arithmetic.h"
#include "phi/cuda/plan.h"

namespace poems::phi::cuda {

// A step's words on the device.
struct StepView {
  const int32_t* words = nullptr;
  PlanLayout layout;
};

// What does not change between steps.
struct ModelView {
  bool bf16 = false;
  int32_t hidden = 0;
  int32_t heads = 0;
  int32_t kv_heads = 0;
  int32_t head_dim = 0;
  int32_t rotary_half = 0;  // elements that turn, in pairs
  int32_t intermediate = 0;
  int32_t vocab = 0;
  int32_t sliding_window = 0;
  int32_t head_parts = 0;
  float epsilon = 0;
  float score_scale = 0;  // 1 / sqrt(head_dim)
  float short_scale = 1;
  float long_scale = 1;
  const float* short_frequencies = nullptr;  // on the device
  const float* long_frequencies = nullptr;
  int64_t hidden_stride = 0;
  int64_t qkv_stride = 0;
  int64_t attended_stride = 0;
  int64_t gate_up_stride = 0;
  int64_t intermediate_stride = 0;
  int64_t logits_stride = 0;
  KvLayout kv;
};

// residual[row] = table[token]; angles[row] = cosines, then sines, of the row's position.
void Embed(const ModelView& model, const StepView& step, int32_t rows, const void* table,
           float* residual, float* angles, cudaStream_t stream);

// to[i] = residual[row] / rms(residual[row]) * weight; row is i, or the i-th output's.
void Normalize(const ModelView& model, const StepView& step, int32_t rows, bool outputs,
               const float* residual, const float* weight, void* to, cudaStream_t stream);

// Turns queries in place; keys, turned, and values go to their place in the layer's pages.
void TurnAndAppend(const ModelView& model, const StepView& step, int32_t rows, const float* angles,
                   float* qkv, void* kv, cudaStream_t stream);

// to = silu(gate) * up.
void Gate(const ModelView& model, int32_t rows, const float* gate_up, void* to,
          cudaStream_t stream);

// How attention is launched; the same for a captured graph's life.
struct AttentionLaunch {
  int32_t blocks = 0;
  int32_t row_capacity = 0;  // rows of a tile, rounded up to 4
  int32_t shared_bytes = 0;
};
// Shared memory that a block takes for the largest tile; the device must have as much.
int64_t AttentionSharedBytes(int32_t head_stride);
// For tiles of up to `tokens` positions.
cudaError_t PlanAttention(const ModelView& model, int32_t tokens, int32_t multiprocessors,
                          AttentionLaunch* launch);
// Floats of a partial result: its largest score, its sum, and head_stride values.
constexpr int64_t PartialFloats(int32_t head_stride) { return head_stride + 4; }
// Every row of every tile attends to its sequence's pages of this layer; queries come turned.
void Attend(const ModelView& model, const StepView& step, const AttentionLaunch& launch,
            const float* qkv, const void* kv, float* partials, void* to, cudaStream_t stream);

// next[output] = the token of the largest logit after the penalty, the smallest of several; -1
// where no logit is a number.
void Largest(const ModelView& model, const StepView& step, int32_t outputs, const float* logits,
             const uint32_t* seen, int32_t* next, cudaStream_t stream);

// The outputs that are drawn: sampled[first], …, sampled[first + count - 1] of the step.
struct DrawnRange {
  int32_t first = 0;
  int32_t count = 0;
};
// Memory to sort with.
struct SortBuffers {
  uint64_t* keys[2] = {};  // count * vocab each
  void* memory = nullptr;
  size_t bytes = 0;
};
cudaError_t SortBytes(int64_t keys, size_t* bytes);
// *sorted: vocab keys for each of the outputs, by falling score after the penalty, then by token.
cudaError_t SortScores(const ModelView& model, const StepView& step, DrawnRange range,
                       const float* logits, const uint32_t* seen, const SortBuffers& buffers,
                       const uint64_t** sorted, cudaStream_t stream);
// scores: vocab for each of the outputs, what softmax is to be taken of: differences to the
// largest, divided by the temperature; kNothing behind top_k.
void ScaleScores(const ModelView& model, const StepView& step, DrawnRange range,
                 const uint64_t* sorted, float* scores, cudaStream_t stream);
// next[output] = the token that is drawn, where one was found before.
void SelectTokens(const ModelView& model, const StepView& step, DrawnRange range,
                  const uint64_t* sorted, const float* probabilities, int32_t* next,
                  cudaStream_t stream);

}  // namespace poems::phi::cuda
