// ScriptedBackend: a backend whose next token is a function of all tokens before it, for tests of
// what is around a model.
//
//   auto backend = std::make_unique<ScriptedBackend>(ScriptedBackend::Options{.page_count = 64});
//
// It keeps to Backend's contract more strictly than a model could: what it computes it reads back
// from the pages, so that a page which two sequences share shows in what both say. Without a script
// it writes letters that depend on every token before, and on the draw where temperature is not 0.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <functional>
#include <mutex>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "phi/backend.h"

namespace poems::phi {

class ScriptedBackend final : public Backend {
 public:
  using Next = std::function<int32_t(std::span<const int32_t> tokens, const Sampling& sampling)>;
  // Called on the engine's thread before a step; what it answers, if not OK, fails the step.
  using Before = std::function<absl::Status(std::span<const SequenceStep> step)>;

  struct Options {
    int32_t vocab = 300;
    int32_t page_size = 4;
    int32_t page_count = 4096;
    int32_t max_step_tokens = 256;
    int32_t max_step_sequences = 64;
    Next next = &ScriptedBackend::Letter;
    Before before = nullptr;
  };
  explicit ScriptedBackend(Options options) : options_(std::move(options)) {
    std::strncpy(info_.name, "a script", sizeof(info_.name) - 1);
    info_.page_size = options_.page_size;
    info_.page_count = options_.page_count;
    info_.max_step_tokens = options_.max_step_tokens;
    info_.max_step_sequences = options_.max_step_sequences;
    cache_.resize(static_cast<size_t>(options_.page_size * options_.page_count), -1);
  }

  const BackendInfo& info() const override { return info_; }

  bool Step(SequenceStep* sequences, int32_t count, BackendError* error) override {
    const std::span<SequenceStep> step(sequences, static_cast<size_t>(count));
    absl::Status status = CheckStep(step);
    if (status.ok() && options_.before) status = options_.before(step);
    for (size_t i = 0; status.ok() && i < step.size(); ++i) status = Run(step[i]);
    if (status.ok()) return true;
    error->code = static_cast<int32_t>(status.code());
    const std::string message(status.message());
    std::strncpy(error->message, message.c_str(), sizeof(error->message) - 1);
    return false;
  }

  // A lower-case letter.
  static int32_t Letter(std::span<const int32_t> tokens, const Sampling& sampling) {
    uint64_t hash = 14695981039346656037U;
    for (const int32_t token : tokens)
      hash = (hash ^ static_cast<uint64_t>(token)) * 1099511628211U;
    if (sampling.temperature > 0) hash += static_cast<uint64_t>(sampling.uniform * 0x1p24F);
    return 'a' + static_cast<int32_t>((hash >> 7) % 26);
  }

 private:
  absl::Status CheckStep(std::span<const SequenceStep> step) const {
    int64_t tokens = 0;
    for (const SequenceStep& each : step) tokens += each.token_count;
    if (step.empty() || static_cast<int32_t>(step.size()) > info_.max_step_sequences) {
      return absl::InvalidArgumentError(absl::StrCat(step.size(), " sequences in a step"));
    }
    if (tokens > info_.max_step_tokens) {
      return absl::InvalidArgumentError(absl::StrCat(tokens, " tokens in a step"));
    }
    return absl::OkStatus();
  }

  absl::Status Run(SequenceStep& sequence) {
    const int32_t size = sequence.position + sequence.token_count;
    if (sequence.token_count < 1 || size > sequence.page_count * info_.page_size) {
      return absl::InvalidArgumentError("too few pages, or no token");
    }
    for (int32_t i = 0; i < sequence.token_count; ++i) {
      const int32_t token = sequence.tokens[i];
      if (token < 0 || token >= options_.vocab) return absl::InvalidArgumentError("a token");
      At(sequence, sequence.position + i) = token;
    }
    if (sequence.sampling == nullptr) return absl::OkStatus();
    std::vector<int32_t> tokens;
    for (int32_t i = 0; i < size; ++i) tokens.push_back(At(sequence, i));
    sequence.next = options_.next(tokens, *sequence.sampling);
    return absl::OkStatus();
  }

  int32_t& At(const SequenceStep& sequence, int32_t position) {
    const int32_t page = sequence.pages[position / info_.page_size];
    return cache_.at(static_cast<size_t>(page * info_.page_size + position % info_.page_size));
  }

  const Options options_;
  BackendInfo info_;
  std::vector<int32_t> cache_;  // tokens by page and place in it
};

}  // namespace poems::phi
