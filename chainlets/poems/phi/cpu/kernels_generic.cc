// Kernels in plain C++, for processors of which nothing else is known.
#include <algorithm>
#include <array>
#include <cmath>

#include "phi/cpu/convert.h"
#include "phi/cpu/kernels.h"
#include "phi/cpu/tiles.h"

namespace poems::phi::cpu {
namespace {

constexpr int64_t kLanes = 8;

struct Generic {
  static constexpr int kMaxRows = 2;
  static constexpr int Outputs(int /*rows*/) { return 2; }
  static constexpr int kWideRows = 2;
  static constexpr int kWideOutputs = 2;

  template <DType kType>
  static void Load(const std::byte* weights, int64_t count, std::array<float, kLanes>& out) {
    for (int64_t i = 0; i < count; ++i) out[i] = ElementOf(weights, kType, i);
  }

  template <DType kType, int kRows, int kOutputs>
  static void Tile(const TileOf& tile) {
    std::array<std::array<std::array<float, kLanes>, kOutputs>, kRows> sums{};
    for (int64_t column = 0; column < tile.columns; column += kLanes) {
      for (int output = 0; output < kOutputs; ++output) {
        std::array<float, kLanes> weights{};
        const std::byte* at = tile.weights + output * tile.weight_stride + column * BytesOf(kType);
        Load<kType>(at, std::min(kLanes, tile.columns - column), weights);
        for (int row = 0; row < kRows; ++row) {
          const float* values = tile.rows + row * tile.row_stride + column;
          for (int64_t i = 0; i < kLanes; ++i) sums[row][output][i] += values[i] * weights[i];
        }
      }
    }
    for (int row = 0; row < kRows; ++row) {
      for (int output = 0; output < kOutputs; ++output) {
        float sum = 0;
        for (const float part : sums[row][output]) sum += part;
        tile.Put(row, output, sum);
      }
    }
  }
};

float Cached(const HeadPages& head, const std::byte* at, int64_t index) {
  return ElementOf(at, head.half ? DType::kF16 : DType::kF32, index);
}

void Score(const float* query, const HeadPages& head, float* scores) {
  const int64_t pages = (head.last + kPageSize - 1) / kPageSize;
  for (int64_t page = head.first / kPageSize; page < pages; ++page) {
    float* sums = scores + page * kPageSize;
    std::fill_n(sums, kPageSize, 0.0F);
    for (int64_t element = 0; element < head.head_dim; ++element) {
      for (int64_t i = 0; i < kPageSize; ++i) {
        sums[i] += query[element] * Cached(head, head.pages[page], element * kPageSize + i);
      }
    }
  }
}

float Exponentials(float* values, int64_t count) {
  const float largest = *std::max_element(values, values + count);
  float sum = 0;
  for (int64_t i = 0; i < count; ++i) {
    const float below = values[i] - largest;
    values[i] = below < kSmallestPower ? 0 : std::exp(below);
    sum += values[i];
  }
  return sum;
}

void Weigh(const float* weights, const HeadPages& head, float* out) {
  std::fill_n(out, head.padded_dim, 0.0F);
  for (int64_t position = head.first; position < head.last; ++position) {
    const std::byte* values = head.pages[position / kPageSize] + head.values_at;
    const int64_t begin = position % kPageSize * head.padded_dim;
    for (int64_t i = 0; i < head.head_dim; ++i) {
      out[i] += weights[position] * Cached(head, values, begin + i);
    }
  }
}

void Gate(const float* gate, const float* up, int64_t count, float* out) {
  for (int64_t i = 0; i < count; ++i) out[i] = gate[i] / (1 + std::exp(-gate[i])) * up[i];
}

void Halve(const float* values, int64_t count, uint16_t* out) {
  for (int64_t i = 0; i < count; ++i) out[i] = ToF16(values[i]);
}

}  // namespace

const Kernels& GenericKernels() {
  static const Kernels kernels = {.level = Level::kGeneric,
                                  .bf16_block = 1,
                                  .multiply = &MultiplyByTiles<Generic>,
                                  .score = &Score,
                                  .exponentials = &Exponentials,
                                  .weigh = &Weigh,
                                  .gate = &Gate,
                                  .halve = &Halve};
  return kernels;
}

}  // namespace poems::phi::cpu
