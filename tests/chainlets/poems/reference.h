// Reference: the model in double precision, with plain loops over one sequence, and no code of the
// backends that are compared with it.
//
//   std::vector<std::vector<double>> logits = ReferenceLogits(shape, weights, tokens, false);
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "phi/backend.h"

namespace poems::phi {

// The vocab logits after each of the tokens, which begin at position 0.
std::vector<std::vector<double>> ReferenceLogits(const Shape& shape, const Weights& weights,
                                                 std::span<const int32_t> tokens,
                                                 bool long_context);

// What Sampling in backend.h says, with a full sort and sums in double.
int32_t ReferenceDraw(const Sampling& sampling, std::span<const float> logits);

}  // namespace poems::phi
