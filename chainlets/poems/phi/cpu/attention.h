// Attention: turns queries and keys by their positions, keeps keys and values, and weighs the
// values that each new token sees.
//
//   attention.Begin(tokens);                     // of a step
//   attention.Run(layer, sequence, kv_head, worker, qkv, out);
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "phi/backend.h"
#include "phi/cpu/kernels.h"
#include "phi/cpu/kv_cache.h"

namespace poems::phi::cpu {

// A sequence's part of a step, and which of the step's rows are its tokens'.
struct Rows {
  const SequenceStep* step = nullptr;
  int64_t first = 0;
};

// Allocates once. Run() of different heads or sequences may run at a time, each with another
// worker.
class Attention {
 public:
  Attention(const Shape& shape, const Kernels& kernels, KvCache cache, int64_t max_step_tokens,
            int workers);

  const KvCache& cache() const { return cache_; }

  // Prepares turns for the step's positions.
  void Begin(std::span<const Rows> sequences);

  // Of one key head, for all new tokens of a sequence and the query heads that read it. `qkv` has
  // the step's rows as they come from the layer's product; `out` gets heads * head_dim a row.
  void Run(int32_t layer, const Rows& rows, int32_t kv_head, int worker, const float* qkv,
           float* out);

 private:
  struct Scratch {
    std::vector<const std::byte*> pages;
    std::vector<float> scores;
    std::vector<float> turned;  // a query or a key
    std::vector<float> weighed;
    std::vector<uint16_t> halves;
  };

  void Turn(const float* from, int64_t row, float scale, float* to) const;
  void Append(int32_t layer, const Rows& rows, int32_t kv_head, Scratch& scratch,
              const float* qkv) const;
  void Attend(int32_t position, Scratch& scratch, float* out) const;

  const Shape shape_;
  const Kernels& kernels_;
  const KvCache cache_;
  const int64_t qkv_columns_;
  std::vector<float> turns_;  // of each row: cosines, then sines
  std::vector<Scratch> scratch_;
};

}  // namespace poems::phi::cpu
