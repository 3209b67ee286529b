// Where CUDA is installed.
#include "tests/bench/model/device_backend.h"

#include "chains/gpu/device.h"
#include "chains/gpu/module.h"
#include "phi/cuda/backend_export.h"
#include "phi/cuda/module_backend.h"

namespace bench {

absl::StatusOr<std::unique_ptr<poems::phi::Backend>> MakeDeviceBackend(
    const poems::phi::Shape& shape, const poems::phi::Weights& weights,
    const poems::phi::BackendOptions& options) {
  using poems::phi::cuda::BackendExport;
  absl::StatusOr<const chains::gpu::Module*> module = chains::gpu::Module::Find("poems_cuda");
  if (!module.ok()) return module.status();
  const auto devices = chains::gpu::Devices(**module);
  if (!devices.ok()) return devices.status();
  const auto exported = (*module)->Export<BackendExport>(poems::phi::cuda::kBackendExport);
  if (!exported.ok()) return exported.status();
  return poems::phi::cuda::MakeModuleBackend(**exported, shape, weights, options);
}

}  // namespace bench
