// A step allocates nothing. A program of its own, since it counts what everyone in it allocates.
#include <atomic>
#include <cstdlib>
#include <new>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "memory_model.h"
#include "phi/cpu/cpu_backend.h"

namespace {

std::atomic<int> allocations = 0;

}  // namespace

// Not inlined: g++ would take the pair for a mismatch.
[[gnu::noinline]] void* operator new(size_t bytes) {
  ++allocations;
  void* memory = std::malloc(bytes);
  if (memory == nullptr) std::abort();
  return memory;
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, size_t) noexcept { std::free(memory); }

namespace poems::phi {
namespace {

TEST(CpuAllocationsTest, AStepAllocatesNothing) {
  const MemoryModel model({.vocab = 300,
                           .hidden = 256,
                           .layers = 2,
                           .heads = 4,
                           .kv_heads = 2,
                           .head_dim = 64,
                           .rotary_dim = 64,
                           .intermediate = 512,
                           .max_positions = 128,
                           .short_rotary = {},
                           .long_rotary = {}},
                          DType::kBf16, 1);
  auto backend = MakeCpuBackend(model.shape(), model.weights(), {.threads = 2});
  ASSERT_TRUE(backend.ok()) << backend.status();
  const std::vector<int32_t> tokens(40, 7);
  const int32_t pages[] = {0, 1, 2, 3};
  const Sampling sampling{.temperature = 1, .top_k = 50, .top_p = 0.9F, .uniform = 0.5F};
  const int32_t counts[] = {40, 1, 1, 20};
  SequenceStep steps[2] = {{.tokens = tokens.data(),
                            .token_count = 1,
                            .pages = pages,
                            .page_count = 3,
                            .sampling = &sampling},
                           {.tokens = tokens.data(),
                            .token_count = 3,
                            .pages = pages + 3,
                            .page_count = 1,
                            .sampling = &sampling}};
  BackendError error;
  const int before = allocations;
  ASSERT_GT(before, 0) << "nothing is counted";
  for (const int32_t count : counts) {
    steps[0].token_count = count;
    EXPECT_TRUE((*backend)->Step(steps, 2, &error)) << error.message;
  }
  EXPECT_EQ(allocations - before, 0);
}

}  // namespace
}  // namespace poems::phi
