// MakeDeviceBackend: the backend on a GPU, where this build has one and this machine too.
#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "phi/backend.h"

namespace bench {

// The status says what is missing.
absl::StatusOr<std::unique_ptr<poems::phi::Backend>> MakeDeviceBackend(
    const poems::phi::Shape& shape, const poems::phi::Weights& weights,
    const poems::phi::BackendOptions& options);

}  // namespace bench
