// MemoryModel: a model of any shape, with random weights, in memory.
//
//   const MemoryModel model({.hidden = 50, .heads = 5, …}, DType::kBf16, /*seed=*/1);
//   MakeCpuBackend(model.shape(), model.weights(), {});
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <random>
#include <vector>

#include "phi/backend.h"

namespace poems::phi {

// Weights are such that activations stay about as large from layer to layer, and logits of
// different tokens differ by several units. Rotary frequencies: short as rotary embeddings have
// them, long turning slower. Read-only; shape() and weights() point into it.
class MemoryModel {
 public:
  // `shape` without rotary frequencies. With `tied` the head is the embedding.
  MemoryModel(const Shape& shape, DType dtype, uint32_t seed, bool tied = false);
  MemoryModel(const MemoryModel&) = delete;
  MemoryModel& operator=(const MemoryModel&) = delete;

  const Shape& shape() const { return shape_; }
  const Weights& weights() const { return weights_; }

 private:
  // Numbers around `mean`; the deviation is `spread`.
  Tensor Make(int64_t rows, int64_t columns, float mean, float spread);
  void MakeFrequencies();

  Shape shape_;
  const DType dtype_;
  std::mt19937 random_;
  std::vector<float> short_frequencies_;
  std::vector<float> long_frequencies_;
  std::deque<std::vector<std::byte>> data_;
  std::vector<LayerWeights> layers_;
  Weights weights_;
};

}  // namespace poems::phi
