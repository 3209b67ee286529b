// Numbers as weights have them, to floats and back, one at a time.
//
//   const float weight = ElementOf(tensor, 7);
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "phi/backend.h"

namespace poems::phi::cpu {

inline float FromBf16(uint16_t bits) { return std::bit_cast<float>(uint32_t{bits} << 16); }

inline float FromF16(uint16_t bits) {
  const uint32_t sign = uint32_t{bits & 0x8000U} << 16;
  const uint32_t rest = uint32_t{bits & 0x7fffU};
  if (rest >= 0x7c00) return std::bit_cast<float>(sign | 0x7f800000 | (rest & 0x3ff) << 13);
  if (rest >= 0x0400) return std::bit_cast<float>(sign | ((rest << 13) + (112U << 23)));
  const float subnormal = static_cast<float>(rest) * 0x1p-24F;  // exact
  return std::bit_cast<float>(sign | std::bit_cast<uint32_t>(subnormal));
}

// Rounds to nearest even; what is too large becomes the largest finite value, so that one element
// of a key can lose precision, but never turn a whole row of attention into NaN.
inline uint16_t ToF16(float value) {
  const auto bits = std::bit_cast<uint32_t>(value);
  const auto sign = static_cast<uint16_t>(bits >> 16 & 0x8000U);
  const uint32_t rest = bits & 0x7fffffffU;
  if (rest > 0x7f800000) return static_cast<uint16_t>(sign | 0x7e00U);   // NaN
  if (rest >= 0x477fe000) return static_cast<uint16_t>(sign | 0x7bffU);  // 65504
  if (rest < 0x38800000) {                                               // below 2^-14: subnormal
    // Adding a half moves the value to where an element of float is one of the subnormal's.
    const float shifted = std::bit_cast<float>(rest) + 0.5F;
    return static_cast<uint16_t>(sign | (std::bit_cast<uint32_t>(shifted) - 0x3f000000U));
  }
  const uint32_t rounded = rest + 0xfffU + (rest >> 13 & 1U);
  return static_cast<uint16_t>(sign | (rounded - (112U << 23)) >> 13);
}

inline float ElementOf(const void* data, DType dtype, int64_t index) {
  const auto* bytes = static_cast<const std::byte*>(data) + index * BytesOf(dtype);
  if (dtype == DType::kF32) {
    float value = 0;
    std::memcpy(&value, bytes, sizeof(value));
    return value;
  }
  uint16_t bits = 0;
  std::memcpy(&bits, bytes, sizeof(bits));
  return dtype == DType::kF16 ? FromF16(bits) : FromBf16(bits);
}

inline float ElementOf(const Tensor& tensor, int64_t index) {
  return ElementOf(tensor.data, tensor.dtype, index);
}

}  // namespace poems::phi::cpu
