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

Shape SmallShape() { return SuiteShapes()[0].shape; }

TEST(CpuBackendTest, RefusesWeightsOfAnotherShape) {
  const MemoryModel model(SmallShape(), DType::kBf16, 1);
  Shape shape = model.shape();
  shape.intermediate = 95;
  const auto made = MakeCpuBackend(shape, model.weights(), {});
  EXPECT_EQ(made.status(),
            absl::InvalidArgumentError("layer 0: gate_up is 192 x 64, not 190 x 64"));
  shape = model.shape();
  shape.kv_heads = 3;
  EXPECT_EQ(MakeCpuBackend(shape, model.weights(), {}).status(),
            absl::InvalidArgumentError("heads is no multiple of kv_heads"));
  Weights weights = model.weights();
  weights.head.data = nullptr;
  EXPECT_EQ(MakeCpuBackend(model.shape(), weights, {}).status(),
            absl::InvalidArgumentError("head is 96 x 64 without data, not 96 x 64"));
}

TEST(CpuBackendTest, RefusesOptionsThatLeaveNoRoom) {
  const MemoryModel model(SmallShape(), DType::kF32, 1);
  const auto message = [&](const BackendOptions& options) {
    return std::string(MakeCpuBackend(model.shape(), model.weights(), options).status().message());
  };
  EXPECT_EQ(message({.kv_bytes = 1000}),
            "kv_bytes is 1000, but a page of 16 positions takes 16384");
  EXPECT_EQ(message({.threads = -1}), "threads is -1, not in [0, 256]");
  EXPECT_EQ(message({.max_step_tokens = 0}), "max_step_tokens is 0, not in [1, 65536]");
}

TEST(CpuBackendTest, RefusesAPageThatTwoSequencesHave) {
  const MemoryModel model(SmallShape(), DType::kBf16, 1);
  auto backend = MakeCpuBackend(model.shape(), model.weights(), {.threads = 1});
  ASSERT_TRUE(backend.ok()) << backend.status();
  const int32_t token = 1;
  const int32_t page = 3;
  const SequenceStep step{.tokens = &token, .token_count = 1, .pages = &page, .page_count = 1};
  SequenceStep steps[] = {step, step};
  BackendError error;
  EXPECT_FALSE((*backend)->Step(steps, 2, &error));
  EXPECT_STREQ(error.message, "sequence 1: page 3 is given twice");
  EXPECT_TRUE((*backend)->Step(steps, 1, &error)) << error.message;
  EXPECT_TRUE((*backend)->Step(steps, 1, &error)) << "in another step: " << error.message;
}

TEST(CpuBackendTest, SaysSoWhenWeightsAreNotFinite) {
  const MemoryModel model(SmallShape(), DType::kF32, 1);
  Weights weights = model.weights();
  const std::vector<float> norm(64, std::numeric_limits<float>::quiet_NaN());
  weights.final_norm.data = norm.data();
  auto backend = MakeCpuBackend(model.shape(), weights, {.threads = 1});
  ASSERT_TRUE(backend.ok()) << backend.status();
  const int32_t token = 1;
  const int32_t page = 0;
  const Sampling sampling;
  SequenceStep step{
      .tokens = &token, .token_count = 1, .pages = &page, .page_count = 1, .sampling = &sampling};
  BackendError error;
  EXPECT_FALSE((*backend)->Step(&step, 1, &error));
  EXPECT_EQ(error.code, static_cast<int32_t>(absl::StatusCode::kInternal));
  EXPECT_THAT(error.message, testing::HasSubstr("not finite"));
}

}  // namespace
}  // namespace poems::phi
