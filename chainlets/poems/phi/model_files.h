// ModelFiles: a model in a folder of Hugging Face's Phi-3 layout, mapped, never copied.
//
//   model.safetensors, or model.safetensors.index.json and the shards that it names
//   config.json
//   tokenizer.model (SentencePiece) or none (bytes); tokenizer.json or added_tokens.json;
//   tokenizer_config.json (chat template's name of tokens)
#pragma once

#include <filesystem>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "phi/backend.h"
#include "phi/config.h"
#include "phi/safetensors.h"

namespace poems::phi {

// Read-only; any thread may read. weights() points into mapped files.
class ModelFiles {
 public:
  // What is missing, malformed or of another shape than config.json says is refused with the file,
  // the tensor and the reason.
  static absl::StatusOr<ModelFiles> Open(const std::filesystem::path& folder);

  const ModelConfig& config() const { return config_; }
  // Valid as long as this object lives, wherever it is moved.
  Weights weights() const;
  // Asks the kernel to begin reading all weights from the disk; returns at once.
  void Prefetch() const;

 private:
  explicit ModelFiles(ModelConfig config) : config_(std::move(config)) {}
  // From shards_ to layers_ and weights_.
  absl::Status TakeWeights(const std::filesystem::path& folder);

  ModelConfig config_;
  std::vector<SafeTensors> shards_;
  std::vector<LayerWeights> layers_;
  Weights weights_;
};

}  // namespace poems::phi
