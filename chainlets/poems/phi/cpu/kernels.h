// Kernels: the inner loops, once for each level of instructions that processors have.
//
//   const Kernels& kernels = KernelsOf(BestLevel());
//   Pack(row, columns, kernels.PackBlock(weights.dtype), packed);
//   kernels.multiply({.rows = packed, .row_count = 1, …});
//
// What a kernel computes of one output, it computes in one order whatever else it computes beside
// it: the bits of a result depend on the level, but not on how many rows come together.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "phi/backend.h"

namespace poems::phi::cpu {

enum class Level : int32_t { kGeneric = 0, kAvx2 = 1, kAvx512 = 2 };

std::string_view NameOf(Level level);

// The best that this processor has.
Level BestLevel();

// Positions of a page of keys and values: the floats of the widest register.
constexpr int64_t kPageSize = 16;

// Powers of e below this one are 0 beside that of 0: nothing of theirs shows in a sum, and floats
// so small that they lose digits take a hundred times as long to multiply.
constexpr float kSmallestPower = -80;

// Packed rows are a multiple of this long, filled up with zeros, and one more apart, lest the same
// column of many rows fall into the same set of a cache.
constexpr int64_t kPackMultiple = 32;
constexpr int64_t PackedStride(int64_t columns) {
  return (columns + kPackMultiple - 1) / kPackMultiple * kPackMultiple + kPackMultiple;
}

// out[row * out_stride + output] = sum over columns of rows[row] * weights[output], for the outputs
// [first, last) of the weights' rows. `rows` are packed, and
// begin at a line of the cache: a register that is read from two of them takes twice as long.
struct Product {
  const float* rows = nullptr;
  int64_t row_count = 0;
  const Tensor* weights = nullptr;
  int64_t first = 0;
  int64_t last = 0;
  float* out = nullptr;
  int64_t out_stride = 0;
  bool add = false;  // to what is in out
};

// Keys and values of one head of one layer of a sequence. Positions count from the first page's.
// A page holds its keys element by element, kPageSize positions each, so that a register compares a
// query with as many positions at a time; behind them its values, position by position, each
// padded_dim long.
struct HeadPages {
  const std::byte* const* pages = nullptr;
  int64_t first = 0;  // position that is seen
  int64_t last = 0;   // behind the last one
  int64_t head_dim = 0;
  int64_t padded_dim = 0;  // a multiple of 16
  int64_t values_at = 0;   // bytes from a page's begin
  bool half = false;       // f16, else f32
};

struct Kernels {
  Level level = Level::kGeneric;
  // Columns whose even ones come first in a packed row, then its odd ones: bf16 is turned into
  // floats two neighbours at a time. 1: as they are.
  int64_t bf16_block = 1;

  void (*multiply)(const Product&) = nullptr;
  // scores[p] = query * key[p] for the whole pages that [first, last) touches.
  void (*score)(const float* query, const HeadPages&, float* scores) = nullptr;
  // exp(value - largest), and what they sum to; `count` is a multiple of 16, -infinity counts 0.
  float (*exponentials)(float* values, int64_t count) = nullptr;
  // out[0, padded_dim) = sum over [first, last) of weights[p] * values[p].
  void (*weigh)(const float* weights, const HeadPages&, float* out) = nullptr;
  // out[i] = silu(gate[i]) * up[i].
  void (*gate)(const float* gate, const float* up, int64_t count, float* out) = nullptr;
  // To f16, as ToF16() does.
  void (*halve)(const float* values, int64_t count, uint16_t* out) = nullptr;

  int64_t PackBlock(DType weights) const { return weights == DType::kBf16 ? bf16_block : 1; }
};

// The level must be at most BestLevel().
const Kernels& KernelsOf(Level level);

// `packed` has room for PackedStride(columns) floats.
void Pack(const float* row, int64_t columns, int64_t block, float* packed);

// Of the files that have them; null where the compiler's target is another processor.
const Kernels& GenericKernels();
const Kernels* Avx2Kernels();
const Kernels* Avx512Kernels();

}  // namespace poems::phi::cpu
