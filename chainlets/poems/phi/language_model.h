// LanguageModel: a model's folder, opened, and the engine that writes with it. Once in a process.
//
//   absl::StatusOr<std::unique_ptr<LanguageModel>> model = LanguageModel::Open(folder,
//   make_backend); chains::Stream<Piece> pieces = (*model)->engine().Generate(prompt);
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "phi/backend.h"
#include "phi/engine.h"
#include "phi/model_files.h"
#include "phi/tokenizer.h"

namespace poems::phi {

// Thread-safe.
class LanguageModel {
 public:
  // What shape and weights point to outlives what it makes.
  using MakeBackend = std::function<absl::StatusOr<std::unique_ptr<Backend>>(
      const Shape& shape, const Weights& weights)>;

  // Blocks for as long as the backend takes to be made. Errors name the file or what the backend
  // lacks.
  static absl::StatusOr<std::unique_ptr<LanguageModel>> Open(const std::filesystem::path& folder,
                                                             const MakeBackend& make_backend,
                                                             EngineOptions options = {});

  Engine& engine() { return *engine_; }
  const Tokenizer& tokenizer() const { return tokenizer_; }
  const ModelConfig& config() const { return files_.config(); }

 private:
  LanguageModel(ModelFiles files, Tokenizer tokenizer)
      : files_(std::move(files)), tokenizer_(std::move(tokenizer)) {}

  const ModelFiles files_;
  const Tokenizer tokenizer_;
  std::unique_ptr<Engine> engine_;  // goes first: it reads the others
};

}  // namespace poems::phi
