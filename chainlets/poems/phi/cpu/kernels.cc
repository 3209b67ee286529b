#include "phi/cpu/kernels.h"

#include <algorithm>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace poems::phi::cpu {
namespace {

Level DetectedLevel() {
#if defined(__x86_64__)
  unsigned int eax = 0;
  unsigned int ebx = 0;
  unsigned int ecx = 0;
  unsigned int edx = 0;
  // __builtin_cpu_supports() also asks whether the system saves the registers. clang 14 does not
  // know F16C there.
  const bool f16c = __get_cpuid(1, &eax, &ebx, &ecx, &edx) != 0 && (ecx & bit_F16C) != 0;
  if (!f16c || !__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")) {
    return Level::kGeneric;
  }
  const bool wide = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                    __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq");
  return wide ? Level::kAvx512 : Level::kAvx2;
#else
  return Level::kGeneric;
#endif
}

}  // namespace

std::string_view NameOf(Level level) {
  switch (level) {
    case Level::kAvx512:
      return "AVX-512";
    case Level::kAvx2:
      return "AVX2";
    case Level::kGeneric:
      break;
  }
  return "no vector instructions";
}

Level BestLevel() {
  static const Level level = DetectedLevel();
  return level;
}

const Kernels& KernelsOf(Level level) {
  if (level == Level::kAvx512 && Avx512Kernels() != nullptr) return *Avx512Kernels();
  if (level == Level::kAvx2 && Avx2Kernels() != nullptr) return *Avx2Kernels();
  return GenericKernels();
}

void Pack(const float* row, int64_t columns, int64_t block, float* packed) {
  const int64_t whole = columns / block * block;
  const int64_t half = block / 2;
  if (block == 1) {
    std::copy_n(row, columns, packed);
  } else {
    for (int64_t begin = 0; begin < whole; begin += block) {
      for (int64_t i = 0; i < half; ++i) {
        packed[begin + i] = row[begin + 2 * i];
        packed[begin + half + i] = row[begin + 2 * i + 1];
      }
    }
    std::fill(packed + whole, packed + PackedStride(columns), 0.0F);
    for (int64_t i = whole; i < columns; ++i) {
      packed[whole + (i - whole) / 2 + (i - whole) % 2 * half] = row[i];
    }
    return;
  }
  std::fill(packed + columns, packed + PackedStride(columns), 0.0F);
}

}  // namespace poems::phi::cpu
