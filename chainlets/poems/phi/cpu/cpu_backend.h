// MakeCpuBackend: the model on the processors of this machine.
//
//   absl::StatusOr<std::unique_ptr<Backend>> backend =
//       MakeCpuBackend(config.shape(), files.weights(), {.threads = 2});
//
// Weights are read where they lie, as they are (f32, f16 or bf16), and turned into floats in
// registers; all else is computed in floats. The rows of a step share each read of a weight.
#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "phi/backend.h"
#include "phi/cpu/kernels.h"

namespace poems::phi {

// What shape and weights point to must outlive the backend. It has options.threads - 1 threads of
// its own, which sleep between steps. INVALID_ARGUMENT for weights of another shape, or for options
// that leave no room for a page; RESOURCE_EXHAUSTED when memory is refused.
absl::StatusOr<std::unique_ptr<Backend>> MakeCpuBackend(const Shape& shape, const Weights& weights,
                                                        const BackendOptions& options);

// With the instructions of `level`, which this processor must have: for tests.
absl::StatusOr<std::unique_ptr<Backend>> MakeCpuBackend(const Shape& shape, const Weights& weights,
                                                        const BackendOptions& options,
                                                        cpu::Level level);

}  // namespace poems::phi
