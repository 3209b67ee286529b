// CudaBackend on a fake device: all of its code, kernels too, without a GPU.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "backend_suite.h"
#include "fake_device.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "phi/cuda/backend_export.h"
#include "phi/cuda/module_backend.h"
#include "reference.h"

namespace chains::gpu::cuda {
const void* FindExport(std::string_view name);
}

namespace poems::phi {
namespace {

using cuda::BackendExport;
using testing::HasSubstr;
using Tokens = std::vector<int32_t>;

absl::StatusOr<std::unique_ptr<Backend>> Make(const Shape& shape, const Weights& weights,
                                              const BackendOptions& options) {
  const auto* exported =
      static_cast<const BackendExport*>(chains::gpu::cuda::FindExport(cuda::kBackendExport));
  return cuda::MakeModuleBackend(*exported, shape, weights, options);
}

SuiteBackend OfCapability(int major, int minor, std::string name,
                          std::vector<SuiteBackend::Precision> precisions) {
  const auto make = [=](const Shape& shape, const Weights& weights,
                        const BackendOptions& options) -> absl::StatusOr<std::unique_ptr<Backend>> {
    if (options.threads != 2) return absl::UnavailableError("a GPU has no number of threads");
    fake::device() = {.major = major, .minor = minor};
    return Make(shape, weights, options);
  };
  return {.name = std::move(name), .make = make, .precisions = std::move(precisions)};
}

// Activations are rounded to bf16's 8 bits before each product.
INSTANTIATE_TEST_SUITE_P(Fake, BackendSuite,
                         testing::Values(OfCapability(8, 6, "Bf16", {{DType::kBf16, 2.5e-2}})),
                         NameOfBackend);

// Two layers, and query heads in groups of four.
Shape Small() {
  Shape shape = SuiteShapes()[2].shape;
  shape.sliding_window = 0;
  shape.max_positions = 4096;
  return shape;
}

constexpr BackendOptions kSmall = {
    .kv_bytes = 4 << 20, .max_step_tokens = 128, .max_step_sequences = 4};

class CudaBackendTest : public testing::Test {
 protected:
  void SetUp() override { fake::device() = {}; }
  void TearDown() override { fake::device() = {}; }

  absl::StatusOr<std::unique_ptr<Backend>> Open(BackendOptions options = kSmall) {
    return Make(model_.shape(), model_.weights(), options);
  }
  // Or the test ends.
  std::unique_ptr<SuiteRunner> Run(BackendOptions options = kSmall) {
    absl::StatusOr<std::unique_ptr<Backend>> backend = Open(options);
    EXPECT_TRUE(backend.ok()) << backend.status();
    return backend.ok() ? std::make_unique<SuiteRunner>(*std::move(backend)) : nullptr;
  }
  std::vector<float> Logits(SuiteRunner& runner, const Tokens& tokens, std::vector<size_t> parts) {
    SuiteRunner::Sequence sequence;
    std::vector<float> logits;
    auto from = tokens.begin();
    for (const size_t part : parts) {
      const Tokens now(from, from + static_cast<ptrdiff_t>(part));
      logits = runner.Feed(sequence, now, model_.shape().vocab);
      from += static_cast<ptrdiff_t>(part);
    }
    runner.Leave(sequence);
    return logits;
  }
  static double Error(const MemoryModel& model, const std::vector<float>& logits,
                      const Tokens& tokens) {
    const std::vector<double> wanted =
        ReferenceLogits(model.shape(), model.weights(), tokens, false).back();
    double error = 0;
    double largest = 0;
    for (size_t i = 0; i < wanted.size(); ++i) {
      error = std::max(error, std::abs(logits[i] - wanted[i]));
      largest = std::max(largest, std::abs(wanted[i]));
    }
    return error / largest;
  }

