// CudaBackend on a fake device: all of its code, kernels too, without a GPU.
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "backend_suite.h"
#include "fake_device.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "phi/cuda/backend_export.h"
#include "phi/cuda/module_backend.h"

namespace chains::gpu::cuda {
const void* FindExport(std::string_view name);
}

namespace poems::phi {
namespace {

using cuda::BackendExport;

const BackendExport& Exported() {
  return *static_cast<const BackendExport*>(
      chains::gpu::cuda::FindExport(cuda::kBackendExport));
}

absl::StatusOr<std::unique_ptr<Backend>> Make(const Shape& shape, const Weights& weights,
                                              const BackendOptions& options) {
  return cuda::MakeModuleBackend(Exported(), shape, weights, options);
}

SuiteBackend OfCapability(int major, int minor, std::string name,
                          std::vector<SuiteBackend::Precision> precisions) {
  const auto make = [=](const Shape& shape, const Weights& weights, const BackendOptions& options) {
    fake::device() = {.major = major, .minor = minor};
    return Make(shape, weights, options);
  };
  return {.name = std::move(name), .make = make, .precisions = std::move(precisions)};
}

// Activations are rounded to bf16's 8 bits, or to f16's 11, before each product.
INSTANTIATE_TEST_SUITE_P(Fake, BackendSuite,
                         testing::Values(OfCapability(8, 6, "Bf16", {{DType::kBf16, 4e-2}, {DType::kF32, 4e-2}}),
                                         OfCapability(7, 5, "F16", {{DType::kF16, 5e-3}})),
                         NameOfBackend);

}  // namespace
}  // namespace poems::phi
