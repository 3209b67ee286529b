// Kernels for AVX-512 (F, BW, DQ, VL). Every function says its instructions itself, so that nothing
// else of the program, a template of the standard library say, comes to be compiled with them.
#include "phi/cpu/kernels.h"

#if defined(__x86_64__)
#include <algorithm>
#include <immintrin.h>

#include "phi/cpu/tiles.h"

namespace poems::phi::cpu {
namespace {

struct Pair {
  __m512 low;
  __m512 high;
};

// 32 weights as floats. Of bf16 the even ones, then the odd ones: a float's upper half is a bf16.
template <DType kType>
[[gnu::target("avx512f,avx512bw,avx512dq,avx512vl"), gnu::always_inline]] inline Pair Load(
    const std::byte* at) {
  if constexpr (kType == DType::kBf16) {
    const __m512i both = _mm512_loadu_si512(at);
    return {_mm512_castsi512_ps(_mm512_slli_epi32(both, 16)),
            _mm512_castsi512_ps(_mm512_and_si512(both, _mm512_set1_epi32(-65536)))};
  } else if constexpr (kType == DType::kF16) {
    const auto* halves = reinterpret_cast<const __m256i*>(at);
    return {_mm512_cvtph_ps(_mm256_loadu_si256(halves)),
            _mm512_cvtph_ps(_mm256_loadu_si256(halves + 1))};
  } else {
    const auto* floats = reinterpret_cast<const float*>(at);
    return {_mm512_loadu_ps(floats), _mm512_loadu_ps(floats + 16)};
  }
}

// The last ones, fewer than 32; the rest is 0.
template <DType kType>
[[gnu::target("avx512f,avx512bw,avx512dq,avx512vl"), gnu::always_inline]] inline Pair LoadTail(
    const std::byte* at, int64_t count) {
  const auto mask = static_cast<__mmask32>((uint64_t{1} << count) - 1);
  const auto low = static_cast<__mmask16>(mask);
  const auto high = static_cast<__mmask16>(mask >> 16);
  if constexpr (kType == DType::kBf16) {
    const __m512i both = _mm512_maskz_loadu_epi16(mask, at);
    return {_mm512_castsi512_ps(_mm512_slli_epi32(both, 16)),
            _mm512_castsi512_ps(_mm512_and_si512(both, _mm512_set1_epi32(-65536)))};
  } else if constexpr (kType == DType::kF16) {
    return {_mm512_cvtph_ps(_mm256_maskz_loadu_epi16(low, at)),
            _mm512_cvtph_ps(_mm256_maskz_loadu_epi16(high, at + 32))};
  } else {
    return {_mm512_maskz_loadu_ps(low, at), _mm512_maskz_loadu_ps(high, at + 64)};
  }
}

// All lines of what Load() reads, into the second cache.
template <DType kType>
[[gnu::always_inline]] inline void Prefetch(const std::byte* at) {
  _mm_prefetch(reinterpret_cast<const char*>(at), _MM_HINT_T1);
  if constexpr (kType == DType::kF32)
    _mm_prefetch(reinterpret_cast<const char*>(at + 64), _MM_HINT_T1);
}

struct Avx512 {
  static constexpr int kMaxRows = 8;
  // 32 registers: a sum for each row and output, and what is being multiplied.
  static constexpr int Outputs(int rows) {
    if (rows <= 3) return 8;
    if (rows == 4) return 6;
    return rows <= 6 ? 4 : 3;
  }
  static constexpr int kWideRows = 6;
  static constexpr int kWideOutputs = 4;

  template <int kRows, int kOutputs>
  [[gnu::target("avx512f,avx512bw,avx512dq,avx512vl"), gnu::always_inline]] static inline void
  Multiply(const float* values, int64_t stride, const Pair (&weights)[kOutputs],
           __m512 (&sums)[kRows][kOutputs]) {
    for (int row = 0; row < kRows; ++row) {
      const __m512 low = _mm512_loadu_ps(values + row * stride);
      for (int output = 0; output < kOutputs; ++output) {
        sums[row][output] = _mm512_fmadd_ps(low, weights[output].low, sums[row][output]);
      }
    }
    for (int row = 0; row < kRows; ++row) {
      const __m512 high = _mm512_loadu_ps(values + row * stride + 16);
      for (int output = 0; output < kOutputs; ++output) {
        sums[row][output] = _mm512_fmadd_ps(high, weights[output].high, sums[row][output]);
      }
    }
  }

