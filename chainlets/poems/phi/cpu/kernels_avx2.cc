// Kernels for AVX2 with FMA and F16C. As in those for AVX-512, every function says its
// instructions.
#include "phi/cpu/kernels.h"

#if defined(__x86_64__)
#include <algorithm>
#include <cstring>
#include <immintrin.h>

#include "phi/cpu/tiles.h"

namespace poems::phi::cpu {
namespace {

struct Pair {
  __m256 low;
  __m256 high;
};

// 16 weights as floats. Of bf16 the even ones, then the odd ones: a float's upper half is a bf16.
template <DType kType>
[[gnu::target("avx2,fma,f16c"), gnu::always_inline]] inline Pair Load(const std::byte* at) {
  if constexpr (kType == DType::kBf16) {
    const __m256i both = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at));
    return {_mm256_castsi256_ps(_mm256_slli_epi32(both, 16)),
            _mm256_castsi256_ps(_mm256_and_si256(both, _mm256_set1_epi32(-65536)))};
  } else if constexpr (kType == DType::kF16) {
    const auto* halves = reinterpret_cast<const __m128i*>(at);
    return {_mm256_cvtph_ps(_mm_loadu_si128(halves)), _mm256_cvtph_ps(_mm_loadu_si128(halves + 1))};
  } else {
    const auto* floats = reinterpret_cast<const float*>(at);
    return {_mm256_loadu_ps(floats), _mm256_loadu_ps(floats + 8)};
  }
}

struct Avx2 {
  static constexpr int kMaxRows = 4;
  // 16 registers: a sum for each row and output, and what is being multiplied.
  static constexpr int Outputs(int rows) { return rows == 1 ? 8 : rows == 4 ? 3 : 4; }
  static constexpr int kWideRows = 4;
  static constexpr int kWideOutputs = 3;

  template <int kRows, int kOutputs>
  [[gnu::target("avx2,fma,f16c"), gnu::always_inline]] static inline void Multiply(
      const float* values, int64_t stride, const Pair& weights, int output,
      __m256 (&sums)[kRows][kOutputs]) {
    for (int row = 0; row < kRows; ++row) {
      __m256& sum = sums[row][output];
      sum = _mm256_fmadd_ps(_mm256_loadu_ps(values + row * stride), weights.low, sum);
      sum = _mm256_fmadd_ps(_mm256_loadu_ps(values + row * stride + 8), weights.high, sum);
    }
  }

  template <DType kType, int kRows, int kOutputs>
  [[gnu::target("avx2,fma,f16c")]] static void Tile(const TileOf& tile) {
    __m256 sums[kRows][kOutputs];
    for (auto& row : sums) {
      for (__m256& sum : row) sum = _mm256_setzero_ps();
    }
    const std::byte* at = tile.weights;
    const int64_t whole = tile.columns / 16 * 16;
    for (int64_t column = 0; column < whole; column += 16) {
      for (int output = 0; output < kOutputs; ++output) {
        const std::byte* weight = at + output * tile.weight_stride;
        const Pair weights = Load<kType>(weight);
        _mm_prefetch(reinterpret_cast<const char*>(weight + tile.ahead), _MM_HINT_T1);
        Multiply<kRows, kOutputs>(tile.rows + column, tile.row_stride, weights, output, sums);
      }
      at += 16 * BytesOf(kType);
    }
    if (whole < tile.columns) {
      const auto bytes = static_cast<size_t>((tile.columns - whole) * BytesOf(kType));
      for (int output = 0; output < kOutputs; ++output) {
        std::byte tail[16 * BytesOf(kType)] = {};
        std::memcpy(tail, at + output * tile.weight_stride, bytes);
        const Pair weights = Load<kType>(tail);
        Multiply<kRows, kOutputs>(tile.rows + whole, tile.row_stride, weights, output, sums);
      }
    }
    for (int row = 0; row < kRows; ++row) {
      for (int output = 0; output < kOutputs; ++output) {
        tile.Put(row, output, Sum(sums[row][output]));
      }
    }
  }

  [[gnu::target("avx2,fma,f16c"), gnu::always_inline]] static inline float Sum(__m256 parts) {
    __m128 four = _mm_add_ps(_mm256_castps256_ps128(parts), _mm256_extractf128_ps(parts, 1));
    four = _mm_add_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_add_ss(four, _mm_movehdup_ps(four)));
  }
};

