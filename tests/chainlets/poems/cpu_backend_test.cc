#include "phi/cpu/cpu_backend.h"

#include <limits>
#include <vector>

#include "backend_suite.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace poems::phi {
namespace {

SuiteBackend WithLevel(cpu::Level level, std::string name) {
  const auto make = [level](
                        const Shape& shape, const Weights& weights,
                        const BackendOptions& options) -> absl::StatusOr<std::unique_ptr<Backend>> {
    if (level > cpu::BestLevel()) {
      return absl::UnavailableError("this processor has no such instructions");
    }
    return MakeCpuBackend(shape, weights, options, level);
  };
  // All is computed in floats, so the error is that of a float's sums; with weights of 16 bits,
  // keys and values are rounded to f16's 11 bits.
  return {.name = std::move(name),
          .make = make,
          .precisions = {{DType::kF32, 4e-6}, {DType::kF16, 2e-3}, {DType::kBf16, 2e-3}}};
}

INSTANTIATE_TEST_SUITE_P(Cpu, BackendSuite,
                         testing::Values(WithLevel(cpu::Level::kGeneric, "Generic"),
                                         WithLevel(cpu::Level::kAvx2, "Avx2"),
                                         WithLevel(cpu::Level::kAvx512, "Avx512")),
                         NameOfBackend);

}  // namespace
}  // namespace poems::phi
