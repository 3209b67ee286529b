#include "phi/language_model.h"

#include <utility>

namespace poems::phi {

absl::StatusOr<std::unique_ptr<LanguageModel>> LanguageModel::Open(
    const std::filesystem::path& folder, const MakeBackend& make_backend, EngineOptions options) {
  absl::StatusOr<ModelFiles> files = ModelFiles::Open(folder);
  if (!files.ok()) return files.status();
  absl::StatusOr<Tokenizer> tokenizer = Tokenizer::Open(folder, files->config().shape().vocab);
  if (!tokenizer.ok()) return tokenizer.status();
  files->Prefetch();
  std::unique_ptr<LanguageModel> model(new LanguageModel(*std::move(files), *std::move(tokenizer)));

  const ModelConfig& config = model->config();
  absl::StatusOr<std::unique_ptr<Backend>> backend =
      make_backend(config.shape(), model->files_.weights());
  if (!backend.ok()) return backend.status();
  options.end_tokens.insert(options.end_tokens.end(), config.end_tokens().begin(),
                            config.end_tokens().end());
  model->engine_ = std::make_unique<Engine>(*std::move(backend), model->tokenizer_, config.shape(),
                                            config.original_max_positions(), std::move(options));
  return model;
}

}  // namespace poems::phi