template <bool kHalf>
[[gnu::target("avx2,fma,f16c"), gnu::always_inline]] inline __m256 Cached(const std::byte* at,
                                                                          int64_t index) {
  if constexpr (kHalf) {
    return _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(at + index * 2)));
  } else {
    return _mm256_loadu_ps(reinterpret_cast<const float*>(at + index * 4));
  }
}

template <bool kHalf, int kPages>
[[gnu::target("avx2,fma,f16c")]] void ScorePages(const float* query, int64_t head_dim,
                                                 const std::byte* const* pages, float* scores) {
  __m256 sums[kPages][2];
  for (auto& sum : sums) sum[0] = sum[1] = _mm256_setzero_ps();
  for (int64_t element = 0; element < head_dim; ++element) {
    const __m256 value = _mm256_set1_ps(query[element]);
    for (int page = 0; page < kPages; ++page) {
      const int64_t at = element * kPageSize;
      sums[page][0] = _mm256_fmadd_ps(value, Cached<kHalf>(pages[page], at), sums[page][0]);
      sums[page][1] = _mm256_fmadd_ps(value, Cached<kHalf>(pages[page], at + 8), sums[page][1]);
    }
  }
  for (int page = 0; page < kPages; ++page) {
    _mm256_storeu_ps(scores + page * kPageSize, sums[page][0]);
    _mm256_storeu_ps(scores + page * kPageSize + 8, sums[page][1]);
  }
}

template <bool kHalf>
void ScoreAll(const float* query, const HeadPages& head, float* scores) {
  const int64_t pages = (head.last + kPageSize - 1) / kPageSize;
  int64_t page = head.first / kPageSize;
  for (; page + 4 <= pages; page += 4) {
    ScorePages<kHalf, 4>(query, head.head_dim, head.pages + page, scores + page * kPageSize);
  }
  for (; page < pages; ++page) {
    ScorePages<kHalf, 1>(query, head.head_dim, head.pages + page, scores + page * kPageSize);
  }
}

void Score(const float* query, const HeadPages& head, float* scores) {
  return head.half ? ScoreAll<true>(query, head, scores) : ScoreAll<false>(query, head, scores);
}

