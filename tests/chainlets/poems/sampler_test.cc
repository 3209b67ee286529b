#include "phi/sampler.h"

#include <algorithm>
#include <limits>
#include <random>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "reference.h"

namespace poems::phi {
namespace {

std::vector<float> RandomLogits(int32_t vocab, uint32_t seed, float spread) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal(0, spread);
  std::vector<float> logits(static_cast<size_t>(vocab));
  for (float& logit : logits) logit = normal(random);
  return logits;
}

TEST(SamplerTest, DrawsFromALargeVocabularyAsThePlainLoopsDo) {
  constexpr int32_t kVocab = 5000;
  Sampler sampler(kVocab);
  std::mt19937 random(1);
  const auto unit = [&] { return static_cast<float>(random() >> 8) * 0x1p-24F; };
  for (uint32_t i = 0; i < 300; ++i) {
    const std::vector<float> logits = RandomLogits(kVocab, i, i % 3 == 0 ? 0.5F : 4);
    std::vector<int32_t> seen;
    for (uint32_t n = 0; n < i % 50; ++n) seen.push_back(static_cast<int32_t>(n * 97));
    const int32_t top_ks[] = {0, 1, 50, 700, 4999, 6000};
    const Sampling sampling{.temperature = 0.1F + 2 * unit(),
                            .top_k = top_ks[i % 6],
                            .top_p = i % 4 == 0 ? 1 : 0.01F + 0.99F * unit(),
                            .repetition_penalty = i % 5 == 0 ? 1 : 0.8F + unit(),
                            .uniform = unit(),
                            .seen = seen.data(),
                            .seen_count = static_cast<int32_t>(seen.size())};
    EXPECT_EQ(sampler.Draw(sampling, logits.data()), ReferenceDraw(sampling, logits))
        << "draw " << i;
  }
}

TEST(SamplerTest, TheLastOfAllTokensCanBeDrawn) {
  Sampler sampler(1000);
  std::vector<float> logits(1000, 0);
  EXPECT_EQ(sampler.Draw({.temperature = 1, .uniform = 0.9999F}, logits.data()), 999);
  EXPECT_EQ(sampler.Draw({.temperature = 1, .uniform = 0.5F}, logits.data()), 500);
}

TEST(SamplerTest, ThePenaltyMovesBothSignsDown) {
  Sampler sampler(3);
  const int32_t seen[] = {0, 1};
  const Sampling sampling{.repetition_penalty = 2, .seen = seen, .seen_count = 2};
  const float positive[] = {3, 2, 1.6F};
  EXPECT_EQ(sampler.Draw(sampling, positive), 2);
  const float negative[] = {-1, -5, -1.9F};
  EXPECT_EQ(sampler.Draw(sampling, negative), 2);
}

TEST(SamplerTest, ExtremeNumbersStillDrawTheLikeliest) {
  Sampler sampler(4);
  const float logits[] = {-3e38F, 3e38F, 2e38F, 0};
  const int32_t seen[] = {1};
  const Sampling cold{.temperature = 1e-38F, .uniform = 0.99F};
  EXPECT_EQ(sampler.Draw(cold, logits), 1);
  const Sampling tiny_penalty{.temperature = 1,
                              .repetition_penalty = 1e-38F,
                              .uniform = 0.99F,
                              .seen = seen,
                              .seen_count = 1};
  EXPECT_EQ(sampler.Draw(tiny_penalty, logits), 1);
}

TEST(SamplerTest, LogitsThatAreNotFiniteDrawNothing) {
  Sampler sampler(3);
  for (const float bad :
       {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    const float logits[] = {1, bad, 0};
    EXPECT_EQ(sampler.Draw({}, logits), -1);
    EXPECT_EQ(sampler.Draw({.temperature = 1}, logits), -1);
  }
}

}  // namespace
}  // namespace poems::phi
