// Keys, meaning and defaults are those of Phi3Config in configuration_phi3.py of
// huggingface/transformers, as in config.json of microsoft/Phi-3-mini-4k-instruct and
// -128k-instruct. What would change the shape and is not known here is refused by name; keys for
// training or for other programs (use_cache, torch_dtype, attention_dropout, …) are ignored.
#include "phi/config.h"

#include <array>
#include <optional>
#include <string>
#include <utility>

#include "chains/core/text.h"
#include "phi/json_object.h"
#include "phi/mapped_file.h"
#include "phi/rope.h"

namespace poems::phi {
namespace {

using chains::Text;

constexpr size_t kMaxFileBytes = size_t{1} << 20;
constexpr int64_t kMaxWidth = int64_t{1} << 20;
constexpr int64_t kMaxVocab = int64_t{1} << 24;
constexpr int64_t kMaxPositions = int64_t{1} << 24;
constexpr int64_t kMaxLayers = 1024;
constexpr int64_t kMaxHeads = 1024;
constexpr int64_t kMaxHeadDim = 1024;
constexpr size_t kMaxEndTokens = 64;

int32_t Int(JsonObject& config, std::string_view key, int64_t least, int64_t most,
            std::optional<int64_t> otherwise = {}) {
  return static_cast<int32_t>(config.Integer(key, {least, most}, otherwise));
}

void RefuseOthers(JsonObject& config) {
  if (const std::string type = config.String("model_type"); type != "phi3")
    config.Refuse("model_type", Text("is \"", type, "\"; only phi3 is supported"));
  if (const std::string act = config.String("hidden_act", "silu"); act != "silu")
    config.Refuse("hidden_act", Text("is \"", act, "\"; only silu is supported"));
  for (const std::string_view key : {"attention_bias", "mlp_bias", "lm_head_bias"})
    if (config.Bool(key, false)) config.Refuse(key, "is true; the model must have no biases");
  for (const std::string_view key : {"quantization_config", "compression_config"})
    if (config.Has(key))
      config.Refuse(key, "is set; weights must be BF16, F16 or F32, not quantized");
}

Shape ReadShape(JsonObject& config) {
  Shape shape;
  shape.vocab = Int(config, "vocab_size", 1, kMaxVocab);
  shape.hidden = Int(config, "hidden_size", 1, kMaxWidth);
  shape.layers = Int(config, "num_hidden_layers", 1, kMaxLayers);
  shape.heads = Int(config, "num_attention_heads", 1, kMaxHeads);
  shape.kv_heads = Int(config, "num_key_value_heads", 1, kMaxHeads, shape.heads);
  shape.intermediate = Int(config, "intermediate_size", 1, kMaxWidth);
  shape.max_positions = Int(config, "max_position_embeddings", 1, kMaxPositions);
  const int32_t window = Int(config, "sliding_window", 1, INT32_MAX, shape.max_positions);
  shape.sliding_window = window < shape.max_positions ? window : 0;
  const double epsilon = config.Number("rms_norm_eps");
  if (!(epsilon > 0 && epsilon < 1)) config.Refuse("rms_norm_eps", "must be over 0 and below 1");
  shape.norm_epsilon = static_cast<float>(epsilon);

  if (shape.heads % shape.kv_heads != 0)
    config.Refuse(
        "num_attention_heads",
        Text("is ", shape.heads, ", no multiple of num_key_value_heads, ", shape.kv_heads));
  if (!config.Has("head_dim") && shape.hidden % shape.heads != 0)
    config.Refuse("hidden_size",
                  Text("is ", shape.hidden, ", no multiple of num_attention_heads, ", shape.heads));
  shape.head_dim = Int(config, "head_dim", 1, kMaxHeadDim, shape.hidden / shape.heads);
  if (shape.head_dim > kMaxHeadDim)
    config.Refuse("hidden_size", Text("makes heads of ", shape.head_dim, " elements; at most ",
                                      kMaxHeadDim, " are supported"));
  return shape;
}

// A number, or a list of them.
std::vector<int32_t> ReadEndTokens(JsonObject& config, int32_t vocab) {
  constexpr std::string_view kKey = "eos_token_id";
  const auto member = config.members().find(kKey);
  if (member == config.members().end()) return {};
  if (!member->second.starts_with('[')) return {Int(config, kKey, 0, vocab - 1)};
  std::vector<int32_t> tokens;
  for (const double number : config.Numbers(kKey, kMaxEndTokens)) {
    if (!(number >= 0 && number < vocab)) config.Refuse(kKey, "must be tokens below vocab_size");
    if (!config.ok()) return {};
    tokens.push_back(static_cast<int32_t>(number));
  }
  return tokens;
}

}  // namespace

absl::StatusOr<ModelConfig> ModelConfig::Parse(std::string_view json, std::string_view where) {
  absl::StatusOr<JsonObject> object = JsonObject::Parse(json, where);
  if (!object.ok()) return object.status();
  RefuseOthers(*object);
  ModelConfig config;
  config.shape_ = ReadShape(*object);
  config.tie_word_embeddings_ = object->Bool("tie_word_embeddings", false);
  config.end_tokens_ = ReadEndTokens(*object, config.shape_.vocab);
  config.begin_token_ = Int(*object, "bos_token_id", -1, config.shape_.vocab - 1, -1);
  if (!object->ok()) return object->status();

  absl::StatusOr<Rope> rope =
      ReadRope(*object, {config.shape_.head_dim, config.shape_.max_positions});
  if (!rope.ok()) return rope.status();
  config.shape_.rotary_dim = rope->rotary_dim;
  config.original_max_positions_ = rope->original_max_positions;
  config.rotary_scale_ = rope->scale;
  config.short_frequencies_ = std::move(rope->short_frequencies);
  config.long_frequencies_ = std::move(rope->long_frequencies);
  return config;
}

absl::StatusOr<ModelConfig> ModelConfig::Read(const std::filesystem::path& file) {
  absl::StatusOr<std::string> json = ReadFile(file, kMaxFileBytes);
  if (!json.ok()) return json.status();
  return Parse(*json, file.string());
}

Shape ModelConfig::shape() const {
  Shape shape = shape_;
  shape.short_rotary = {short_frequencies_.data(), rotary_scale_};
  shape.long_rotary = {long_frequencies_.data(), rotary_scale_};
  return shape;
}

}  // namespace poems::phi
