// A step's words, read back as the kernels read them.
#include <cstring>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "phi/cuda/plan.h"

namespace poems::phi::cuda {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr PlanLimits kLimits = {.vocab = 100,
                                .max_positions = 4096,
                                .sliding_window = 0,
                                .heads = 8,
                                .kv_heads = 2,
                                .page_count = 1000,
                                .max_tokens = 64,
                                .max_sequences = 8,
                                .max_slots = 1 << 16,
                                .enough_works = 1000};

class PlanTest : public testing::Test {
 protected:
  // A sequence of `count` tokens from `position` on, with pages of its own.
  void Add(int32_t position, int32_t count, const Sampling* sampling = nullptr) {
    tokens_.emplace_back();
    for (int32_t i = 0; i < count; ++i) tokens_.back().push_back((position + i) % 100);
    pages_.emplace_back();
    for (int32_t page = 0; page * kPageSize < position + count; ++page) {
      pages_.back().push_back(next_page_++);
    }
    steps_.push_back({.tokens = tokens_.back().data(),
                      .token_count = count,
                      .position = position,
                      .pages = pages_.back().data(),
                      .page_count = static_cast<int32_t>(pages_.back().size()),
                      .sampling = sampling});
  }
  std::string Plan(const PlanLimits& limits = kLimits) {
    planner_ = StepPlanner(limits);
    words_.assign(static_cast<size_t>(planner_.layout().words), -7);
    seen_.assign(static_cast<size_t>(planner_.layout().seen_words * 8), 0xffffffffU);
    return planner_.Plan(steps_.data(), static_cast<int32_t>(steps_.size()), words_.data(),
                         seen_.data(), &counts_);
  }
  template <typename Struct>
  Struct At(int64_t at, int64_t index = 0) const {
    Struct read;
    std::memcpy(static_cast<void*>(&read),
                words_.data() + at + index * static_cast<int64_t>(sizeof read / 4), sizeof read);
    return read;
  }
  std::vector<Tile> Tiles() const {
    std::vector<Tile> tiles;
    for (int32_t i = 0; i < At<PlanHeader>(planner_.layout().header).tiles; ++i) {
      tiles.push_back(At<Tile>(planner_.layout().tiles, i));
    }
    return tiles;
  }

