#include "phi/cuda/plan.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace poems::phi::cuda {
namespace {

template <typename Struct>
constexpr int64_t kWords = sizeof(Struct) / sizeof(int32_t);

template <typename Struct>
void Put(const Struct& value, int32_t* words, int64_t at, int64_t index) {
  std::memcpy(words + at + index * kWords<Struct>, &value, sizeof value);
}

std::string Of(int32_t index, const std::string& what) {
  return "sequence " + std::to_string(index) + ": " + what;
}

bool WantsOutput(const SequenceStep& sequence) {
  return sequence.sampling != nullptr || sequence.logits != nullptr;
}

int32_t PagesFor(const SequenceStep& sequence) {
  return static_cast<int32_t>(DivideUp(sequence.position + sequence.token_count, kPageSize));
}

std::string CheckSampling(const Sampling& sampling, int32_t vocab, int32_t index) {
  if (!(sampling.temperature >= 0) || !std::isfinite(sampling.temperature)) {
    return Of(index, "temperature is not a number of at least 0");
  }
  if (!(sampling.repetition_penalty > 0) || !std::isfinite(sampling.repetition_penalty)) {
    return Of(index, "repetition_penalty is not a number above 0");
  }
  if (!(sampling.uniform >= 0 && sampling.uniform < 1)) {
    return Of(index, "uniform is outside [0, 1)");
  }
  if (!(sampling.top_p > 0 && sampling.top_p <= 1)) return Of(index, "top_p is outside (0, 1]");
  if (sampling.top_k < 0) return Of(index, "top_k is negative");
  if (sampling.seen_count < 0 || (sampling.seen_count > 0 && sampling.seen == nullptr)) {
    return Of(index, "seen has no tokens, or fewer than none");
  }
  for (int32_t i = 0; i < sampling.seen_count; ++i) {
    if (sampling.seen[i] < 0 || sampling.seen[i] >= vocab) {
      return Of(index, "seen token " + std::to_string(sampling.seen[i]) +
                           " is outside the vocabulary of " + std::to_string(vocab));
    }
  }
  return "";
}

}  // namespace

PlanLayout::PlanLayout(const PlanLimits& limits) {
  // Rows and outputs are padded to a power of two.
  const int64_t rows = Bucket(std::max(limits.max_tokens, limits.max_sequences));
  const int64_t outputs = Bucket(limits.max_sequences);
  int64_t end = kWords<PlanHeader>;
  auto place = [&end](int64_t size) {
    const int64_t begin = end;
    end += RoundUp(size, kVector);
    return begin;
  };
  tokens = place(rows);
  positions = place(rows);
  kv_slots = place(rows);
  long_context = place(rows);
  output_rows = place(outputs);
  draws = place(outputs * kWords<Draw>);
  sampled = place(outputs);
  tiles = place(rows * kWords<Tile>);
  combines = place(rows * kWords<Combine>);
  pages = place(limits.page_count);
  words = end;
  seen_words = DivideUp(limits.vocab, 32);
}

StepPlanner::StepPlanner(const PlanLimits& limits) : limits_(limits), layout_(limits) {
  const int32_t group = limits.heads / limits.kv_heads;
  head_parts_ = static_cast<int32_t>(DivideUp(group, kMaxTileRows));
  tile_tokens_ = std::max(1, kMaxTileRows / group);
}

std::string StepPlanner::Check(const SequenceStep& sequence, int32_t index) const {
  if (sequence.token_count < 1 || sequence.tokens == nullptr) return Of(index, "it has no tokens");
  if (sequence.position < 0 ||
      int64_t{sequence.position} + sequence.token_count > limits_.max_positions) {
    return Of(index, "positions from " + std::to_string(sequence.position) + " on, " +
                         std::to_string(sequence.token_count) + " of them, are not within the " +
                         std::to_string(limits_.max_positions) + " of the model");
  }
  for (int32_t i = 0; i < sequence.token_count; ++i) {
    if (sequence.tokens[i] < 0 || sequence.tokens[i] >= limits_.vocab) {
      return Of(index, "token " + std::to_string(sequence.tokens[i]) +
                           " is outside the vocabulary of " + std::to_string(limits_.vocab));
    }
  }
  if (sequence.page_count < PagesFor(sequence) || sequence.pages == nullptr) {
    return Of(index, "it has " + std::to_string(sequence.page_count) + " pages and needs " +
                         std::to_string(PagesFor(sequence)));
  }
  for (int32_t i = 0; i < sequence.page_count; ++i) {
    if (sequence.pages[i] < 0 || sequence.pages[i] >= limits_.page_count) {
      return Of(index, "page " + std::to_string(sequence.pages[i]) + " is none of the " +
                           std::to_string(limits_.page_count) + " that there are");
    }
  }
  if (sequence.sampling == nullptr) return "";
  return CheckSampling(*sequence.sampling, limits_.vocab, index);
}

