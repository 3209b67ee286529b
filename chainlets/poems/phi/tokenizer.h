// Tokenizer: text to a model's tokens and back, as the model's folder says.
//
// SentencePiece (tokenizer.model) where it is there, else one token per byte. Tokens that the
// folder adds (tokenizer.json or added_tokens.json, e.g. <|end|>) are found in templates, never in
// what users write.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace poems::phi {

struct ChatMessage {
  std::string role;  // "system", "user" or "assistant"
  std::string content;
};

// Read-only; thread-safe.
class Tokenizer {
 public:
  // `vocab` is config.json's: every token the folder knows must be below it.
  static absl::StatusOr<Tokenizer> Open(const std::filesystem::path& folder, int32_t vocab);
  Tokenizer(Tokenizer&&) noexcept;
  Tokenizer& operator=(Tokenizer&&) noexcept;
  ~Tokenizer();

  // A user's text; what looks like a special token is text. No begin-of-text token.
  std::vector<int32_t> Encode(std::string_view text) const;
  // Phi-3's chat template: <|role|>\n content <|end|>\n …, then <|assistant|>\n. INVALID_ARGUMENT
  // for other roles, and where the folder has no such tokens.
  absl::StatusOr<std::vector<int32_t>> EncodeChat(std::span<const ChatMessage> messages) const;

  // The bytes of a token after `before` (a space that only separates words is kept); may end in the
  // midst of a UTF-8 character. Empty for special tokens.
  std::string Piece(int32_t token) const;
  // All of a text; begins without the space that SentencePiece puts before the first word.
  std::string Decode(std::span<const int32_t> tokens) const;

  // The id of an added or control token by its text.
  std::optional<int32_t> Special(std::string_view text) const;
  // Tokens at which an answer of EncodeChat ends: <|end|>, <|endoftext|>, <|assistant|>, </s>, as
  // far as there are.
  const std::vector<int32_t>& end_tokens() const;

 private:
  class Impl;
  explicit Tokenizer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace poems::phi
