// StepPlan: what the device needs to know about a step, as one run of 32-bit words.
//
//   StepPlanner planner(limits);
//   std::vector<int32_t> words(planner.layout().words);      // in pinned memory, in the backend
//   std::string problem = planner.Plan(sequences, count, words.data(), &counts);
//
// It is made on the processor, checked against the contract of Backend::Step, and copied to the
// device at once. Every part has a fixed place, so a captured CUDA graph finds it there.
#pragma once

#include <cstdint>
#include <string>

#include "phi/backend.h"
#include "phi/cuda/arithmetic.h"

namespace poems::phi::cuda {

// Attention is computed in chunks of positions [i * kChunk, (i + 1) * kChunk), each of them in
// parts of kPart. They lie at fixed places of a sequence, so a position is summed in the same order
// whatever else is in the step and however a prompt is cut.
inline constexpr int32_t kChunk = 256;
inline constexpr int32_t kPart = 32;
// Rows (a position's query heads that share a key head) that one block works on.
inline constexpr int32_t kMaxTileRows = 16;

// Successive positions of one sequence, which read the same keys and values.
struct Tile {
  int32_t first_row = 0;
  int32_t tokens = 0;
  int32_t position = 0;  // of the first
  int32_t pages = 0;     // where the sequence's pages begin in the list of pages
  int32_t first_chunk = 0;
  int32_t chunks = 0;
  int32_t slot = -1;  // first partial result; -1: one block goes through all chunks
  int32_t first_work = 0;
};

// A row of a tile that is split by chunks: its partial results are combined afterwards.
struct Combine {
  int32_t row = 0;
  int32_t slot = 0;  // head h has `chunks` partial results from slot + h * chunks on
  int32_t chunks = 0;
};

// How a sequence's next token is drawn; one for each that has output.
struct Draw {
  float temperature = 0;
  float penalty = 1;
  float top_p = 1;
  float uniform = 0;
  int32_t top_k = 0;
};

// The first words.
struct PlanHeader {
  int32_t tiles = 0;
  int32_t works = 0;  // blocks' worth of attention
  int32_t combines = 0;
  int32_t reserved = 0;
};

struct PlanLimits {
  int32_t vocab = 0;
  int32_t max_positions = 0;
  int32_t sliding_window = 0;
  int32_t heads = 0;
  int32_t kv_heads = 0;
  int32_t page_count = 0;
  int32_t max_tokens = 0;
  int32_t max_sequences = 0;
  int32_t max_slots = 0;     // partial results that there is room for
  int32_t enough_works = 0;  // with so many there is no need to split tiles
};

// Where each part begins, in words.
struct PlanLayout {
  explicit PlanLayout(const PlanLimits& limits);
  PlanLayout() = default;

  int64_t header = 0;
  int64_t tokens = 0;        // of each row
  int64_t positions = 0;     // of each row
  int64_t kv_slots = 0;      // of each row: page * kPageSize + position in it; -1: no row
  int64_t long_context = 0;  // of each row: 0 or 1
  int64_t output_rows = 0;   // of each output: the row of its hidden state
  int64_t draws = 0;         // of each output
  int64_t sampled = 0;       // outputs that are drawn with a temperature
  int64_t tiles = 0;
  int64_t combines = 0;
  int64_t pages = 0;  // last, because as many are copied as there are
  int64_t words = 0;
  int64_t seen_words = 0;  // of an output's bits of seen tokens, apart
};

struct PlanCounts {
  int32_t rows = 0;
  int32_t outputs = 0;  // sequences that want a token or logits
  int32_t sampled = 0;  // of them, with a temperature
  bool decode = false;  // every sequence has one row: what the captured graphs compute
  bool seen = false;    // any output has a repetition penalty
  int64_t words = 0;    // to copy
};

class StepPlanner {
 public:
  explicit StepPlanner(const PlanLimits& limits);

  const PlanLayout& layout() const { return layout_; }
  // Blocks that a tile's rows of one key head are divided among; more than one for many heads a
  // group.
  int32_t head_parts() const { return head_parts_; }
  // Positions of a tile at most.
  int32_t tile_tokens() const { return tile_tokens_; }

  // Fills `words`, and `seen` with layout().seen_words for each output. Rows and outputs up to the
  // next power of two are filled with what does no harm. What is wrong with the step, else empty.
  std::string Plan(const SequenceStep* sequences, int32_t count, int32_t* words, uint32_t* seen,
                   PlanCounts* counts) const;

 private:
  std::string Check(const SequenceStep& sequence, int32_t index) const;
  void FillRows(const SequenceStep& sequence, int32_t first_row, int32_t* words) const;
  void FillOutput(const SequenceStep& sequence, int32_t last_row, int32_t* words, uint32_t* seen,
                  PlanCounts* counts) const;
  void FillTiles(const SequenceStep* sequences, int32_t count, int32_t* words) const;
  void Pad(const PlanCounts& counts, int32_t* words) const;

  PlanLimits limits_;
  PlanLayout layout_;
  int32_t head_parts_ = 1;
  int32_t tile_tokens_ = 1;
};

}  // namespace poems::phi::cuda
