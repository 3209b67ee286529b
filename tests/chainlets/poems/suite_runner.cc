#include <algorithm>
#include <random>
#include <utility>

#include "backend_suite.h"

namespace poems::phi {

SuiteRunner::SuiteRunner(std::unique_ptr<Backend> backend) : backend_(std::move(backend)) {
  for (int32_t page = 0; page < backend_->info().page_count; ++page) free_.push_back(page);
  std::shuffle(free_.begin(), free_.end(), std::mt19937(1));
}

std::vector<SuiteRunner::Result> SuiteRunner::Step(std::span<const Part> parts, int32_t vocab) {
  std::vector<Result> results(parts.size());
  std::vector<SequenceStep> steps;
  const int32_t page_size = backend_->info().page_size;
  for (size_t i = 0; i < parts.size(); ++i) {
    const Part& part = parts[i];
    Sequence& sequence = *part.sequence;
    const auto count = static_cast<int32_t>(part.tokens.size());
    while (static_cast<int32_t>(sequence.pages.size()) * page_size < sequence.position + count) {
      EXPECT_FALSE(free_.empty()) << "the test needs more pages";
      if (free_.empty()) return results;
      sequence.pages.push_back(free_.back());
      free_.pop_back();
    }
    results[i].logits.resize(static_cast<size_t>(vocab));
    steps.push_back({.tokens = part.tokens.data(),
                     .token_count = count,
                     .position = sequence.position,
                     .pages = sequence.pages.data(),
                     .page_count = static_cast<int32_t>(sequence.pages.size()),
                     .long_context = sequence.long_context,
                     .sampling = part.sampling,
                     .logits = results[i].logits.data()});
  }
  BackendError error;
  EXPECT_TRUE(backend_->Step(steps.data(), static_cast<int32_t>(steps.size()), &error))
      << error.message;
  for (size_t i = 0; i < parts.size(); ++i) {
    parts[i].sequence->position += steps[i].token_count;
    results[i].next = steps[i].next;
  }
  return results;
}

std::vector<float> SuiteRunner::Feed(Sequence& sequence, std::span<const int32_t> tokens,
                                     int32_t vocab) {
  const Part part{.sequence = &sequence, .tokens = {tokens.begin(), tokens.end()}};
  return Step({&part, 1}, vocab).front().logits;
}

void SuiteRunner::Leave(Sequence& sequence) {
  free_.insert(free_.begin(), sequence.pages.begin(), sequence.pages.end());
  sequence = {.long_context = sequence.long_context};
}

std::vector<int32_t> RandomTokens(size_t count, int32_t vocab, uint32_t seed) {
  std::mt19937 random(seed);
  std::vector<int32_t> tokens(count);
  for (int32_t& token : tokens)
    token = static_cast<int32_t>(random() % static_cast<uint32_t>(vocab));
  return tokens;
}

std::vector<NamedShape> SuiteShapes() {
  const Shape plain{.vocab = 96,
                    .hidden = 64,
                    .layers = 2,
                    .heads = 4,
                    .kv_heads = 4,
                    .head_dim = 16,
                    .rotary_dim = 16,
                    .intermediate = 96,
                    .max_positions = 1024,
                    .short_rotary = {},
                    .long_rotary = {}};
  Shape pairs = plain;
  pairs.kv_heads = 2;
  pairs.sliding_window = 5;
  Shape fours = plain;
  fours.heads = 8;
  fours.kv_heads = 2;
  fours.rotary_dim = 12;
  fours.sliding_window = 33;
  Shape eights = plain;
  eights.heads = 8;
  eights.kv_heads = 1;
  eights.head_dim = 96;
  eights.rotary_dim = 96;
  Shape odd = plain;
  odd.vocab = 131;
  odd.hidden = 50;
  odd.layers = 3;
  odd.heads = 5;
  odd.kv_heads = 5;
  odd.head_dim = 10;
  odd.rotary_dim = 6;
  odd.intermediate = 77;
  odd.sliding_window = 16;
  return {{"one query head a key head", plain},
          {"two, window 5", pairs},
          {"four, partial rotation, window 33", fours},
          {"eight, long heads", eights},
          {"odd sizes, window 16", odd}};
}

std::unique_ptr<Backend> BackendSuite::Make(const MemoryModel& model, BackendOptions options) {
  return Make(model.shape(), model.weights(), options);
}

std::unique_ptr<Backend> BackendSuite::Make(const Shape& shape, const Weights& weights,
                                            BackendOptions options) {
  if (options.threads == 0) options.threads = 2;
  options.kv_bytes = std::min<int64_t>(options.kv_bytes, int64_t{16} << 20);
  absl::StatusOr<std::unique_ptr<Backend>> made = GetParam().make(shape, weights, options);
  if (made.ok()) return *std::move(made);
  if (absl::IsUnavailable(made.status())) {
    [&] { GTEST_SKIP() << "SKIPPED: " << made.status(); }();
  } else {
    ADD_FAILURE() << made.status();
  }
  return nullptr;
}

}  // namespace poems::phi