  StepPlanner planner_{kLimits};
  std::vector<int32_t> words_;
  std::vector<uint32_t> seen_;
  PlanCounts counts_;
  std::vector<std::vector<int32_t>> tokens_;
  std::vector<std::vector<int32_t>> pages_;
  std::vector<SequenceStep> steps_;
  int32_t next_page_ = 3;
};

TEST_F(PlanTest, PartsDoNotOverlapAndPagesComeLast) {
  const PlanLayout layout(kLimits);
  const std::vector<std::pair<int64_t, int64_t>> parts = {
      {layout.header, 4},        {layout.tokens, 64},       {layout.positions, 64},
      {layout.kv_slots, 64},     {layout.long_context, 64}, {layout.output_rows, 8},
      {layout.draws, 8 * 5},     {layout.sampled, 8},       {layout.tiles, 64 * 8},
      {layout.combines, 64 * 3}, {layout.pages, 1000}};
  for (size_t i = 0; i + 1 < parts.size(); ++i) {
    EXPECT_LE(parts[i].first + parts[i].second, parts[i + 1].first) << i;
  }
  EXPECT_LE(layout.pages + 1000, layout.words);
  EXPECT_EQ(layout.seen_words, 4);
}

TEST_F(PlanTest, RowsSayWhereKeysGo) {
  Add(30, 4);
  Add(0, 1);
  ASSERT_EQ(Plan(), "");
  const PlanLayout& layout = planner_.layout();
  EXPECT_EQ(counts_.rows, 5);
  EXPECT_FALSE(counts_.decode);
  for (int32_t row = 0; row < 4; ++row) {
    EXPECT_EQ(words_[layout.positions + row], 30 + row);
    EXPECT_EQ(words_[layout.tokens + row], 30 + row);
    const int32_t page = pages_[0][(30 + row) / kPageSize];
    EXPECT_EQ(words_[layout.kv_slots + row], page * kPageSize + (30 + row) % kPageSize);
  }
  EXPECT_EQ(words_[layout.kv_slots + 4], pages_[1][0] * kPageSize);
  for (int32_t row = 5; row < 8; ++row) {
    EXPECT_EQ(words_[layout.kv_slots + row], -1) << "padding up to a power of two";
    EXPECT_EQ(words_[layout.tokens + row], 0);
  }
  EXPECT_EQ(counts_.words, layout.pages + 3 + 1);
}

TEST_F(PlanTest, OutputsAreTheLastRowsOfThoseThatAsk) {
  const std::vector<int32_t> seen = {0, 33, 99};
  const Sampling warm{.temperature = 0.5F,
                      .top_k = 3,
                      .top_p = 0.5F,
                      .repetition_penalty = 2,
                      .uniform = 0.25F,
                      .seen = seen.data(),
                      .seen_count = 3};
  const Sampling greedy;
  Add(0, 5);
  Add(0, 3, &greedy);
  Add(7, 1, &warm);
  ASSERT_EQ(Plan(), "");
  const PlanLayout& layout = planner_.layout();
  EXPECT_EQ(counts_.outputs, 2);
  EXPECT_EQ(counts_.sampled, 1);
  EXPECT_TRUE(counts_.seen);
  EXPECT_EQ(words_[layout.output_rows], 7);
  EXPECT_EQ(words_[layout.output_rows + 1], 8);
  EXPECT_EQ(words_[layout.sampled], 1);
  const auto draw = At<Draw>(layout.draws, 1);
  EXPECT_EQ(draw.temperature, 0.5F);
  EXPECT_EQ(draw.penalty, 2);
  EXPECT_EQ(draw.top_k, 3);
  EXPECT_EQ(At<Draw>(layout.draws, 0).penalty, 1);
  const std::vector<uint32_t> bits(seen_.begin() + 4, seen_.begin() + 8);
  EXPECT_THAT(bits, ElementsAre(1U, 2U, 0U, 8U));
}

TEST_F(PlanTest, APenaltyWithoutSeenTokensIsNone) {
  const Sampling sampling{.repetition_penalty = 1.5F};
  Add(0, 1, &sampling);
  ASSERT_EQ(Plan(), "");
  EXPECT_TRUE(counts_.decode);
  EXPECT_FALSE(counts_.seen);
  EXPECT_EQ(At<Draw>(planner_.layout().draws, 0).penalty, 1) << "its bits are not copied";
}

// What a block works on, found as the kernel finds it.
void ExpectEachWorkOnce(const StepPlanner& planner, const std::vector<Tile>& tiles,
                        const PlanLimits& limits, int32_t works) {
  std::set<std::tuple<int32_t, int32_t, int32_t>> positions;
  int32_t next = 0;
  for (const Tile& tile : tiles) {
    EXPECT_EQ(tile.first_work, next);
    next += limits.kv_heads * planner.head_parts() * (tile.slot >= 0 ? tile.chunks : 1);
    for (int32_t i = 0; i < tile.tokens; ++i) {
      EXPECT_TRUE(positions.insert({tile.pages, tile.position + i, tile.first_row + i}).second);
      const int32_t position = tile.position + i;
      EXPECT_LE(tile.first_chunk * kChunk, FirstSeen(position, limits.sliding_window));
      EXPECT_GT((tile.first_chunk + tile.chunks) * kChunk, position);
    }
  }
  EXPECT_EQ(next, works);
}

TEST_F(PlanTest, TilesCoverEveryRowOnce) {
  Add(1000, 23);
  Add(5, 1);
  Add(0, 9);
  for (const int32_t window : {0, 1, 300}) {
    for (const int32_t heads : {2, 6, 8, 32, 64}) {
      for (const int32_t enough : {0, 1000}) {
        PlanLimits limits = kLimits;
        limits.sliding_window = window;
        limits.heads = heads;
        limits.enough_works = enough;
        ASSERT_EQ(Plan(limits), "");
        int32_t rows = 0;
        for (const Tile& tile : Tiles()) {
          EXPECT_EQ(tile.first_row, rows);
          rows += tile.tokens;
          EXPECT_LE(tile.tokens, planner_.tile_tokens());
          EXPECT_EQ(tile.slot >= 0, enough != 0 && tile.chunks > 1);
        }
        EXPECT_EQ(rows, counts_.rows);
        const auto header = At<PlanHeader>(planner_.layout().header);
        ExpectEachWorkOnce(planner_, Tiles(), limits, header.works);
      }
    }
  }
}

TEST_F(PlanTest, PartialResultsHaveSlotsOfTheirOwn) {
  Add(1000, 3);
  Add(700, 1);
  ASSERT_EQ(Plan(), "");
  const auto header = At<PlanHeader>(planner_.layout().header);
  ASSERT_EQ(header.combines, 4);
  std::set<int32_t> slots;
  for (int32_t i = 0; i < header.combines; ++i) {
    const auto combine = At<Combine>(planner_.layout().combines, i);
    EXPECT_EQ(combine.row, i);
    EXPECT_EQ(combine.chunks, i < 3 ? 4 : 3);
    for (int32_t slot = 0; slot < kLimits.heads * combine.chunks; ++slot) {
      EXPECT_TRUE(slots.insert(combine.slot + slot).second);
    }
  }
  EXPECT_EQ(static_cast<int32_t>(slots.size()), 8 * (3 * 4 + 3));
  EXPECT_EQ(*slots.rbegin() + 1, 8 * (3 * 4 + 3));
}

TEST_F(PlanTest, WithoutRoomForPartialResultsTilesAreNotSplit) {
  Add(1000, 1);
  Add(1000, 1);
  PlanLimits limits = kLimits;
  limits.max_slots = 8 * 4 + 5;
  ASSERT_EQ(Plan(limits), "");
  EXPECT_EQ(Tiles()[0].slot, 0);
  EXPECT_EQ(Tiles()[1].slot, -1);
}

TEST_F(PlanTest, MorePagesThanThereAreAreRefused) {
  PlanLimits limits = kLimits;
  limits.page_count = 40;
  next_page_ = 0;
  Add(300, 1);
  steps_.push_back(steps_[0]);
  EXPECT_EQ(Plan(limits), "");
  steps_.push_back(steps_[0]);
  EXPECT_THAT(Plan(limits), HasSubstr("two sequences"));
}

TEST_F(PlanTest, AStepWithoutSequencesIsEmpty) {
  ASSERT_EQ(Plan(), "");
  EXPECT_EQ(counts_.rows, 0);
  EXPECT_EQ(At<PlanHeader>(planner_.layout().header).tiles, 0);
}

}  // namespace
}  // namespace poems::phi::cuda
