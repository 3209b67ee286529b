#include "phi/sequence.h"

#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "byte_tokenizer.h"

namespace poems::phi {
namespace {

using ::testing::ElementsAre;

TEST(DrawTest, IsAFunctionOfSeedAndIndex) {
  EXPECT_EQ(DrawOf(1, 5), DrawOf(1, 5));
  std::set<float> draws;
  for (uint64_t seed = 0; seed < 20; ++seed) {
    for (uint64_t index = 0; index < 20; ++index) draws.insert(DrawOf(seed, index));
  }
  EXPECT_EQ(draws.size(), 400U);
}

TEST(DrawTest, IsEvenlySpread) {
  std::vector<int> counts(10);
  for (uint64_t index = 0; index < 10'000; ++index) {
    const float draw = DrawOf(3, index);
    ASSERT_GE(draw, 0);
    ASSERT_LT(draw, 1);
    ++counts[static_cast<size_t>(draw * 10)];
  }
  for (const int count : counts) EXPECT_NEAR(count, 1000, 150);  // five standard deviations
}

TEST(SequenceTest, TellsTheBackendWhatItHasSeenWhereRepetitionIsPenalized) {
  Prompt prompt;
  prompt.tokens = {'a', 'b', 'a'};
  prompt.repetition_penalty = 1.5;
  Sequence sequence(prompt, false, ByteTokenizer(), {});
  const std::vector<int32_t> pages = {0, 1};
  const auto seen = [&](int64_t position, int64_t count) {
    const SequenceStep step = sequence.StepFor(
        {.id = 1, .position = position, .count = count, .draws = true, .pages = pages});
    return std::vector<int32_t>(step.sampling->seen,
                                step.sampling->seen + step.sampling->seen_count);
  };
  EXPECT_THAT(seen(0, 3), ElementsAre('a', 'b'));
  sequence.Take('c');
  EXPECT_THAT(seen(3, 1), ElementsAre('a', 'b', 'c'));
  sequence.Take('b');
  EXPECT_THAT(seen(4, 1), ElementsAre('a', 'b', 'c'));
}

TEST(SequenceTest, DrawsNothingInTheMidstOfAPrompt) {
  Prompt prompt;
  prompt.tokens = {'a', 'b', 'c'};
  Sequence sequence(prompt, true, ByteTokenizer(), {});
  const SequenceStep step = sequence.StepFor({.id = 1, .position = 0, .count = 2, .draws = false});
  EXPECT_EQ(step.sampling, nullptr);
  EXPECT_EQ(step.token_count, 2);
  EXPECT_TRUE(step.long_context);
}

TEST(SequenceTest, CountsTokensThatSayNothingYet) {
  Prompt prompt;
  prompt.tokens = {'a'};
  Sequence sequence(prompt, false, ByteTokenizer(), {});
  EXPECT_EQ(sequence.Take(0xC3), std::nullopt);
  const std::optional<Piece> piece = sequence.Take(0xA9);
  ASSERT_TRUE(piece.has_value());
  EXPECT_EQ(piece->text, "é");
  EXPECT_EQ(piece->tokens, 2);
}

}  // namespace
}  // namespace poems::phi
