#include "phi/cuda/backend_export.h"

#include <exception>
#include <memory>
#include <string>

#include "chains/gpu/cuda/kit.h"
#include "phi/cuda/cuda_backend.h"

namespace poems::phi::cuda {
namespace {

using chains::gpu::cuda::Code;
using chains::gpu::cuda::Status;

// Nothing thrown crosses the border, and the standard library throws where memory ends.
Backend* Make(const Shape* shape, const Weights* weights, const BackendOptions* options,
              BackendError* error) {
  try {
    Status status;
    std::unique_ptr<CudaBackend> backend = CudaBackend::Open(*shape, *weights, *options, &status);
    if (backend == nullptr) status.CopyTo(error);
    return backend.release();
  } catch (const std::exception& problem) {
    Status(Code::kResourceExhausted,
           std::string("the host has no memory for the model: ") + problem.what())
        .CopyTo(error);
    return nullptr;
  }
}

void Destroy(Backend* backend) { const std::unique_ptr<Backend> owned(backend); }

constexpr BackendExport kExport = {Make, Destroy};

}  // namespace
}  // namespace poems::phi::cuda

const void* chains::gpu::cuda::FindExport(std::string_view name) {
  return name == poems::phi::cuda::kBackendExport ? &poems::phi::cuda::kExport : nullptr;
}