std::string StepPlanner::Plan(const SequenceStep* sequences, int32_t count, int32_t* words,
                              uint32_t* seen, PlanCounts* counts) const {
  *counts = PlanCounts{};
  if (count < 0 || count > limits_.max_sequences) {
    return std::to_string(count) + " sequences in a step; at most " +
           std::to_string(limits_.max_sequences);
  }
  int64_t rows = 0;
  int64_t pages = 0;
  counts->decode = true;
  for (int32_t i = 0; i < count; ++i) {
    std::string problem = Check(sequences[i], i);
    if (!problem.empty()) return problem;
    rows += sequences[i].token_count;
    pages += PagesFor(sequences[i]);
    counts->decode &= sequences[i].token_count == 1;
  }
  if (rows > limits_.max_tokens) {
    return std::to_string(rows) + " tokens in a step; at most " +
           std::to_string(limits_.max_tokens);
  }
  if (pages > limits_.page_count) return "a page is given to two sequences";

  for (int32_t i = 0; i < count; ++i) {
    FillRows(sequences[i], counts->rows, words);
    counts->rows += sequences[i].token_count;
    if (WantsOutput(sequences[i])) FillOutput(sequences[i], counts->rows - 1, words, seen, counts);
  }
  FillTiles(sequences, count, words);
  Pad(*counts, words);
  counts->words = layout_.pages + pages;
  return "";
}

void StepPlanner::FillRows(const SequenceStep& sequence, int32_t first_row, int32_t* words) const {
  for (int32_t i = 0; i < sequence.token_count; ++i) {
    const int32_t position = sequence.position + i;
    const int32_t row = first_row + i;
    words[layout_.tokens + row] = sequence.tokens[i];
    words[layout_.positions + row] = position;
    words[layout_.kv_slots + row] =
        sequence.pages[position / kPageSize] * kPageSize + position % kPageSize;
    words[layout_.long_context + row] = sequence.long_context ? 1 : 0;
  }
}

void StepPlanner::FillOutput(const SequenceStep& sequence, int32_t last_row, int32_t* words,
                             uint32_t* seen, PlanCounts* counts) const {
  const int32_t output = counts->outputs++;
  const Sampling sampling = sequence.sampling == nullptr ? Sampling{} : *sequence.sampling;
  words[layout_.output_rows + output] = last_row;
  const bool penalized = sampling.repetition_penalty != 1 && sampling.seen_count > 0;
  const Draw draw = {sampling.temperature, penalized ? sampling.repetition_penalty : 1,
                     sampling.top_p, sampling.uniform, sampling.top_k};
  Put(draw, words, layout_.draws, output);
  if (sampling.temperature > 0) words[layout_.sampled + counts->sampled++] = output;

  uint32_t* bits = seen + output * layout_.seen_words;
  std::fill_n(bits, layout_.seen_words, 0U);
  if (!penalized) return;
  counts->seen = true;
  for (int32_t i = 0; i < sampling.seen_count; ++i) {
    const auto token = static_cast<uint32_t>(sampling.seen[i]);
    bits[token / 32] |= 1U << (token % 32);
  }
}

void StepPlanner::FillTiles(const SequenceStep* sequences, int32_t count, int32_t* words) const {
  int64_t works = 0;
  for (int32_t i = 0; i < count; ++i) {
    works += DivideUp(sequences[i].token_count, tile_tokens_) * limits_.kv_heads * head_parts_;
  }
  const bool split = works < limits_.enough_works;

  PlanHeader header;
  int32_t row = 0;
  int32_t pages = 0;
  int64_t slots = 0;
  for (int32_t i = 0; i < count; ++i) {
    const SequenceStep& sequence = sequences[i];
    std::copy_n(sequence.pages, PagesFor(sequence), words + layout_.pages + pages);
    for (int32_t done = 0; done < sequence.token_count; done += tile_tokens_) {
      Tile tile;
      tile.first_row = row + done;
      tile.tokens = std::min(tile_tokens_, sequence.token_count - done);
      tile.position = sequence.position + done;
      tile.pages = pages;
      tile.first_chunk = FirstSeen(tile.position, limits_.sliding_window) / kChunk;
      tile.chunks = (tile.position + tile.tokens - 1) / kChunk + 1 - tile.first_chunk;
      tile.first_work = header.works;
      const int64_t needed = int64_t{tile.tokens} * limits_.heads * tile.chunks;
      const bool splits = split && tile.chunks > 1 && slots + needed <= limits_.max_slots;
      if (splits) {
        tile.slot = static_cast<int32_t>(slots);
        for (int32_t t = 0; t < tile.tokens; ++t) {
          const Combine combine = {tile.first_row + t, tile.slot + t * limits_.heads * tile.chunks,
                                   tile.chunks};
          Put(combine, words, layout_.combines, header.combines++);
        }
        slots += needed;
      }
      header.works += limits_.kv_heads * head_parts_ * (splits ? tile.chunks : 1);
      Put(tile, words, layout_.tiles, header.tiles++);
    }
    row += sequence.token_count;
    pages += PagesFor(sequence);
  }
  Put(header, words, layout_.header, 0);
}

void StepPlanner::Pad(const PlanCounts& counts, int32_t* words) const {
  for (int32_t row = counts.rows; row < Bucket(counts.rows); ++row) {
    words[layout_.tokens + row] = 0;
    words[layout_.positions + row] = 0;
    words[layout_.kv_slots + row] = -1;
    words[layout_.long_context + row] = 0;
  }
  for (int32_t output = counts.outputs; output < Bucket(counts.rows); ++output) {
    if (output >= Bucket(limits_.max_sequences)) break;
    words[layout_.output_rows + output] = 0;
    Put(Draw{}, words, layout_.draws, output);
  }
}

}  // namespace poems::phi::cuda