  template <DType kType, int kRows, int kOutputs>
  [[gnu::target("avx512f,avx512bw,avx512dq,avx512vl")]] static void Tile(const TileOf& tile) {
    __m512 sums[kRows][kOutputs];
    for (auto& row : sums) {
      for (__m512& sum : row) sum = _mm512_setzero_ps();
    }
    Pair weights[kOutputs];
    const std::byte* at = tile.weights;
    const int64_t whole = tile.columns / 32 * 32;
    for (int64_t column = 0; column < whole; column += 32) {
      for (int output = 0; output < kOutputs; ++output) {
        const std::byte* weight = at + output * tile.weight_stride;
        weights[output] = Load<kType>(weight);
        Prefetch<kType>(weight + tile.ahead);
      }
      Multiply<kRows, kOutputs>(tile.rows + column, tile.row_stride, weights, sums);
      at += 32 * BytesOf(kType);
    }
    if (whole < tile.columns) {
      for (int output = 0; output < kOutputs; ++output) {
        weights[output] = LoadTail<kType>(at + output * tile.weight_stride, tile.columns - whole);
      }
      Multiply<kRows, kOutputs>(tile.rows + whole, tile.row_stride, weights, sums);
    }
    for (int row = 0; row < kRows; ++row) {
      for (int output = 0; output < kOutputs; ++output) {
        tile.Put(row, output, _mm512_reduce_add_ps(sums[row][output]));
      }
    }
  }
};

template <bool kHalf>
[[gnu::target("avx512f,avx512bw,avx512dq,avx512vl"), gnu::always_inline]] inline __m512 Cached(
    const std::byte* at, int64_t index) {
  if constexpr (kHalf) {
    return _mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(at + index * 2)));
  } else {
    return _mm512_loadu_ps(at + index * 4);
  }
}

// kPages pages at a time: as many sums that do not wait for each other.
template <bool kHalf, int kPages>
[[gnu::target("avx512f,avx512bw,avx512dq,avx512vl")]] void ScorePages(const float* query,
                                                                      int64_t head_dim,
                                                                      const std::byte* const* pages,
                                                                      float* scores) {
  __m512 sums[kPages];
  for (__m512& sum : sums) sum = _mm512_setzero_ps();
  for (int64_t element = 0; element < head_dim; ++element) {
    const __m512 value = _mm512_set1_ps(query[element]);
    for (int page = 0; page < kPages; ++page) {
      const __m512 keys = Cached<kHalf>(pages[page], element * kPageSize);
      sums[page] = _mm512_fmadd_ps(value, keys, sums[page]);
    }
  }
  for (int page = 0; page < kPages; ++page) _mm512_storeu_ps(scores + page * kPageSize, sums[page]);
}

template <bool kHalf>
void ScoreAll(const float* query, const HeadPages& head, float* scores) {
  const int64_t pages = (head.last + kPageSize - 1) / kPageSize;
  int64_t page = head.first / kPageSize;
  for (; page + 8 <= pages; page += 8) {
    ScorePages<kHalf, 8>(query, head.head_dim, head.pages + page, scores + page * kPageSize);
  }
  for (; page + 2 <= pages; page += 2) {
    ScorePages<kHalf, 2>(query, head.head_dim, head.pages + page, scores + page * kPageSize);
  }
  if (page < pages) {
    ScorePages<kHalf, 1>(query, head.head_dim, head.pages + page, scores + page * kPageSize);
  }
}

void Score(const float* query, const HeadPages& head, float* scores) {
  return head.half ? ScoreAll<true>(query, head, scores) : ScoreAll<false>(query, head, scores);
}

