// CudaBackend as programs have it: in its module, on a device. Skipped, with the reason, where
// there is none.
#include <algorithm>
#include <cmath>
#include <dlfcn.h>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "backend_suite.h"
#include "chains/gpu/abi.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "phi/cpu/cpu_backend.h"
#include "phi/cuda/backend_export.h"
#include "phi/cuda/module_backend.h"

namespace poems::phi {
namespace {

using cuda::BackendExport;
using Tokens = std::vector<int32_t>;

// Loaded once, and never unloaded.
const chains::gpu::abi::Module* LoadModule() {
  static const chains::gpu::abi::Module* const module = [] {
    void* library = dlopen(POEMS_CUDA_MODULE, RTLD_NOW | RTLD_LOCAL);
    EXPECT_NE(library, nullptr) << dlerror();
    if (library == nullptr) return static_cast<const chains::gpu::abi::Module*>(nullptr);
    return reinterpret_cast<chains::gpu::abi::Entry>(dlsym(library, chains::gpu::abi::kEntry))();
  }();
  return module;
}

// UNAVAILABLE where there is no device, which skips a test.
absl::StatusOr<std::unique_ptr<Backend>> Make(const Shape& shape, const Weights& weights,
                                              const BackendOptions& options) {
  if (options.threads != 2) return absl::UnavailableError("a GPU has no number of threads");
  const chains::gpu::abi::Module* module = LoadModule();
  if (module == nullptr) return absl::InternalError("the module cannot be loaded");
  const auto* exported = static_cast<const BackendExport*>(module->find(cuda::kBackendExport));
  auto made = cuda::MakeModuleBackend(*exported, shape, weights, options);
  if (absl::IsFailedPrecondition(made.status())) {
    return absl::UnavailableError(made.status().message());
  }
  return made;
}

// Activations are rounded to 8 bits (bf16) or 11 (f16) before each product; which depends on the
// device, so the bound is that of the fewer.
INSTANTIATE_TEST_SUITE_P(Cuda, BackendSuite,
                         testing::Values(SuiteBackend{.name = "Module",
                                                      .make = Make,
                                                      .precisions = {{DType::kBf16, 2.5e-2},
                                                                     {DType::kF16, 2.5e-2},
                                                                     {DType::kF32, 2.5e-2}}}),
                         NameOfBackend);

// Sizes like those of a real model, and a context of many chunks.
Shape Large() {
  return {.vocab = 4003,
          .hidden = 768,
          .layers = 3,
          .heads = 8,
          .kv_heads = 4,
          .head_dim = 96,
          .rotary_dim = 96,
          .intermediate = 2048,
          .max_positions = 4096,
          .sliding_window = 2047,
          .short_rotary = {},
          .long_rotary = {}};
}

std::vector<float> Feed(Backend& backend, const Tokens& tokens, size_t part, int32_t vocab) {
  std::vector<int32_t> pages(static_cast<size_t>(backend.info().page_count));
  for (size_t i = 0; i < pages.size(); ++i) pages[i] = static_cast<int32_t>(i * 7 % pages.size());
  std::vector<float> logits(static_cast<size_t>(vocab));
  const auto page_size = static_cast<size_t>(backend.info().page_size);
  for (size_t begin = 0; begin < tokens.size(); begin += part) {
    const size_t count = std::min(part, tokens.size() - begin);
    const size_t end = begin + count;
    SequenceStep step = {.tokens = tokens.data() + begin,
                         .token_count = static_cast<int32_t>(count),
                         .position = static_cast<int32_t>(begin),
                         .pages = pages.data(),
                         .page_count = static_cast<int32_t>((end + page_size - 1) / page_size),
                         .logits = end == tokens.size() ? logits.data() : nullptr};
    BackendError error;
    EXPECT_TRUE(backend.Step(&step, 1, &error)) << error.message;
  }
  return logits;
}

TEST(CudaModuleTest, IsAModuleThatExportsTheBackend) {
  const chains::gpu::abi::Module* module = LoadModule();
  ASSERT_NE(module, nullptr);
  EXPECT_EQ(module->version, chains::gpu::abi::kVersion);
  EXPECT_NE(module->find(cuda::kBackendExport), nullptr);
  EXPECT_EQ(module->find("poems.phi.backend/0"), nullptr);
}

TEST(CudaModuleTest, ALargerModelIsThatOfTheProcessorHoweverItsPromptIsCut) {
  const MemoryModel model(Large(), DType::kBf16, 1);
  const BackendOptions options = {.threads = 2, .kv_bytes = 128 << 20, .max_step_tokens = 512};
  auto gpu = Make(model.shape(), model.weights(), options);
  if (absl::IsUnavailable(gpu.status())) GTEST_SKIP() << "SKIPPED: " << gpu.status();
  ASSERT_TRUE(gpu.ok()) << gpu.status();
  const Tokens tokens = RandomTokens(1501, model.shape().vocab, 2);
  const std::vector<float> logits = Feed(**gpu, tokens, 512, model.shape().vocab);
  EXPECT_EQ(Feed(**gpu, tokens, 500, model.shape().vocab), logits) << "one token at the end";
  EXPECT_EQ(Feed(**gpu, tokens, 37, model.shape().vocab), logits);

  auto cpu = MakeCpuBackend(model.shape(), model.weights(), options);
  ASSERT_TRUE(cpu.ok()) << cpu.status();
  const std::vector<float> wanted = Feed(**cpu, tokens, 256, model.shape().vocab);
  double error = 0;
  double largest = 0;
  for (size_t i = 0; i < wanted.size(); ++i) {
    error = std::max<double>(error, std::abs(logits[i] - wanted[i]));
    largest = std::max<double>(largest, std::abs(wanted[i]));
  }
  EXPECT_LT(error / largest, 3e-2);
}

}  // namespace
}  // namespace poems::phi
