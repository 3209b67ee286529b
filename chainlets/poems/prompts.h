// ToPrompt: what a request asks of the language model, in the model's own tokens. Pure.
#pragma once

#include "absl/status/statusor.h"
#include "phi/config.h"
#include "phi/engine.h"
#include "phi/tokenizer.h"
#include "poems.pb.h"

namespace poems {

// Whether what a user says to this model is put into its chat template.
bool Chats(const phi::Tokenizer& tokenizer);

// A request without a seed gets `seed`. INVALID_ARGUMENT names the field that makes no sense; the
// engine checks ranges of numbers.
absl::StatusOr<phi::Prompt> ToPrompt(const PhiLlmRequest& request, const phi::Tokenizer& tokenizer,
                                     const phi::ModelConfig& config, uint64_t seed);

}  // namespace poems