// e to the power of x, to about two units in the last place: 2^n * e^r with |r| <= ln(2) / 2.
[[gnu::target("avx512f,avx512bw,avx512dq,avx512vl"), gnu::always_inline]] inline __m512 Exp(
    __m512 x) {
  const __m512 n = _mm512_roundscale_ps(_mm512_mul_ps(x, _mm512_set1_ps(1.44269504F)),
                                        _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  __m512 r = _mm512_fnmadd_ps(n, _mm512_set1_ps(0.693359375F), x);
  r = _mm512_fnmadd_ps(n, _mm512_set1_ps(-2.12194440e-4F), r);
  __m512 sum = _mm512_set1_ps(1.0F / 5040);  // Taylor's terms from the seventh on
  sum = _mm512_fmadd_ps(sum, r, _mm512_set1_ps(1.0F / 720));
  sum = _mm512_fmadd_ps(sum, r, _mm512_set1_ps(1.0F / 120));
  sum = _mm512_fmadd_ps(sum, r, _mm512_set1_ps(1.0F / 24));
  sum = _mm512_fmadd_ps(sum, r, _mm512_set1_ps(1.0F / 6));
  sum = _mm512_fmadd_ps(sum, r, _mm512_set1_ps(0.5F));
  sum = _mm512_fmadd_ps(sum, r, _mm512_set1_ps(1.0F));
  sum = _mm512_fmadd_ps(sum, r, _mm512_set1_ps(1.0F));
  return _mm512_scalef_ps(sum, n);
}

[[gnu::target("avx512f,avx512bw,avx512dq,avx512vl")]] float Exponentials(float* values,
                                                                         int64_t count) {
  __m512 largest = _mm512_loadu_ps(values);
  for (int64_t i = 16; i < count; i += 16) {
    largest = _mm512_max_ps(largest, _mm512_loadu_ps(values + i));
  }
  largest = _mm512_set1_ps(_mm512_reduce_max_ps(largest));
  __m512 sum = _mm512_setzero_ps();
  for (int64_t i = 0; i < count; i += 16) {
    const __m512 below = _mm512_sub_ps(_mm512_loadu_ps(values + i), largest);
    const auto seen = _mm512_cmp_ps_mask(below, _mm512_set1_ps(kSmallestPower), _CMP_GE_OQ);
    const __m512 power = _mm512_maskz_mov_ps(seen, Exp(below));
    _mm512_storeu_ps(values + i, power);
    sum = _mm512_add_ps(sum, power);
  }
  return _mm512_reduce_add_ps(sum);
}

// kBlocks * 16 elements of the values, from `element` on.
template <bool kHalf, int kBlocks>
[[gnu::target("avx512f,avx512bw,avx512dq,avx512vl")]] void WeighBlocks(const float* weights,
                                                                       const HeadPages& head,
                                                                       int64_t element,
                                                                       float* out) {
  __m512 sums[kBlocks];
  for (__m512& sum : sums) sum = _mm512_setzero_ps();
  for (int64_t begin = head.first; begin < head.last;) {
    const int64_t page = begin / kPageSize;
    const int64_t end = std::min(head.last, (page + 1) * kPageSize);
    const std::byte* values = head.pages[page] + head.values_at;
    for (int64_t position = begin; position < end; ++position) {
      const __m512 weight = _mm512_set1_ps(weights[position]);
      const int64_t at = position % kPageSize * head.padded_dim + element;
      for (int block = 0; block < kBlocks; ++block) {
        sums[block] = _mm512_fmadd_ps(weight, Cached<kHalf>(values, at + block * 16), sums[block]);
      }
    }
    begin = end;
  }
  for (int block = 0; block < kBlocks; ++block) {
    _mm512_storeu_ps(out + element + block * 16, sums[block]);
  }
}

template <bool kHalf>
void WeighAll(const float* weights, const HeadPages& head, float* out) {
  int64_t element = 0;
  for (; element + 96 <= head.padded_dim; element += 96) {
    WeighBlocks<kHalf, 6>(weights, head, element, out);
  }
  for (; element + 32 <= head.padded_dim; element += 32) {
    WeighBlocks<kHalf, 2>(weights, head, element, out);
  }
  if (element < head.padded_dim) WeighBlocks<kHalf, 1>(weights, head, element, out);
}

void Weigh(const float* weights, const HeadPages& head, float* out) {
  return head.half ? WeighAll<true>(weights, head, out) : WeighAll<false>(weights, head, out);
}

[[gnu::target("avx512f,avx512bw,avx512dq,avx512vl")]] void Gate(const float* gate, const float* up,
                                                                int64_t count, float* out) {
  const __m512 one = _mm512_set1_ps(1);
  for (int64_t i = 0; i < count; i += 16) {
    const auto mask = static_cast<__mmask16>(count - i >= 16 ? 0xffff : (1U << (count - i)) - 1);
    const __m512 value = _mm512_maskz_loadu_ps(mask, gate + i);
    const __m512 power = Exp(_mm512_sub_ps(_mm512_setzero_ps(), value));
    const __m512 silu = _mm512_div_ps(value, _mm512_add_ps(one, power));
    const __m512 product = _mm512_mul_ps(silu, _mm512_maskz_loadu_ps(mask, up + i));
    _mm512_mask_storeu_ps(out + i, mask, product);
  }
}

[[gnu::target("avx512f,avx512bw,avx512dq,avx512vl")]] void Halve(const float* values, int64_t count,
                                                                 uint16_t* out) {
  const __m512 largest = _mm512_set1_ps(65504);
  for (int64_t i = 0; i < count; i += 16) {
    const auto mask = static_cast<__mmask16>(count - i >= 16 ? 0xffff : (1U << (count - i)) - 1);
    __m512 value = _mm512_maskz_loadu_ps(mask, values + i);
    // The second operand is the answer where one is NaN: NaN stays.
    value = _mm512_min_ps(largest, value);
    value = _mm512_max_ps(_mm512_sub_ps(_mm512_setzero_ps(), largest), value);
    _mm256_mask_storeu_epi16(out + i, mask, _mm512_cvtps_ph(value, _MM_FROUND_TO_NEAREST_INT));
  }
}

}  // namespace

const Kernels* Avx512Kernels() {
  static const Kernels kernels = {.level = Level::kAvx512,
                                  .bf16_block = 32,
                                  .multiply = &MultiplyByTiles<Avx512>,
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
const Kernels* Avx512Kernels() { return nullptr; }
}  // namespace poems::phi::cpu

#endif
