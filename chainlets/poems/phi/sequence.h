// Sequence: one text that is being written: its tokens, how the next is drawn, what it says.
//
//   SequenceStep step = sequence.StepFor(part);
//   …                                              // the backend runs it
//   std::optional<Piece> piece = sequence.Take(step.next);
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "phi/backend.h"
#include "phi/engine.h"
#include "phi/scheduler.h"
#include "phi/stop_text.h"
#include "phi/tokenizer.h"

namespace poems::phi {

// INVALID_ARGUMENT says what of a prompt breaks its contract for a model of this shape.
absl::Status CheckPrompt(const Prompt& prompt, const Shape& shape);

// The draw for the token with this index of an answer: in [0, 1), the same wherever it is asked.
float DrawOf(uint64_t seed, uint64_t index);

// Pure, for one thread at a time.
class Sequence {
 public:
  // A prompt that was checked. The tokenizer and the tokens that end a text outlive it.
  Sequence(Prompt prompt, bool long_context, const Tokenizer& tokenizer,
           std::span<const int32_t> end_tokens);

  int64_t prompt_tokens() const { return prompt_tokens_; }
  int64_t max_tokens() const { return prompt_.max_tokens; }

  // What the backend does for this part. It points into the part's pages and into this, until
  // Take().
  SequenceStep StepFor(const Scheduler::Part& part);

  // The token that was drawn: what there is to say since the last piece; nothing while that may
  // still change.
  std::optional<Piece> Take(int32_t token);

 private:
  void MarkSeen(int32_t token);
  Finish Append(int32_t token, std::string& text);

  Prompt prompt_;  // its tokens grow by those that are drawn
  const int64_t prompt_tokens_;
  const bool long_context_;
  const Tokenizer& tokenizer_;
  const std::span<const int32_t> end_tokens_;
  StopText text_;
  Sampling sampling_;
  std::vector<int32_t> seen_;   // distinct; kept where repetition is penalized only
  std::vector<bool> was_seen_;  // by token
  int32_t drawn_ = 0;
  int32_t unsaid_ = 0;  // tokens since the last piece
};

}  // namespace poems::phi
