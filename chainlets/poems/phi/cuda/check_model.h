// CheckModel: what is wrong with a model, before anything is given to the device.
//
//   std::string problem = CheckModel(shape, weights);      // "layers[3].down is 64 x 96, and …"
#pragma once

#include <string>

#include "phi/backend.h"

namespace poems::phi::cuda {

// The shape's numbers are within what the kernels take, and every tensor is of that shape. Empty
// when nothing is wrong. Tensors' data is not read.
std::string CheckModel(const Shape& shape, const Weights& weights);

}  // namespace poems::phi::cuda
