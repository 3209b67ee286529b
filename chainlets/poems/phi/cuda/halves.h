// Conversions between float and the 16-bit types, on the processor, bit by bit.
//
//   HalfFromFloat(65504.0F) == 0x7bff     Bf16FromFloat(1.0F) == 0x3f80
//
// To the nearest, ties to even, as the hardware does. NaN stays NaN.
#pragma once

#include <bit>
#include <cstdint>

namespace poems::phi::cuda {

constexpr float FloatFromBf16(uint16_t bits) {
  return std::bit_cast<float>(static_cast<uint32_t>(bits) << 16);
}

constexpr uint16_t Bf16FromFloat(float x) {
  const uint32_t bits = std::bit_cast<uint32_t>(x);
  if ((bits & 0x7fffffffU) > 0x7f800000U) return static_cast<uint16_t>(bits >> 16 | 0x40);
  return static_cast<uint16_t>((bits + 0x7fffU + (bits >> 16 & 1)) >> 16);
}

constexpr float FloatFromHalf(uint16_t half) {
  const uint32_t sign = (half & 0x8000U) << 16;
  const uint32_t exponent = half >> 10 & 0x1f;
  const uint32_t fraction = half & 0x3ffU;
  if (exponent == 0x1f) return std::bit_cast<float>(sign | 0x7f800000U | fraction << 13);
  if (exponent != 0) return std::bit_cast<float>(sign | (exponent + 112) << 23 | fraction << 13);
  const float small = static_cast<float>(fraction) * 0x1p-24F;  // exact
  return std::bit_cast<float>(std::bit_cast<uint32_t>(small) | sign);
}

// Too large becomes infinite.
constexpr uint16_t HalfFromFloat(float x) {
  const uint32_t bits = std::bit_cast<uint32_t>(x);
  const auto sign = static_cast<uint16_t>(bits >> 16 & 0x8000);
  const uint32_t size = bits & 0x7fffffffU;
  if (size > 0x7f800000U) return sign | 0x7e00;
  if (size >= 0x477ff000U) return sign | 0x7c00;  // 65520 and above round to infinity
  if (size >= 0x38800000U) {                      // normal: 2^-14 and above
    const uint32_t rounded = size + 0xfffU + (size >> 13 & 1);
    return static_cast<uint16_t>(sign | (rounded - 0x38000000U) >> 13);
  }
  // Adding 0.5 leaves multiples of 2^-24 in the fraction, rounded as they should be.
  const float shifted = std::bit_cast<float>(size) + 0.5F;
  return static_cast<uint16_t>(sign | (std::bit_cast<uint32_t>(shifted) - 0x3f000000U));
}

}  // namespace poems::phi::cuda
