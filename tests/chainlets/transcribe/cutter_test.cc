#include "cutter.h"

#include <algorithm>
#include <initializer_list>
#include <optional>
#include <random>
#include <span>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace transcribe {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

struct Chunk {
  size_t begin = 0;
  size_t end = 0;
  friend bool operator==(const Chunk&, const Chunk&) = default;
};

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

CutOptions ChunksOf(size_t size) { return {.size = size, .window = size / 2, .smoothing = 10}; }

// Added so many samples at a time.
std::vector<Chunk> Split(const Samples& samples, const CutOptions& options, size_t at_a_time = 97) {
  Cutter cutter(options);
  std::vector<Chunk> chunks;
  const auto take = [&] {
    while (std::optional<Piece> piece = cutter.Next()) {
      const auto begin = samples.begin() + static_cast<ptrdiff_t>(piece->begin);
      EXPECT_TRUE(std::equal(piece->samples.begin(), piece->samples.end(), begin));
      chunks.push_back({piece->begin, piece->end()});
    }
  };
  for (size_t i = 0; i < samples.size(); i += at_a_time) {
    cutter.Add(std::span(samples).subspan(i, std::min(at_a_time, samples.size() - i)));
    take();
  }
  cutter.End();
  take();
  return chunks;
}

TEST(CutterTest, MakesNoChunkOfNothing) { EXPECT_THAT(Split({}, CutOptions()), IsEmpty()); }

TEST(CutterTest, LeavesWhatFitsWhole) {
  EXPECT_THAT(Split(LoudBut(1, {}), ChunksOf(1000)), ElementsAre(Chunk{0, 1}));
  EXPECT_THAT(Split(LoudBut(1000, {{700, 800}}), ChunksOf(1000)), ElementsAre(Chunk{0, 1000}));
}

TEST(CutterTest, CutsInTheMiddleOfAPause) {
  EXPECT_THAT(Split(LoudBut(1500, {{700, 800}}), ChunksOf(1000)),
              ElementsAre(Chunk{0, 750}, Chunk{750, 1500}));
}

TEST(CutterTest, LooksAtTheSecondHalfOnly) {
  EXPECT_THAT(Split(LoudBut(1500, {{100, 400}, {600, 620}}), ChunksOf(1000)),
              ElementsAre(Chunk{0, 610}, Chunk{610, 1500}));
}

TEST(CutterTest, PrefersTheQuieterOfTwoPauses) {
  Samples samples = LoudBut(1500, {{600, 650}, {800, 850}});
  for (size_t i = 600; i < 650; ++i) samples[i] = 200;
  EXPECT_THAT(Split(samples, ChunksOf(1000)), ElementsAre(Chunk{0, 825}, Chunk{825, 1500}));
}

TEST(CutterTest, DoesNotTakeAShortDipForAPauseWhenItSmooths) {
  Samples samples = LoudBut(1500, {{600, 608}, {800, 900}});
  for (size_t i = 800; i < 900; ++i) samples[i] = 20;
  CutOptions options = ChunksOf(1000);
  options.smoothing = 1;
  EXPECT_EQ(Split(samples, options)[0].end, 604);
  options.smoothing = 80;
  EXPECT_EQ(Split(samples, options)[0].end, 850);
}

TEST(CutterTest, LooksNoFurtherThanItsWindow) {
  CutOptions options = ChunksOf(1000);
  options.window = 100;
  EXPECT_THAT(Split(LoudBut(1500, {{700, 800}, {940, 960}}), options),
              ElementsAre(Chunk{0, 950}, Chunk{950, 1500}));
}

TEST(CutterTest, ReachesBackIntoThePieceBefore) {
  CutOptions options = ChunksOf(1000);
  options.reach_back = 50;
  EXPECT_THAT(Split(LoudBut(1700, {{890, 910}}), options),
              ElementsAre(Chunk{0, 900}, Chunk{850, 1700}));
}

TEST(CutterTest, CountsFromWhereItBegins) {
  Cutter cutter(ChunksOf(1000), 5000);
  cutter.Add(LoudBut(10, {}));
  EXPECT_FALSE(cutter.Next().has_value());
  cutter.End();
  EXPECT_EQ(cutter.Next()->begin, 5000);
  EXPECT_FALSE(cutter.Next().has_value());
}

// However the samples come.
TEST(CutterTest, CutsAtTheSamePlaces) {
  const Samples samples = LoudBut(9000, {{700, 800}, {1600, 1605}, {2500, 2700}, {7000, 7010}});
  const std::vector<Chunk> chunks = Split(samples, ChunksOf(1000), 9000);
  EXPECT_GT(chunks.size(), 8);
  for (size_t at_a_time : {1, 13, 999, 1000, 1001}) {
    EXPECT_EQ(Split(samples, ChunksOf(1000), at_a_time), chunks);
  }
}

// Whatever the samples and the options: in order, without gap, none empty, none too long.
TEST(CutterTest, CoversEveryRecording) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  std::mt19937 random(seed);
  auto draw = [&](size_t from, size_t to) {
    return std::uniform_int_distribution<size_t>(from, to)(random);
  };
  for (int round = 0; round < 300; ++round) {
    Samples samples(draw(0, 3000));
    for (int16_t& sample : samples) sample = static_cast<int16_t>(draw(0, 9));
    CutOptions options;
    options.size = draw(1, 500);
    options.window = draw(0, options.size);
    options.reach_back = round % 2 == 0 ? 0 : draw(0, options.size);
    options.smoothing = draw(1, 300);

    size_t covered = 0;
    for (const Chunk& chunk : Split(samples, options, draw(1, 700))) {
      ASSERT_LT(covered, chunk.end);
      ASSERT_LE(chunk.end - covered, options.size);
      ASSERT_EQ(covered - chunk.begin, std::min(covered, options.reach_back));
      covered = chunk.end;
    }
    ASSERT_EQ(covered, samples.size());
  }
}

}  // namespace
}  // namespace transcribe
