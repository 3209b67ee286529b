// What a backend checks of what it is given, before it computes anything.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "absl/status/status.h"
#include "phi/backend.h"

namespace poems::phi::cpu {

// INVALID_ARGUMENT names the number, or the tensor, that does not go with the others.
absl::Status CheckModel(const Shape& shape, const Weights& weights);

// INVALID_ARGUMENT says which sequence breaks Step()'s contract, and how. `page_users` has a number
// for each page, and is the caller's to keep: 0 at first.
absl::Status CheckStep(const Shape& shape, const BackendInfo& info,
                       std::span<const SequenceStep> steps, std::vector<uint64_t>& page_users);

}  // namespace poems::phi::cpu