// e to the power of x, for x up to 88, else of 88: 2^n * e^r with |r| <= ln(2) / 2. 0 where x is
// below kSmallestPower.
[[gnu::target("avx2,fma,f16c"), gnu::always_inline]] inline __m256 Exp(__m256 x) {
  const __m256 smallest = _mm256_set1_ps(kSmallestPower);
  const __m256 seen = _mm256_cmp_ps(x, smallest, _CMP_GE_OQ);
  x = _mm256_min_ps(_mm256_max_ps(x, smallest), _mm256_set1_ps(88.0F));
  const __m256 n = _mm256_round_ps(_mm256_mul_ps(x, _mm256_set1_ps(1.44269504F)),
                                   _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  __m256 r = _mm256_fnmadd_ps(n, _mm256_set1_ps(0.693359375F), x);
  r = _mm256_fnmadd_ps(n, _mm256_set1_ps(-2.12194440e-4F), r);
  __m256 sum = _mm256_set1_ps(1.0F / 5040);  // Taylor's terms from the seventh on
  sum = _mm256_fmadd_ps(sum, r, _mm256_set1_ps(1.0F / 720));
  sum = _mm256_fmadd_ps(sum, r, _mm256_set1_ps(1.0F / 120));
  sum = _mm256_fmadd_ps(sum, r, _mm256_set1_ps(1.0F / 24));
  sum = _mm256_fmadd_ps(sum, r, _mm256_set1_ps(1.0F / 6));
  sum = _mm256_fmadd_ps(sum, r, _mm256_set1_ps(0.5F));
  sum = _mm256_fmadd_ps(sum, r, _mm256_set1_ps(1.0F));
  sum = _mm256_fmadd_ps(sum, r, _mm256_set1_ps(1.0F));
  const __m256i exponent = _mm256_slli_epi32(_mm256_cvtps_epi32(n), 23);
  const __m256i bits = _mm256_add_epi32(_mm256_castps_si256(sum), exponent);
  return _mm256_and_ps(_mm256_castsi256_ps(bits), seen);
}

[[gnu::target("avx2,fma,f16c")]] float Exponentials(float* values, int64_t count) {
  float largest = values[0];
  for (int64_t i = 1; i < count; ++i) largest = std::max(largest, values[i]);
  __m256 sums[2] = {_mm256_setzero_ps(), _mm256_setzero_ps()};
  for (int64_t i = 0; i < count; i += 8) {
    const __m256 below = _mm256_sub_ps(_mm256_loadu_ps(values + i), _mm256_set1_ps(largest));
    const __m256 power = Exp(below);
    _mm256_storeu_ps(values + i, power);
    sums[i / 8 % 2] = _mm256_add_ps(sums[i / 8 % 2], power);
  }
  return Avx2::Sum(_mm256_add_ps(sums[0], sums[1]));
}

template <bool kHalf, int kBlocks>
[[gnu::target("avx2,fma,f16c")]] void WeighBlocks(const float* weights, const HeadPages& head,
                                                  int64_t element, float* out) {
  __m256 sums[kBlocks];
  for (__m256& sum : sums) sum = _mm256_setzero_ps();
  for (int64_t position = head.first; position < head.last; ++position) {
    const std::byte* values = head.pages[position / kPageSize] + head.values_at;
    const __m256 weight = _mm256_set1_ps(weights[position]);
    const int64_t at = position % kPageSize * head.padded_dim + element;
    for (int block = 0; block < kBlocks; ++block) {
      sums[block] = _mm256_fmadd_ps(weight, Cached<kHalf>(values, at + block * 8), sums[block]);
    }
  }
  for (int block = 0; block < kBlocks; ++block) {
    _mm256_storeu_ps(out + element + block * 8, sums[block]);
  }
}

template <bool kHalf>
void WeighAll(const float* weights, const HeadPages& head, float* out) {
  int64_t element = 0;
  for (; element + 64 <= head.padded_dim; element += 64) {
    WeighBlocks<kHalf, 8>(weights, head, element, out);
  }
  for (; element < head.padded_dim; element += 16) {
    WeighBlocks<kHalf, 2>(weights, head, element, out);
  }
}

void Weigh(const float* weights, const HeadPages& head, float* out) {
  return head.half ? WeighAll<true>(weights, head, out) : WeighAll<false>(weights, head, out);
}

[[gnu::target("avx2,fma,f16c"), gnu::always_inline]] inline __m256 GateOf(const float* gate,
                                                                          const float* up) {
  const __m256 value = _mm256_loadu_ps(gate);
  const __m256 power = Exp(_mm256_sub_ps(_mm256_setzero_ps(), value));
  const __m256 silu = _mm256_div_ps(value, _mm256_add_ps(_mm256_set1_ps(1), power));
  return _mm256_mul_ps(silu, _mm256_loadu_ps(up));
}

[[gnu::target("avx2,fma,f16c")]] void Gate(const float* gate, const float* up, int64_t count,
                                           float* out) {
  int64_t i = 0;
  for (; i + 8 <= count; i += 8) _mm256_storeu_ps(out + i, GateOf(gate + i, up + i));
  if (i == count) return;
  const auto bytes = static_cast<size_t>(count - i) * sizeof(float);
  float tails[2][8] = {};
  std::memcpy(tails[0], gate + i, bytes);
  std::memcpy(tails[1], up + i, bytes);
  _mm256_storeu_ps(tails[0], GateOf(tails[0], tails[1]));
  std::memcpy(out + i, tails[0], bytes);
}

[[gnu::target("avx2,fma,f16c")]] void Halve(const float* values, int64_t count, uint16_t* out) {
  const __m256 largest = _mm256_set1_ps(65504);
  for (int64_t i = 0; i < count; i += 8) {
    const int64_t taken = std::min<int64_t>(count - i, 8);
    float eight[8] = {};
    std::memcpy(eight, values + i, static_cast<size_t>(taken) * sizeof(float));
    // The second operand is the answer where one is NaN: NaN stays.
    __m256 value = _mm256_min_ps(largest, _mm256_loadu_ps(eight));
    value = _mm256_max_ps(_mm256_sub_ps(_mm256_setzero_ps(), largest), value);
    const __m128i halves = _mm256_cvtps_ph(value, _MM_FROUND_TO_NEAREST_INT);
    std::memcpy(out + i, &halves, static_cast<size_t>(taken) * sizeof(uint16_t));
  }
}

}  // namespace

const Kernels* Avx2Kernels() {
  static const Kernels kernels = {.level = Level::kAvx2,
                                  .bf16_block = 16,
                                  .multiply = &MultiplyByTiles<Avx2>,
                                  .score = &Score,
                                  .exponentials = &Exponentials,
                                  .weigh = &Weigh,
                                  .gate = &Gate,
                                  .halve = &Halve};
  return &kernels;
}

}  // namespace poems::phi::cpu

#else

namespace poems::phi::cpu {
const Kernels* Avx2Kernels() { return nullptr; }
}  // namespace poems::phi::cpu

#endif