  const MemoryModel model_{Small(), DType::kF32, 1};
};

TEST_F(CudaBackendTest, FloatsAreTakenAsF16OnDevicesWithoutBf16) {
  fake::device().major = 7;
  fake::device().minor = 5;
  const Tokens tokens = RandomTokens(40, model_.shape().vocab, 2);
  auto runner = Run();
  ASSERT_NE(runner, nullptr);
  EXPECT_THAT(runner->backend().info().name, HasSubstr("f16"));
  EXPECT_LT(Error(model_, Logits(*runner, tokens, {40}), tokens), 3e-3);
}

// More chunks than one, so that few tokens are split and combined, and whole prompts are not.
TEST_F(CudaBackendTest, ContextsOfManyChunksGiveTheSameBitsHoweverTheyAreCut) {
  Shape shape = Small();
  shape.layers = 1;
  shape.heads = 2;
  shape.kv_heads = 1;
  const MemoryModel model(shape, DType::kF32, 3);
  auto backend = Make(model.shape(), model.weights(), kSmall);
  ASSERT_TRUE(backend.ok()) << backend.status();
  SuiteRunner runner(*std::move(backend));
  const Tokens tokens = RandomTokens(300, shape.vocab, 3);
  const std::vector<float> whole = Logits(runner, tokens, {128, 128, 44});
  EXPECT_LT(Error(model, whole, tokens), 2.5e-2);
  EXPECT_EQ(Logits(runner, tokens, {100, 128, 71, 1}), whole);
  EXPECT_EQ(Logits(runner, tokens, {128, 128, 36, 5, 1, 1, 1}), whole);
}

TEST_F(CudaBackendTest, StepsOfSingleTokensAreGraphsThatWereCapturedAtTheStart) {
  auto runner = Run();
  ASSERT_NE(runner, nullptr);
  const int graphs = fake::counts().graphs;
  std::vector<SuiteRunner::Sequence> sequences(3);
  const int kernels = fake::counts().kernels;
  const int launches = fake::counts().graph_launches;
  const int spins = fake::counts().syncs_that_spin;
  std::vector<SequenceStep> steps(3);
  const Sampling greedy;
  const Tokens pages = {0, 1, 2};
  const int32_t token = 5;
  for (size_t i = 0; i < 3; ++i) {
    steps[i] = {.tokens = &token,
                .token_count = 1,
                .pages = &pages[i],
                .page_count = 1,
                .sampling = &greedy};
  }
  BackendError error;
  ASSERT_TRUE(runner->backend().Step(steps.data(), 3, &error)) << error.message;
  EXPECT_EQ(fake::counts().graph_launches, launches + 1);
  EXPECT_EQ(fake::counts().graphs, graphs);
  EXPECT_EQ(fake::counts().kernels, kernels);
  EXPECT_EQ(fake::counts().syncs_that_spin, spins);
  EXPECT_EQ(steps[0].next, steps[2].next);
}

TEST_F(CudaBackendTest, AlgorithmsThatMixRowsAreNotTaken) {
  const Tokens tokens = RandomTokens(128, model_.shape().vocab, 4);
  auto good = Run();
  ASSERT_NE(good, nullptr);
  const std::vector<float> wanted = Logits(*good, tokens, {128});
  fake::device().algorithms_that_mix_rows = 2;
  auto runner = Run();
  ASSERT_NE(runner, nullptr);
  EXPECT_EQ(Logits(*runner, tokens, {128}), wanted);
}

TEST_F(CudaBackendTest, AlgorithmsThatSplitForMoreRowsAreGivenFewAtATime) {
  const Tokens tokens = RandomTokens(128, model_.shape().vocab, 5);
  fake::device().algorithms_that_split = 1;
  auto runner = Run();
  ASSERT_NE(runner, nullptr);
  const int products = fake::counts().products;
  const std::vector<float> whole = Logits(*runner, tokens, {128});
  EXPECT_EQ(fake::counts().products - products, 2 * 2 * 4 + 1);  // 2 layers, 4 products, 2 tiles
  EXPECT_EQ(Logits(*runner, tokens, {60, 3, 65}), whole);
}

TEST_F(CudaBackendTest, NoAlgorithmIsAnErrorThatNamesTheProduct) {
  fake::device().algorithms_that_mix_rows = 16;  // as many as are asked for
  const auto backend = Open();
  EXPECT_EQ(backend.status().code(), absl::StatusCode::kUnimplemented);
  EXPECT_THAT(std::string(backend.status().message()), HasSubstr("qkv"));
}

TEST_F(CudaBackendTest, EveryShortageOfMemoryIsAnErrorAndNothingIsLost) {
  const int64_t before = fake::counts().bytes;
  int failures = 0;
  for (int mallocs = 0;; ++mallocs) {
    fake::device().mallocs_until_failure = mallocs;
    const auto backend = Open();
    if (backend.ok()) break;
    ++failures;
    EXPECT_EQ(backend.status().code(), absl::StatusCode::kResourceExhausted) << backend.status();
    EXPECT_EQ(fake::counts().bytes, before);
  }
  EXPECT_GT(failures, 15);
  EXPECT_EQ(fake::counts().bytes, before);
}

TEST_F(CudaBackendTest, ThePoolTakesWhatIsFreeAndLeavesSome) {
  BackendOptions options = kSmall;
  options.kv_bytes = int64_t{1} << 50;
  fake::device().memory = 200 << 20;
  const auto backend = Open(options);
  ASSERT_TRUE(backend.ok()) << backend.status();
  const BackendInfo& info = (*backend)->info();
  EXPECT_GT(info.page_count * info.page_bytes, 50 << 20);
  EXPECT_LT(info.page_count * info.page_bytes, 150 << 20);
}

TEST_F(CudaBackendTest, APoolOfLessThanAPageIsRefusedWithTheSizes) {
  BackendOptions options = kSmall;
  options.kv_bytes = 100;
  const auto backend = Open(options);
  EXPECT_EQ(backend.status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(std::string(backend.status().message()), HasSubstr("kv_bytes is 100"));
}

TEST_F(CudaBackendTest, AMachineWithoutADeviceOrDriverSaysSo) {
  fake::device().count = 0;
  EXPECT_EQ(Open().status().code(), absl::StatusCode::kFailedPrecondition);
  fake::device().driver = 12000;
  EXPECT_THAT(std::string(Open().status().message()), HasSubstr("too old"));
  fake::device().driver = 0;
  EXPECT_THAT(std::string(Open().status().message()), HasSubstr("no NVIDIA driver"));
}

TEST_F(CudaBackendTest, ADeviceThatIsTooOldSaysSo) {
  fake::device().major = 6;
  fake::device().minor = 1;
  const absl::Status status = Open().status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()), HasSubstr("6.1"));
}

TEST_F(CudaBackendTest, AStepThatFailsIsAnErrorAndTheNextOneServes) {
  auto runner = Run();
  ASSERT_NE(runner, nullptr);
  const Tokens tokens = {1, 2, 3};
  const Tokens pages = {0};
  SequenceStep step = {
      .tokens = tokens.data(), .token_count = 3, .pages = pages.data(), .page_count = 1};
  BackendError error;
  fake::device().launches_until_failure = 5;
  EXPECT_FALSE(runner->backend().Step(&step, 1, &error));
  EXPECT_EQ(error.code, static_cast<int32_t>(absl::StatusCode::kInternal));
  EXPECT_STRNE(error.message, "");
  fake::device().launches_until_failure = -1;
  EXPECT_TRUE(runner->backend().Step(&step, 1, &error)) << error.message;
}

TEST_F(CudaBackendTest, LogitsThatAreNoNumbersAreAnError) {
  const std::vector<float> nan(static_cast<size_t>(model_.shape().hidden), NAN);
  Weights weights = model_.weights();
  weights.final_norm.data = nan.data();
  const auto backend = Make(model_.shape(), weights, kSmall);
  ASSERT_TRUE(backend.ok()) << backend.status();
  const Tokens one = {0};
  for (const float temperature : {0.0F, 1.0F}) {
    const Sampling sampling = {.temperature = temperature, .uniform = 0.5F};
    SequenceStep step = {.tokens = one.data(),
                         .token_count = 1,
                         .pages = one.data(),
                         .page_count = 1,
                         .sampling = &sampling};
    BackendError error;
    EXPECT_FALSE((*backend)->Step(&step, 1, &error));
    EXPECT_THAT(error.message, HasSubstr("no logit is a number"));
  }
}

TEST_F(CudaBackendTest, WeightsThatF16CannotHoldAreRefusedByName) {
  fake::device().major = 7;
  fake::device().minor = 5;
  std::vector<float> head(static_cast<size_t>(model_.shape().vocab) * model_.shape().hidden, 0);
  head[70] = 1e6F;
  Weights weights = model_.weights();
  weights.head.data = head.data();
  const absl::Status status = Make(model_.shape(), weights, kSmall).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr("head holds values that f16 cannot"));
}

}  // namespace
}  // namespace poems::phi
