// Forward: a step through all layers, for all of its tokens together.
//
//   Forward forward(shape, weights, kernels, std::move(cache), limits);
//   absl::Status ran = forward.Run({sequences, count});
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "absl/status/status.h"
#include "phi/backend.h"
#include "phi/cpu/attention.h"
#include "phi/cpu/kernels.h"
#include "phi/cpu/memory.h"
#include "phi/cpu/pool.h"
#include "phi/sampler.h"

namespace poems::phi::cpu {

struct StepLimits {
  int64_t tokens = 0;
  int64_t sequences = 0;
  int threads = 1;
};

// Allocates all it needs when it is made. One thread at a time.
class Forward {
 public:
  // What shape and weights point to outlives this.
  Forward(const Shape& shape, const Weights& weights, const Kernels& kernels, KvCache cache,
          const StepLimits& limits);

  // The steps keep to their contract (CheckStep). INTERNAL when logits are not finite.
  absl::Status Run(std::span<SequenceStep> steps);

 private:
  using Norm = std::vector<float>;

  void Embed(std::span<SequenceStep> steps);
  void RunLayer(int32_t layer);
  void Attend(int32_t layer);
  void Feed(const LayerWeights& layer);
  absl::Status Draw(std::span<SequenceStep> steps);

  // packed_[row] = what `fill` makes of a row, for rows of products with these weights.
  void PackRows(int64_t rows, const Tensor& weights,
                absl::FunctionRef<const float*(int64_t row, float* scratch)> fill);
  const float* Normalize(const float* row, const Norm& norm, float* scratch) const;
  // out (`+=` with add) = packed_ * weights, with a row of `out` for each of the first rows.
  void Multiply(int64_t rows, const Tensor& weights, float* out, bool add);

  const Shape shape_;
  const Weights weights_;
  const Kernels& kernels_;
  Pool pool_;
  Attention attention_;
  std::vector<Norm> input_norms_;
  std::vector<Norm> post_attention_norms_;
  Norm final_norm_;

  int64_t tokens_ = 0;           // of this step
  int64_t seen_ = 0;             // positions that these see, about
  std::vector<Rows> rows_;       // its sequences
  std::vector<int32_t> wanted_;  // those that want logits
  Floats residual_;
  Floats packed_;
  Floats qkv_;
  Floats attended_;
  Floats gate_up_;
  Floats logits_;
  std::vector<Floats> scratch_;    // a row for each worker
  std::vector<Sampler> samplers_;  // likewise
};

}  // namespace poems::phi::cpu
