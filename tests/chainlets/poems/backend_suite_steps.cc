// What a step refuses, and how it draws.
#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <map>
#include <utility>

#include "absl/status/status.h"
#include "backend_suite.h"
#include "gmock/gmock.h"
#include "reference.h"

namespace poems::phi {
namespace {

using Sequence = SuiteRunner::Sequence;
using Tokens = std::vector<int32_t>;

// A step of two sequences that keeps to the contract, to be broken.
struct Sound {
  Tokens tokens{1, 2, 3};
  Tokens pages{0, 1};
  Tokens other_pages{2};
  Tokens seen{1};
  Sampling sampling;
  std::vector<SequenceStep> steps{
      {.tokens = tokens.data(), .token_count = 3, .pages = pages.data(), .page_count = 2},
      {.tokens = tokens.data(),
       .token_count = 1,
       .pages = other_pages.data(),
       .page_count = 1,
       .sampling = &sampling}};
};

TEST_P(BackendSuite, RefusesWhatBreaksTheContract) {
  const Shape shape = SuiteShapes()[0].shape;
  const MemoryModel model(shape, GetParam().precisions[0].dtype, 1);
  std::unique_ptr<Backend> backend = Make(model, {.max_step_tokens = 16, .max_step_sequences = 3});
  if (backend == nullptr) return;
  const int32_t page_size = backend->info().page_size;
  const int32_t page_count = backend->info().page_count;
  const Tokens many(17, 1);
  const std::vector<std::pair<const char*, std::function<void(Sound&)>>> breaches = {
      {"no tokens", [](Sound& sound) { sound.steps[0].token_count = 0; }},
      {"null tokens", [](Sound& sound) { sound.steps[0].tokens = nullptr; }},
      {"a negative token", [](Sound& sound) { sound.tokens[1] = -1; }},
      {"a token of the vocabulary's size", [&](Sound& sound) { sound.tokens[2] = shape.vocab; }},
      {"a negative position", [](Sound& sound) { sound.steps[0].position = -1; }},
      {"a position behind the last",
       [&](Sound& sound) { sound.steps[0].position = shape.max_positions - 2; }},
      {"a position that overflows",
       [](Sound& sound) { sound.steps[0].position = std::numeric_limits<int32_t>::max(); }},
      {"a negative page", [](Sound& sound) { sound.pages[0] = -1; }},
      {"a page that does not exist", [&](Sound& sound) { sound.pages[1] = page_count; }},
      {"too few pages", [&](Sound& sound) { sound.steps[0].position = 2 * page_size - 2; }},
      {"no pages", [](Sound& sound) { sound.steps[1].page_count = 0; }},
      {"null pages", [](Sound& sound) { sound.steps[1].pages = nullptr; }},
      {"too many tokens",
       [&](Sound& sound) {
         sound.steps[0].tokens = many.data();
         sound.steps[0].token_count = 17;
       }},
      {"too many tokens together",
       [&](Sound& sound) {
         sound.steps[0].tokens = many.data();
         sound.steps[0].token_count = 16;
       }},
      {"too many sequences", [](Sound& sound) { sound.steps.resize(4, sound.steps[1]); }},
      {"a negative temperature", [](Sound& sound) { sound.sampling.temperature = -1; }},
      {"a temperature that is no number", [](Sound& sound) { sound.sampling.temperature = NAN; }},
      {"a negative top_k", [](Sound& sound) { sound.sampling.top_k = -1; }},
      {"top_p 0", [](Sound& sound) { sound.sampling.top_p = 0; }},
      {"top_p over 1", [](Sound& sound) { sound.sampling.top_p = 1.5F; }},
      {"no repetition penalty", [](Sound& sound) { sound.sampling.repetition_penalty = 0; }},
      {"a draw of 1", [](Sound& sound) { sound.sampling.uniform = 1; }},
      {"a seen token that does not exist",
       [&](Sound& sound) {
         sound.seen[0] = shape.vocab;
         sound.sampling.seen = sound.seen.data();
         sound.sampling.seen_count = 1;
       }},
  };
  const auto step = [&](Sound& sound, BackendError& error) {
    return backend->Step(sound.steps.data(), static_cast<int32_t>(sound.steps.size()), &error);
  };
  for (const auto& [what, breach] : breaches) {
    SCOPED_TRACE(what);
    Sound sound;
    breach(sound);
    BackendError error;
    EXPECT_FALSE(step(sound, error));
    EXPECT_EQ(error.code, static_cast<int32_t>(absl::StatusCode::kInvalidArgument));
    EXPECT_STRNE(error.message, "");
    Sound next;
    EXPECT_TRUE(step(next, error)) << "the next step: " << error.message;
  }
}

// Draws once for each of the samplings, all after the same text.
std::vector<SuiteRunner::Result> Draws(SuiteRunner& runner, const Shape& shape,
                                       const Tokens& tokens,
                                       const std::vector<Sampling>& samplings) {
  std::vector<SuiteRunner::Result> all;
  const auto most = static_cast<size_t>(runner.backend().info().max_step_sequences);
  for (size_t begin = 0; begin < samplings.size(); begin += most) {
    const size_t count = std::min(most, samplings.size() - begin);
    std::vector<Sequence> sequences(count);
    std::vector<SuiteRunner::Part> parts;
    for (size_t i = 0; i < count; ++i) {
      parts.push_back({&sequences[i], tokens, &samplings[begin + i]});
    }
    for (SuiteRunner::Result& result : runner.Step(parts, shape.vocab)) {
      all.push_back(std::move(result));
    }
    for (Sequence& sequence : sequences) runner.Leave(sequence);
  }
  return all;
}

TEST_P(BackendSuite, DrawsAsThePlainLoopsDo) {
  const Shape shape = SuiteShapes()[4].shape;
  const MemoryModel model(shape, GetParam().precisions[0].dtype, 2);
  std::unique_ptr<Backend> backend = Make(model);
  if (backend == nullptr) return;
  SuiteRunner runner(std::move(backend));
  const Tokens seen = {3, 130, 77, 50, 4};
  std::vector<Sampling> samplings;
  for (const float temperature : {0.0F, 0.2F, 0.8F, 1.0F, 3.0F}) {
    for (const int32_t top_k : {0, 1, 5, 40, 131, 500}) {
      for (const float top_p : {0.05F, 0.5F, 0.93F, 1.0F}) {
        const auto uniform = static_cast<float>(samplings.size() * 37 % 101) / 101;
        samplings.push_back({.temperature = temperature,
                             .top_k = top_k,
                             .top_p = top_p,
                             .repetition_penalty = samplings.size() % 2 == 0 ? 1.0F : 1.7F,
                             .uniform = uniform,
                             .seen = seen.data(),
                             .seen_count = static_cast<int32_t>(seen.size())});
      }
    }
  }
  const auto results = Draws(runner, shape, {5}, samplings);
  for (size_t i = 0; i < samplings.size(); ++i) {
    const Sampling& sampling = samplings[i];
    EXPECT_EQ(results[i].next, ReferenceDraw(sampling, results[i].logits))
        << "temperature " << sampling.temperature << ", top_k " << sampling.top_k << ", top_p "
        << sampling.top_p << ", penalty " << sampling.repetition_penalty << ", uniform "
        << sampling.uniform;
  }
}

TEST_P(BackendSuite, OfTokensThatAreEqualTheSmallerComesFirst) {
  const Shape shape = SuiteShapes()[0].shape;
  const MemoryModel model(shape, GetParam().precisions[0].dtype, 3);
  Weights flat = model.weights();
  const std::vector<std::byte> zeros(static_cast<size_t>(shape.vocab * shape.hidden) * 4);
  flat.head.data = zeros.data();
  std::unique_ptr<Backend> backend = Make(model.shape(), flat);
  if (backend == nullptr) return;
  SuiteRunner runner(std::move(backend));
  const std::vector<Sampling> samplings = {
      {.temperature = 0},
      {.temperature = 1, .top_k = 3, .uniform = 0.99F},
      {.temperature = 1, .top_k = 4, .top_p = 0.5F, .uniform = 0.99F},
      {.temperature = 1, .uniform = 0},
      {.temperature = 1, .top_k = 4, .uniform = 0.5F},
      {.temperature = 1, .uniform = 0.995F},
  };
  Tokens drawn;
  for (const auto& result : Draws(runner, shape, {1}, samplings)) drawn.push_back(result.next);
  EXPECT_THAT(drawn, testing::ElementsAre(0, 2, 1, 0, 2, 95));
}

TEST_P(BackendSuite, DrawsAreDistributedAsProbabilitiesSay) {
  Shape shape = SuiteShapes()[0].shape;
  shape.vocab = 23;
  const MemoryModel model(shape, GetParam().precisions[0].dtype, 4);
  std::unique_ptr<Backend> backend = Make(model);
  if (backend == nullptr) return;
  SuiteRunner runner(std::move(backend));
  constexpr int kDraws = 1024;
  std::vector<Sampling> samplings;
  for (int i = 0; i < kDraws; ++i) {
    samplings.push_back({.temperature = 1.5F, .uniform = (static_cast<float>(i) + 0.5F) / kDraws});
  }
  const auto results = Draws(runner, shape, {7}, samplings);
  std::map<int32_t, int> counts;
  for (const auto& result : results) ++counts[result.next];
  double sum = 0;
  for (const float logit : results[0].logits) sum += std::exp(logit / 1.5);
  // Uniform numbers that are evenly spread leave no room for chance.
  for (int32_t token = 0; token < shape.vocab; ++token) {
    const double expected = kDraws * std::exp(results[0].logits[token] / 1.5) / sum;
    EXPECT_NEAR(counts[token], expected, 1.01) << token;
  }
}

TEST_P(BackendSuite, DrawsOnlyForThoseThatAsk) {
  const Shape shape = SuiteShapes()[0].shape;
  const MemoryModel model(shape, GetParam().precisions[0].dtype, 5);
  std::unique_ptr<Backend> backend = Make(model);
  if (backend == nullptr) return;
  Sound sound;
  BackendError error;
  ASSERT_TRUE(backend->Step(sound.steps.data(), 2, &error)) << error.message;
  EXPECT_EQ(sound.steps[0].next, -1);
  EXPECT_GE(sound.steps[1].next, 0);
}

}  // namespace
}  // namespace poems::phi
