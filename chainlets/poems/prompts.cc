#include "prompts.h"

#include <algorithm>
#include <cstdint>
#include <vector>

#include "absl/status/status.h"

namespace poems {
namespace {

constexpr int32_t kMaxTokensByDefault = 256;

absl::StatusOr<std::vector<int32_t>> ToTokens(const PhiLlmRequest& request,
                                              const phi::Tokenizer& tokenizer,
                                              const phi::ModelConfig& config) {
  std::vector<phi::ChatMessage> messages;
  for (const Message& each : request.messages()) messages.push_back({each.role(), each.content()});
  if (request.has_prompt()) {
    if (!messages.empty()) {
      return absl::InvalidArgumentError("there are a prompt and messages; give one of them");
    }
    if (request.prompt().empty()) return absl::InvalidArgumentError("prompt is empty");
    if (!Chats(tokenizer)) {
      std::vector<int32_t> tokens = tokenizer.Encode(request.prompt());
      if (config.begin_token() >= 0) tokens.insert(tokens.begin(), config.begin_token());
      return tokens;
    }
    messages.push_back({"user", request.prompt()});
  }
  if (messages.empty()) {
    return absl::InvalidArgumentError("there is neither a prompt nor messages; give one of them");
  }
  return tokenizer.EncodeChat(messages);
}

}  // namespace

bool Chats(const phi::Tokenizer& tokenizer) {
  return tokenizer.Special("<|user|>").has_value() &&
         tokenizer.Special("<|assistant|>").has_value() && tokenizer.Special("<|end|>").has_value();
}

absl::StatusOr<phi::Prompt> ToPrompt(const PhiLlmRequest& request, const phi::Tokenizer& tokenizer,
                                     const phi::ModelConfig& config, uint64_t seed) {
  absl::StatusOr<std::vector<int32_t>> tokens = ToTokens(request, tokenizer, config);
  if (!tokens.ok()) return tokens.status();
  const int64_t room =
      config.shape().max_positions - static_cast<int64_t>(tokens->size());  // may be negative
  phi::Prompt prompt;
  prompt.tokens = *std::move(tokens);
  prompt.max_tokens = static_cast<int32_t>(std::clamp<int64_t>(room, 1, kMaxTokensByDefault));
  if (request.has_max_tokens()) prompt.max_tokens = request.max_tokens();
  if (request.has_temperature()) prompt.temperature = request.temperature();
  if (request.has_top_k()) prompt.top_k = request.top_k();
  if (request.has_top_p()) prompt.top_p = request.top_p();
  if (request.has_repetition_penalty()) prompt.repetition_penalty = request.repetition_penalty();
  prompt.seed = request.has_seed() ? request.seed() : seed;
  prompt.stop.assign(request.stop().begin(), request.stop().end());
  return prompt;
}

}  // namespace poems
