#include "phi/sequence.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"

namespace poems::phi {
namespace {

constexpr size_t kMaxStops = 16;
constexpr size_t kMaxStopBytes = 1024;

absl::Status CheckTokens(const Prompt& prompt, const Shape& shape) {
  if (prompt.tokens.empty()) return absl::InvalidArgumentError("the prompt is empty");
  for (const int32_t token : prompt.tokens) {
    if (token < 0 || token >= shape.vocab) {
      return absl::InvalidArgumentError(absl::StrCat(
          "the prompt has the token ", token, ", and the model knows 0 to ", shape.vocab - 1));
    }
  }
  if (prompt.max_tokens < 1) {
    return absl::InvalidArgumentError(
        absl::StrCat("max_tokens is ", prompt.max_tokens, "; it must be at least 1"));
  }
  const size_t room = static_cast<size_t>(std::max(shape.max_positions, 0));
  if (prompt.tokens.size() + static_cast<size_t>(prompt.max_tokens) > room) {
    return absl::InvalidArgumentError(absl::StrCat(
        "the prompt has ", prompt.tokens.size(), " tokens and max_tokens is ", prompt.max_tokens,
        "; together they can be ", room, ", which is what the model was made for"));
  }
  return absl::OkStatus();
}

absl::Status CheckSampling(const Prompt& prompt) {
  if (!(prompt.temperature >= 0) || !std::isfinite(prompt.temperature)) {
    return absl::InvalidArgumentError(
        absl::StrCat("temperature is ", prompt.temperature, "; it must be 0 or more"));
  }
  if (prompt.top_k < 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("top_k is ", prompt.top_k, "; it must be 0 (all) or more"));
  }
  if (!(prompt.top_p > 0 && prompt.top_p <= 1)) {
    return absl::InvalidArgumentError(
        absl::StrCat("top_p is ", prompt.top_p, "; it must be over 0 and at most 1"));
  }
  if (!(prompt.repetition_penalty > 0) || !std::isfinite(prompt.repetition_penalty)) {
    return absl::InvalidArgumentError(
        absl::StrCat("repetition_penalty is ", prompt.repetition_penalty, "; it must be over 0"));
  }
  return absl::OkStatus();
}

absl::Status CheckStops(const Prompt& prompt) {
  if (prompt.stop.size() > kMaxStops) {
    return absl::InvalidArgumentError(absl::StrCat(
        "stop has ", prompt.stop.size(), " strings; it can have ", kMaxStops, " at most"));
  }
  for (const std::string& stop : prompt.stop) {
    if (!stop.empty() && stop.size() <= kMaxStopBytes) continue;
    return absl::InvalidArgumentError(absl::StrCat("stop has a string of ", stop.size(),
                                                   " bytes; it can be 1 to ", kMaxStopBytes));
  }
  return absl::OkStatus();
}

// SplitMix64's finalizer: every bit of `number` changes every bit of what comes out.
uint64_t Mix(uint64_t number) {
  number = (number ^ (number >> 30)) * 0xBF58476D1CE4E5B9U;
  number = (number ^ (number >> 27)) * 0x94D049BB133111EBU;
  return number ^ (number >> 31);
}

}  // namespace

absl::Status CheckPrompt(const Prompt& prompt, const Shape& shape) {
  absl::Status checked = CheckTokens(prompt, shape);
  if (checked.ok()) checked = CheckSampling(prompt);
  if (checked.ok()) checked = CheckStops(prompt);
  return checked;
}

// A function of seed and index alone, so that neither neighbours nor parts of prompts change it.
float DrawOf(uint64_t seed, uint64_t index) {
  const uint64_t mixed = Mix(Mix(seed) + (index + 1) * 0x9E3779B97F4A7C15U);
  return static_cast<float>(mixed >> 40) * 0x1p-24F;
}

Sequence::Sequence(Prompt prompt, bool long_context, const Tokenizer& tokenizer,
                   std::span<const int32_t> end_tokens)
    : prompt_(std::move(prompt)),
      prompt_tokens_(static_cast<int64_t>(prompt_.tokens.size())),
      long_context_(long_context),
      tokenizer_(tokenizer),
      end_tokens_(end_tokens),
      text_(std::move(prompt_.stop)),
      sampling_{.temperature = prompt_.temperature,
                .top_k = prompt_.top_k,
                .top_p = prompt_.top_p,
                .repetition_penalty = prompt_.repetition_penalty} {
  // What a step reads does not move while it runs.
  prompt_.tokens.reserve(prompt_.tokens.size() + static_cast<size_t>(prompt_.max_tokens));
  for (const int32_t token : prompt_.tokens) MarkSeen(token);
}

void Sequence::MarkSeen(int32_t token) {
  if (prompt_.repetition_penalty == 1) return;
  const size_t index = static_cast<size_t>(token);
  if (index >= was_seen_.size()) was_seen_.resize(index + 1);
  if (was_seen_[index]) return;
  was_seen_[index] = true;
  seen_.push_back(token);
}

SequenceStep Sequence::StepFor(const Scheduler::Part& part) {
  SequenceStep step = {.tokens = prompt_.tokens.data() + part.position,
                       .token_count = static_cast<int32_t>(part.count),
                       .position = static_cast<int32_t>(part.position),
                       .pages = part.pages.data(),
                       .page_count = static_cast<int32_t>(part.pages.size()),
                       .long_context = long_context_};
  if (part.draws) {
    sampling_.uniform = DrawOf(prompt_.seed, static_cast<uint64_t>(drawn_));
    sampling_.seen = seen_.data();
    sampling_.seen_count = static_cast<int32_t>(seen_.size());
    step.sampling = &sampling_;
  }
  return step;
}

std::optional<Piece> Sequence::Take(int32_t token) {
  Piece piece;
  piece.finish = Append(token, piece.text);
  if (piece.finish == Finish::kEndToken || piece.finish == Finish::kMaxTokens) {
    piece.text += text_.Finish();
    if (text_.stopped()) piece.finish = Finish::kStopString;
  }
  ++unsaid_;
  if (piece.text.empty() && piece.finish == Finish::kNone) return std::nullopt;
  piece.tokens = std::exchange(unsaid_, 0);
  return piece;
}

Finish Sequence::Append(int32_t token, std::string& text) {
  prompt_.tokens.push_back(token);
  ++drawn_;
  MarkSeen(token);
  if (std::find(end_tokens_.begin(), end_tokens_.end(), token) != end_tokens_.end()) {
    return Finish::kEndToken;
  }
  text = text_.Add(tokenizer_.Piece(token));
  if (text_.stopped()) return Finish::kStopString;
  return drawn_ == prompt_.max_tokens ? Finish::kMaxTokens : Finish::kNone;
}

}  // namespace poems::phi
