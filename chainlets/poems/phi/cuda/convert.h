// Rows of weights from a model's files, converted to what a device computes in.
//
//   std::vector<uint16_t> row(Padded(columns));
//   if (!ConvertRow(tensor.data, tensor.dtype, columns, bf16, row.data())) …  // too large for f16
#pragma once

#include <cstdint>

#include "phi/backend.h"

namespace poems::phi::cuda {

// Writes Padded(columns) elements of bf16, or of f16, zeros beyond the columns. False where a
// finite value has become infinite, which only f16 does to values above 65504.
bool ConvertRow(const void* from, DType dtype, int64_t columns, bool bf16, uint16_t* to);

// The same to floats, exact.
void ConvertRow(const void* from, DType dtype, int64_t columns, float* to);

}  // namespace poems::phi::cuda
