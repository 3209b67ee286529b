#include "splitter.h"

#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace transcribe {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// Loud but where `quiet` is.
Samples LoudBut(size_t size, std::initializer_list<Chunk> quiet) {
  Samples samples(size);
  for (size_t i = 0; i < size; ++i) samples[i] = i % 2 == 0 ? 1000 : -1000;
  for (const Chunk& chunk : quiet) {
    std::fill(samples.begin() + static_cast<ptrdiff_t>(chunk.begin),
              samples.begin() + static_cast<ptrdiff_t>(chunk.end), int16_t{3});
  }
  return samples;
}

SplitOptions ChunksOf(size_t micro_size) {
  return {.macro_size = 1'000'000, .macro_overlap = 0, .micro_size = micro_size, .smoothing = 10};
}

TEST(SplitterTest, MakesNoChunkOfNothing) { EXPECT_THAT(Split({}, SplitOptions()), IsEmpty()); }

TEST(SplitterTest, LeavesWhatFitsWhole) {
  EXPECT_THAT(Split(LoudBut(1, {}), ChunksOf(1000)), ElementsAre(Chunk{0, 1}));
  EXPECT_THAT(Split(LoudBut(1000, {{700, 800}}), ChunksOf(1000)), ElementsAre(Chunk{0, 1000}));
}

TEST(SplitterTest, CutsInTheMiddleOfAPause) {
  EXPECT_THAT(Split(LoudBut(1500, {{700, 800}}), ChunksOf(1000)),
              ElementsAre(Chunk{0, 750}, Chunk{750, 1500}));
}

TEST(SplitterTest, LooksAtTheSecondHalfOnly) {
  EXPECT_THAT(Split(LoudBut(1500, {{100, 400}, {600, 620}}), ChunksOf(1000)),
              ElementsAre(Chunk{0, 610}, Chunk{610, 1500}));
}

TEST(SplitterTest, PrefersTheQuieterOfTwoPauses) {
  Samples samples = LoudBut(1500, {{600, 650}, {800, 850}});
  for (size_t i = 600; i < 650; ++i) samples[i] = 200;
  EXPECT_THAT(Split(samples, ChunksOf(1000)), ElementsAre(Chunk{0, 825}, Chunk{825, 1500}));
}

TEST(SplitterTest, DoesNotTakeAShortDipForAPauseWhenItSmooths) {
  Samples samples = LoudBut(1500, {{600, 608}, {800, 900}});
  for (size_t i = 800; i < 900; ++i) samples[i] = 20;
  SplitOptions options = ChunksOf(1000);
  options.smoothing = 1;
  EXPECT_EQ(Split(samples, options)[0].end, 604);
  options.smoothing = 80;
  EXPECT_EQ(Split(samples, options)[0].end, 850);
}

TEST(SplitterTest, CutsMacroChunksFirst) {
  SplitOptions options = ChunksOf(400);
  options.macro_size = 1000;
  // Macro chunks end at 910 and 1800; from each, chunks are cut anew.
  EXPECT_THAT(Split(LoudBut(1800, {{300, 320}, {600, 620}, {900, 920}, {1150, 1170}, {1450, 1470}}),
                    options),
              ElementsAre(Chunk{0, 310}, Chunk{310, 610}, Chunk{610, 910}, Chunk{910, 1160},
                          Chunk{1160, 1460}, Chunk{1460, 1800}));
}

TEST(SplitterTest, LetsMacroChunksOverlap) {
  SplitOptions options = ChunksOf(1000);
  options.macro_size = 1000;
  options.macro_overlap = 50;
  EXPECT_THAT(Split(LoudBut(1700, {{890, 910}}), options),
              ElementsAre(Chunk{0, 900}, Chunk{850, 1700}));
}

// Whatever the samples and the options: in order, without gap, none empty, none too long.
TEST(SplitterTest, CoversEveryRecording) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  std::mt19937 random(seed);
  auto draw = [&](size_t from, size_t to) {
    return std::uniform_int_distribution<size_t>(from, to)(random);
  };
  for (int round = 0; round < 300; ++round) {
    Samples samples(draw(0, 3000));
    for (int16_t& sample : samples) sample = static_cast<int16_t>(draw(0, 9));
    SplitOptions options;
    options.micro_size = draw(1, 500);
    options.macro_size = draw(options.micro_size, 2000);
    options.macro_overlap = round % 2 == 0 ? 0 : draw(0, (options.macro_size - 1) / 2);
    options.smoothing = draw(1, 300);

    size_t covered = 0;
    for (const Chunk& chunk : Split(samples, options)) {
      ASSERT_LT(chunk.begin, chunk.end);
      ASSERT_LE(chunk.size(), options.micro_size);
      ASSERT_LE(chunk.begin, covered);
      ASSERT_LE(covered - chunk.begin, options.macro_overlap);
      covered = std::max(covered, chunk.end);
    }
    ASSERT_EQ(covered, samples.size());
  }
}

}  // namespace
}  // namespace transcribe
