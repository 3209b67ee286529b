// ModelConfig: a model's shape, from the config.json of Hugging Face's Phi-3 layout.
//
// Keys and their meaning follow Phi3Config of the transformers library.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "phi/backend.h"

namespace poems::phi {

// Movable; shape() points into it, so it outlives who holds the Shape. The numbers are checked
// against each other and against bounds, so what they multiply to fits 64 bits.
class ModelConfig {
 public:
  // INVALID_ARGUMENT names the key and what is wrong with it. `where` is the file, for messages.
  static absl::StatusOr<ModelConfig> Parse(std::string_view json, std::string_view where);
  static absl::StatusOr<ModelConfig> Read(const std::filesystem::path& file);

  Shape shape() const;
  bool tie_word_embeddings() const { return tie_word_embeddings_; }
  // Up to here a sequence uses the short rotary factors; one that may grow longer uses the long
  // ones from its begin, because keys already cached have turned. max_positions without longrope.
  int32_t original_max_positions() const { return original_max_positions_; }
  // Tokens that end a text besides those of the chat template; begin of text (-1: none).
  const std::vector<int32_t>& end_tokens() const { return end_tokens_; }
  int32_t begin_token() const { return begin_token_; }

 private:
  ModelConfig() = default;

  Shape shape_;  // without rotary frequencies
  std::vector<float> short_frequencies_;
  std::vector<float> long_frequencies_;
  float rotary_scale_ = 1;
  bool tie_word_embeddings_ = false;
  int32_t original_max_positions_ = 0;
  std::vector<int32_t> end_tokens_;
  int32_t begin_token_ = -1;
};

}  // namespace poems::phi
