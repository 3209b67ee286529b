#include "phi/cuda/convert.h"

#include <cstring>

#include "phi/cuda/arithmetic.h"
#include "phi/cuda/halves.h"

namespace poems::phi::cuda {
namespace {

template <typename Element>
Element At(const void* from, int64_t i) {
  Element element;
  std::memcpy(&element, static_cast<const char*>(from) + i * int64_t{sizeof(Element)},
              sizeof element);
  return element;
}

template <typename Read>
bool Convert(Read read, int64_t columns, bool bf16, uint16_t* to) {
  if (bf16) {
    for (int64_t i = 0; i < columns; ++i) to[i] = Bf16FromFloat(read(i));
    return true;
  }
  bool fits = true;
  for (int64_t i = 0; i < columns; ++i) {
    const float x = read(i);
    to[i] = HalfFromFloat(x);
    fits &= (to[i] & 0x7fff) != 0x7c00 || x - x != 0;  // infinite only where it was
  }
  return fits;
}

}  // namespace

bool ConvertRow(const void* from, DType dtype, int64_t columns, bool bf16, uint16_t* to) {
  for (int64_t i = columns; i < Padded(columns); ++i) to[i] = 0;
  if (dtype == (bf16 ? DType::kBf16 : DType::kF16)) {
    std::memcpy(to, from, static_cast<size_t>(columns) * sizeof *to);
    return true;
  }
  switch (dtype) {
    case DType::kF32:
      return Convert([from](int64_t i) { return At<float>(from, i); }, columns, bf16, to);
    case DType::kF16:
      return Convert([from](int64_t i) { return FloatFromHalf(At<uint16_t>(from, i)); }, columns,
                     bf16, to);
    case DType::kBf16:
      return Convert([from](int64_t i) { return FloatFromBf16(At<uint16_t>(from, i)); }, columns,
                     bf16, to);
  }
  return false;
}

void ConvertRow(const void* from, DType dtype, int64_t columns, float* to) {
  for (int64_t i = 0; i < columns; ++i) {
    switch (dtype) {
      case DType::kF32:
        to[i] = At<float>(from, i);
        break;
      case DType::kF16:
        to[i] = FloatFromHalf(At<uint16_t>(from, i));
        break;
      case DType::kBf16:
        to[i] = FloatFromBf16(At<uint16_t>(from, i));
        break;
    }
  }
}

}  // namespace poems::phi::cuda
