// MakeModuleBackend: a Backend that lives in a GPU module, as the program holds it.
//
//   absl::StatusOr<const BackendExport*> gpu = module.Export<BackendExport>(kBackendExport);
//   absl::StatusOr<std::unique_ptr<Backend>> backend =
//       MakeModuleBackend(**gpu, shape, files.weights(), options);
#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "phi/backend.h"
#include "phi/cuda/backend_export.h"

namespace poems::phi::cuda {

// Blocks for seconds. `exported` outlives what is made, as modules are never unloaded. The statuses
// are those of the module: FAILED_PRECONDITION without a device or driver, RESOURCE_EXHAUSTED where
// memory is short, INVALID_ARGUMENT for a model that it cannot compute.
absl::StatusOr<std::unique_ptr<Backend>> MakeModuleBackend(const BackendExport& exported,
                                                           const Shape& shape,
                                                           const Weights& weights,
                                                           const BackendOptions& options);

}  // namespace poems::phi::cuda
