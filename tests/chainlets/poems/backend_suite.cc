// What logits are: those of the reference, and the same bits in whatever company.
#include "backend_suite.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "gmock/gmock.h"
#include "reference.h"

namespace poems::phi {
namespace {

using Logits = std::vector<float>;
using Sequence = SuiteRunner::Sequence;
using Tokens = std::vector<int32_t>;

double RelativeError(const Logits& logits, const std::vector<double>& reference) {
  double error = 0;
  double largest = 0;
  for (size_t i = 0; i < reference.size(); ++i) {
    const double difference = std::abs(logits[i] - reference[i]);
    error = std::isfinite(difference) ? std::max(error, difference) : INFINITY;
    largest = std::max(largest, std::abs(reference[i]));
  }
  return error / largest;
}

// The logits after each part of the tokens, `part` at a time.
std::vector<Logits> FedInParts(SuiteRunner& runner, std::span<const int32_t> tokens, size_t part,
                               int32_t vocab, bool long_context = false) {
  Sequence sequence{.long_context = long_context};
  std::vector<Logits> results;
  for (size_t begin = 0; begin < tokens.size(); begin += part) {
    const size_t size = std::min(part, tokens.size() - begin);
    results.push_back(runner.Feed(sequence, tokens.subspan(begin, size), vocab));
  }
  runner.Leave(sequence);
  return results;
}

TEST_P(BackendSuite, LogitsAreThoseOfTheReference) {
  for (const auto& [name, shape] : SuiteShapes()) {
    for (const SuiteBackend::Precision& precision : GetParam().precisions) {
      SCOPED_TRACE(testing::Message() << name << ", type " << static_cast<int>(precision.dtype));
      const MemoryModel model(shape, precision.dtype, 1);
      std::unique_ptr<Backend> backend = Make(model);
      if (backend == nullptr) return;
      SuiteRunner runner(std::move(backend));
      const Tokens tokens = RandomTokens(70, shape.vocab, 2);
      const auto reference = ReferenceLogits(model.shape(), model.weights(), tokens, false);
      const std::vector<Logits> logits = FedInParts(runner, tokens, 7, shape.vocab);
      double worst = 0;
      for (size_t i = 0; i < logits.size(); ++i) {
        worst = std::max(worst, RelativeError(logits[i], reference[7 * i + 6]));
      }
      EXPECT_LT(worst, precision.bound);
    }
  }
}

TEST_P(BackendSuite, LogitsOfALongContextAreThoseOfTheReference) {
  Shape shape = SuiteShapes()[2].shape;
  shape.sliding_window = 0;
  shape.max_positions = 4096;
  for (const SuiteBackend::Precision& precision : GetParam().precisions) {
    SCOPED_TRACE(static_cast<int>(precision.dtype));
    const MemoryModel model(shape, precision.dtype, 3);
    std::unique_ptr<Backend> backend = Make(model, {.max_step_tokens = 64});
    if (backend == nullptr) return;
    SuiteRunner runner(std::move(backend));
    const Tokens tokens = RandomTokens(450, shape.vocab, 4);
    const auto reference = ReferenceLogits(model.shape(), model.weights(), tokens, true);
    const std::vector<Logits> logits = FedInParts(runner, tokens, 50, shape.vocab, true);
    for (size_t i = 0; i < logits.size(); ++i) {
      EXPECT_LT(RelativeError(logits[i], reference[50 * i + 49]), precision.bound);
    }
  }
}

TEST_P(BackendSuite, AHeadThatIsTheEmbeddingServes) {
  const Shape shape = SuiteShapes()[0].shape;
  const MemoryModel model(shape, GetParam().precisions[0].dtype, 5, /*tied=*/true);
  std::unique_ptr<Backend> backend = Make(model);
  if (backend == nullptr) return;
  SuiteRunner runner(std::move(backend));
  const Tokens tokens = RandomTokens(9, shape.vocab, 6);
  const auto reference = ReferenceLogits(model.shape(), model.weights(), tokens, false);
  const std::vector<Logits> logits = FedInParts(runner, tokens, 9, shape.vocab);
  EXPECT_LT(RelativeError(logits[0], reference[8]), GetParam().precisions[0].bound);
}

TEST_P(BackendSuite, APromptInPartsGivesTheSameBits) {
  for (const auto& [name, shape] : SuiteShapes()) {
    for (const SuiteBackend::Precision& precision : GetParam().precisions) {
      SCOPED_TRACE(testing::Message() << name << ", type " << static_cast<int>(precision.dtype));
      const MemoryModel model(shape, precision.dtype, 7);
      std::unique_ptr<Backend> backend = Make(model);
      if (backend == nullptr) return;
      SuiteRunner runner(std::move(backend));
      const Tokens tokens = RandomTokens(65, shape.vocab, 8);
      const Logits whole = FedInParts(runner, tokens, 65, shape.vocab).back();
      for (const size_t part : {1, 2, 3, 8, 17, 33}) {
        EXPECT_EQ(FedInParts(runner, tokens, part, shape.vocab).back(), whole)
            << part << " tokens at a time";
      }
    }
  }
}

TEST_P(BackendSuite, NeighboursThatJoinAndLeaveChangeNoBit) {
  for (const auto& [name, shape] : SuiteShapes()) {
    const DType dtype = GetParam().precisions.back().dtype;
    SCOPED_TRACE(name);
    const MemoryModel model(shape, dtype, 9);
    std::unique_ptr<Backend> backend = Make(model);
    if (backend == nullptr) return;
    SuiteRunner runner(std::move(backend));
    const Tokens tokens = RandomTokens(40, shape.vocab, 10);
    const std::vector<Logits> alone = FedInParts(runner, tokens, 1, shape.vocab);
    Sequence watched;
    std::vector<Sequence> others(30);
    for (size_t i = 0; i < tokens.size(); ++i) {
      // Every number of neighbours comes by, before and behind, with one token or with many.
      const size_t count = (i * 7) % 31;
      std::vector<SuiteRunner::Part> parts;
      for (size_t other = 0; other < count; ++other) {
        const size_t size = other % 5 == 0 ? 1 + i % 4 : 1;
        parts.push_back({&others[other], RandomTokens(size, shape.vocab, 100 + i)});
      }
      const size_t place = parts.empty() ? 0 : i % parts.size();
      parts.insert(parts.begin() + static_cast<ptrdiff_t>(place), {&watched, {tokens[i]}});
      ASSERT_EQ(runner.Step(parts, shape.vocab)[place].logits, alone[i])
          << "token " << i << " beside " << count;
      if (count > 3) runner.Leave(others[count - 2]);
    }
  }
}

TEST_P(BackendSuite, TheNumberOfThreadsChangesNoBit) {
  Shape shape = SuiteShapes()[0].shape;
  shape.hidden = 320;  // enough to be worth sharing
  shape.intermediate = 640;
  shape.head_dim = 64;
  const Tokens tokens = RandomTokens(50, shape.vocab, 11);
  for (const SuiteBackend::Precision& precision : GetParam().precisions) {
    const MemoryModel model(shape, precision.dtype, 12);
    std::vector<std::vector<Logits>> results;
    for (const int32_t threads : {1, 2, 3, 5}) {
      std::unique_ptr<Backend> backend = Make(model, {.threads = threads});
      if (backend == nullptr) return;
      SuiteRunner runner(std::move(backend));
      results.push_back(FedInParts(runner, tokens, 20, shape.vocab));
    }
    EXPECT_THAT(results, testing::Each(results.front()));
  }
}

TEST_P(BackendSuite, GreedyTextIsTheSameAloneAndInCompany) {
  const Shape shape = SuiteShapes()[4].shape;
  const MemoryModel model(shape, GetParam().precisions.back().dtype, 13);
  std::unique_ptr<Backend> backend = Make(model);
  if (backend == nullptr) return;
  SuiteRunner runner(std::move(backend));
  const Sampling greedy;
  std::vector<Tokens> prompts;
  std::vector<Tokens> alone;
  for (uint32_t i = 0; i < 6; ++i) {
    prompts.push_back(RandomTokens(3 + 5 * i, shape.vocab, 20 + i));
    Sequence sequence;
    Tokens next = prompts.back();
    Tokens& text = alone.emplace_back();
    while (text.size() < 12) {
      const SuiteRunner::Part part{&sequence, next, &greedy};
      next = {runner.Step({&part, 1}, shape.vocab).front().next};
      text.push_back(next.front());
    }
    runner.Leave(sequence);
  }
  // Each joins a step after the one before; the second is gone after its fifth token.
  std::vector<Sequence> sequences(prompts.size());
  std::vector<Tokens> together(prompts.size());
  for (size_t step = 0; step < 20; ++step) {
    std::vector<SuiteRunner::Part> parts;
    std::vector<size_t> which;
    for (size_t i = 0; i < prompts.size() && i <= step; ++i) {
      const Tokens& text = together[i];
      if (text.size() == 12 || (i == 1 && text.size() == 5)) continue;
      parts.push_back({&sequences[i], text.empty() ? prompts[i] : Tokens{text.back()}, &greedy});
      which.push_back(i);
    }
    if (parts.empty()) break;
    const auto results = runner.Step(parts, shape.vocab);
    for (size_t i = 0; i < which.size(); ++i) together[which[i]].push_back(results[i].next);
    if (together[1].size() == 5) runner.Leave(sequences[1]);
  }
  alone[1].resize(5);
  EXPECT_EQ(together, alone);
}

TEST_P(BackendSuite, PagesOfSomeoneElsesTextMeanNothing) {
  const Shape shape = SuiteShapes()[1].shape;
  const MemoryModel model(shape, GetParam().precisions.back().dtype, 14);
  std::unique_ptr<Backend> backend = Make(model);
  if (backend == nullptr) return;
  const int64_t page_bytes = backend->info().page_bytes;
  const int32_t page_size = backend->info().page_size;
  backend.reset();
  // Two pages, which every text fills anew.
  backend = Make(model, {.kv_bytes = 2 * page_bytes, .max_step_tokens = 2 * page_size});
  if (backend == nullptr) return;
  ASSERT_EQ(backend->info().page_count, 2);
  SuiteRunner runner(std::move(backend));
  const auto size = static_cast<size_t>(page_size) + 3;
  const Tokens tokens = RandomTokens(size, shape.vocab, 15);
  const std::vector<Logits> first = FedInParts(runner, tokens, size, shape.vocab);
  FedInParts(runner, RandomTokens(size + 4, shape.vocab, 16), size, shape.vocab);
  EXPECT_EQ(FedInParts(runner, tokens, size, shape.vocab), first);
}

TEST_P(BackendSuite, SaysWhatItIs) {
  const MemoryModel model(SuiteShapes()[0].shape, GetParam().precisions[0].dtype, 17);
  std::unique_ptr<Backend> backend =
      Make(model, {.kv_bytes = 1 << 20, .max_step_tokens = 33, .max_step_sequences = 5});
  if (backend == nullptr) return;
  const BackendInfo& info = backend->info();
  EXPECT_STRNE(info.name, "");
  EXPECT_GT(info.page_size, 0);
  EXPECT_GT(info.page_count, 0);
  EXPECT_LE(info.page_count * info.page_bytes, 1 << 20);
  EXPECT_EQ(info.max_step_tokens, 33);
  EXPECT_EQ(info.max_step_sequences, 5);
  int64_t elements = 64 + 64 + 96 * 64;  // an embedding, the final norm, the head
  elements += 2 * (64 + 192 * 64 + 64 * 64 + 64 + 192 * 64 + 64 * 96);
  EXPECT_EQ(info.weight_bytes, elements * BytesOf(GetParam().precisions[0].dtype));
}

}  // namespace
}  // namespace poems::phi
