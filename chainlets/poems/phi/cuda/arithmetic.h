// Small arithmetic that processor and GPU share, so that it is tested where there is no GPU.
//
//   const int64_t at = KeyAt(layout, page, kv_head, slot);   // in a kernel and in a test alike
//
// All of it is constexpr: nvcc compiles such functions for both sides (--expt-relaxed-constexpr),
// and they need nothing of CUDA.
#pragma once

#include <bit>
#include <cstdint>
#include <limits>

namespace poems::phi::cuda {

// Vector loads read 8 elements of 16 bits, so rows are padded to that many, with zeros.
inline constexpr int32_t kVector = 8;
// Positions of a page of keys and values.
inline constexpr int32_t kPageSize = 16;
// Rows of activations that a matrix product always takes together; see products.h.
inline constexpr int32_t kRowTile = 64;

constexpr int64_t DivideUp(int64_t a, int64_t b) { return (a + b - 1) / b; }
constexpr int64_t RoundUp(int64_t a, int64_t b) { return DivideUp(a, b) * b; }
constexpr int64_t Padded(int64_t columns) { return RoundUp(columns, kVector); }

// The smallest power of two that is at least `count`.
constexpr int32_t Bucket(int32_t count) {
  return static_cast<int32_t>(std::bit_ceil(static_cast<uint32_t>(count < 1 ? 1 : count)));
}

// Keys and values of a layer: page, then keys or values, head, position in the page, element.
struct KvLayout {
  int32_t kv_heads = 0;
  int32_t head_stride = 0;  // elements of a head, padded
};

constexpr int64_t PageElements(KvLayout layout) {
  return int64_t{2} * layout.kv_heads * kPageSize * layout.head_stride;
}
// Where the key of a head begins, in elements from the layer's begin.
constexpr int64_t KeyAt(KvLayout layout, int64_t page, int32_t kv_head, int32_t position_in_page) {
  const int64_t row = (page * 2 * layout.kv_heads + kv_head) * kPageSize + position_in_page;
  return row * layout.head_stride;
}
// From a key to the value beside it.
constexpr int64_t ValueAfterKey(KvLayout layout) {
  return int64_t{layout.kv_heads} * kPageSize * layout.head_stride;
}

// The first position that `position` sees.
constexpr int32_t FirstSeen(int32_t position, int32_t sliding_window) {
  return sliding_window > 0 && position >= sliding_window ? position - sliding_window + 1 : 0;
}

// Turns a pair of elements by an angle.
struct Pair {
  float first = 0;
  float second = 0;
};
constexpr Pair Turn(Pair x, float cosine, float sine) {
  return {x.first * cosine - x.second * sine, x.second * cosine + x.first * sine};
}

inline constexpr float kNothing = -std::numeric_limits<float>::infinity();

// Softmax over positions in parts: of each part the largest score, the sum of exp(score - largest)
// and the values weighted so. To merge a part into what was merged before, both are scaled by the
// exp of these (exp of kNothing is 0, of 0 exactly 1): a part of which nothing is seen changes no
// bit.
struct Rescale {
  float keep = 0;  // exponent for what was before
  float add = 0;   // exponent for the part
  float max = kNothing;
};
constexpr Rescale MergeOf(float max_before, float max_part) {
  const float max = max_before > max_part ? max_before : max_part;
  return {max_before == kNothing ? kNothing : max_before - max,
          max_part == kNothing ? kNothing : max_part - max, max};
}

// Logits after the repetition penalty.
constexpr float Penalized(float logit, bool seen, float penalty) {
  if (!seen) return logit;
  return logit > 0 ? logit / penalty : logit * penalty;
}

// Orders floats as unsigned integers: greater floats are greater. NaN is least, -0 is 0.
constexpr uint32_t Ordered(float x) {
  if (x != x) return 0;
  const uint32_t bits = std::bit_cast<uint32_t>(x + 0.0F);
  return (bits & 0x80000000U) != 0 ? ~bits : bits | 0x80000000U;
}
constexpr float FromOrdered(uint32_t ordered) {
  return std::bit_cast<float>((ordered & 0x80000000U) != 0 ? ordered ^ 0x80000000U : ~ordered);
}

// What is sorted to draw tokens: by sequence, then by falling score, then by token.
inline constexpr int kTokenBits = 20;
inline constexpr int64_t kMaxVocab = int64_t{1} << kTokenBits;
constexpr uint64_t SortKey(int32_t sequence, float score, int32_t token) {
  return static_cast<uint64_t>(sequence) << (32 + kTokenBits) |
         static_cast<uint64_t>(~Ordered(score)) << kTokenBits | static_cast<uint32_t>(token);
}
constexpr float ScoreOf(uint64_t key) {
  return FromOrdered(~static_cast<uint32_t>(key >> kTokenBits));
}
constexpr int32_t TokenOf(uint64_t key) { return static_cast<int32_t>(key & (kMaxVocab - 1)); }

}  // namespace poems::phi::cuda
