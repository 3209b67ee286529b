#include "phi_llm.h"

#include <filesystem>
#include <optional>
#include <string>
#include <utility>

#include "absl/random/random.h"
#include "absl/strings/str_cat.h"
#include "chains/chain/memory_size.h"
#include "phi/cpu/cpu_backend.h"
#include "phi/cuda/module_backend.h"
#include "prompts.h"

namespace poems {
namespace {

std::string ReasonOf(phi::Finish finish) {
  return finish == phi::Finish::kMaxTokens ? "length" : "stop";
}

// A number by chance, for a request without a seed.
uint64_t AnySeed() {
  absl::BitGen random;
  return absl::Uniform<uint64_t>(random);
}

// SentencePiece writes a space before the first word of a text; an answer begins without it.
class AnswerText {
 public:
  explicit AnswerText(bool chats) : at_begin_(chats) {}
  std::string Take(std::string text) {
    if (at_begin_ && !text.empty()) {
      at_begin_ = false;
      if (text.front() == ' ') text.erase(0, 1);
    }
    return text;
  }

 private:
  bool at_begin_;
};

absl::StatusOr<phi::BackendOptions> OptionsOf(const chains::DeploymentContext& context) {
  phi::BackendOptions options;
  const std::string given = context.Variable(kCacheVariable).value_or("");
  if (given.empty()) return options;
  const std::optional<int64_t> bytes = chains::internal::ParseMemorySize(given);
  if (!bytes.has_value()) {
    return absl::InvalidArgumentError(absl::StrCat("the variable ", kCacheVariable, " is \"", given,
                                                   "\"; give bytes, or with Ki, Mi, Gi, Ti"));
  }
  options.kv_bytes = *bytes;
  return options;
}

// On the GPU that the chainlet declares, or where there is none and it may do without, on
// processors.
absl::StatusOr<std::unique_ptr<phi::Backend>> MakeBackend(const chains::DeploymentContext& context,
                                                          const phi::Shape& shape,
                                                          const phi::Weights& weights,
                                                          phi::BackendOptions options) {
  const absl::StatusOr<std::optional<chains::gpu::Found>> gpu = context.Gpu();
  if (!gpu.ok()) return gpu.status();
  if (!gpu->has_value()) return phi::MakeCpuBackend(shape, weights, options);
  const absl::StatusOr<const phi::cuda::BackendExport*> exported =
      (*gpu)->module->Export<phi::cuda::BackendExport>(phi::cuda::kBackendExport);
  if (!exported.ok()) return exported.status();
  options.device = (*gpu)->devices.front().index;
  return phi::cuda::MakeModuleBackend(**exported, shape, weights, options);
}

}  // namespace

absl::StatusOr<std::unique_ptr<phi::LanguageModel>> OpenModel(
    const chains::DeploymentContext& context) {
  const absl::StatusOr<std::filesystem::path> folder = context.Asset(kModelAsset);
  if (!folder.ok()) return folder.status();
  const absl::StatusOr<phi::BackendOptions> options = OptionsOf(context);
  if (!options.ok()) return options.status();
  return phi::LanguageModel::Open(*folder,
                                  [&](const phi::Shape& shape, const phi::Weights& weights) {
                                    return MakeBackend(context, shape, weights, *options);
                                  });
}

chains::Task<PhiLlmResponse> PhiLlmOnEngine::RunRemote(PhiLlmRequest request) {
  phi::Prompt prompt = co_await ToPrompt(request, model_.tokenizer(), model_.config(), AnySeed());
  PhiLlmResponse response;
  response.set_prompt_tokens(static_cast<int32_t>(prompt.tokens.size()));
  AnswerText text(Chats(model_.tokenizer()));
  int32_t tokens = 0;
  chains::Stream<phi::Piece> pieces = model_.engine().Generate(std::move(prompt));
  while (std::optional<phi::Piece> piece = co_await pieces.Next()) {
    response.mutable_result()->append(text.Take(std::move(piece->text)));
    tokens += piece->tokens;
    if (piece->finish != phi::Finish::kNone) response.set_finish_reason(ReasonOf(piece->finish));
  }
  response.set_completion_tokens(tokens);
  co_return response;
}

chains::Stream<PhiLlmToken> PhiLlmOnEngine::Generate(PhiLlmRequest request) {
  phi::Prompt prompt = co_await ToPrompt(request, model_.tokenizer(), model_.config(), AnySeed());
  AnswerText text(Chats(model_.tokenizer()));
  chains::Stream<phi::Piece> pieces = model_.engine().Generate(std::move(prompt));
  while (std::optional<phi::Piece> piece = co_await pieces.Next()) {
    PhiLlmToken token;
    token.set_text(text.Take(std::move(piece->text)));
    if (piece->finish != phi::Finish::kNone) token.set_finish_reason(ReasonOf(piece->finish));
    co_yield std::move(token);
  }
}

}  // namespace poems
