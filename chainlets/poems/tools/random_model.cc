// Names and shapes of tensors and the keys of config.json are those of modeling_phi3.py and
// configuration_phi3.py in huggingface/transformers. They are written out here a second time, so
// that a test which loads what is written here checks the loader against something.
#include "tools/random_model.h"

#include <cmath>
#include <fstream>
#include <string>
#include <system_error>
#include <vector>

#include "chains/core/text.h"
#include "tools/random_weights.h"

namespace poems::phi {
namespace {

using chains::Text;

constexpr int32_t kFirstSpecial = 256;
constexpr std::string_view kSpecials[] = {"<|endoftext|>", "<|assistant|>", "<|system|>", "<|end|>",
                                          "<|user|>"};
constexpr int32_t kSpecialCount = 5;

bool HasTokens(const RandomModel& model) { return model.vocab >= kFirstSpecial + kSpecialCount; }

int32_t HeadDim(const RandomModel& model) {
  return model.head_dim > 0 ? model.head_dim : model.hidden / model.heads;
}

// Keeps the size of what it multiplies, as a trained one does more or less.
RandomTensor Linear(std::string name, int64_t rows, int64_t columns) {
  return {std::move(name), {rows, columns}, 0, std::sqrt(3.0F / static_cast<float>(columns))};
}

RandomTensor Norm(std::string name, int64_t size) { return {std::move(name), {size}, 1, 0.25F}; }

std::vector<RandomTensor> TensorsOf(const RandomModel& model) {
  const int64_t queries = int64_t{model.heads} * HeadDim(model);
  const int64_t keys = int64_t{model.kv_heads} * HeadDim(model);
  std::vector<RandomTensor> tensors;
  tensors.push_back({"model.embed_tokens.weight", {model.vocab, model.hidden}, 0, 1});
  for (int32_t i = 0; i < model.layers; ++i) {
    const std::string layer = Text("model.layers.", i, ".");
    tensors.push_back(Norm(layer + "input_layernorm.weight", model.hidden));
    tensors.push_back(
        Linear(layer + "self_attn.qkv_proj.weight", queries + 2 * keys, model.hidden));
    tensors.push_back(Linear(layer + "self_attn.o_proj.weight", model.hidden, queries));
    tensors.push_back(Norm(layer + "post_attention_layernorm.weight", model.hidden));
    tensors.push_back(
        Linear(layer + "mlp.gate_up_proj.weight", 2 * int64_t{model.intermediate}, model.hidden));
    tensors.push_back(Linear(layer + "mlp.down_proj.weight", model.hidden, model.intermediate));
  }
  tensors.push_back(Norm("model.norm.weight", model.hidden));
  if (!model.tied) tensors.push_back(Linear("lm_head.weight", model.vocab, model.hidden));
  return tensors;
}

std::string Factors(int32_t count, double step) {
  std::string list;
  for (int32_t i = 0; i < count; ++i) list += Text(i > 0 ? ", " : "", 1 + step * i);
  return list;
}

std::string RopeScaling(const RandomModel& model) {
  if (model.original_max_positions == 0) return "null";
  const int32_t count = static_cast<int32_t>(HeadDim(model) * model.partial_rotary_factor) / 2;
  return Text(R"({"type": "longrope", "short_factor": [)", Factors(count, 0.0625),
              R"(], "long_factor": [)", Factors(count, 0.5), "]}");
}

std::string Config(const RandomModel& model) {
  const std::string dtype = model.dtype == DType::kF32   ? "float32"
                            : model.dtype == DType::kF16 ? "float16"
                                                         : "bfloat16";
  const int32_t original =
      model.original_max_positions > 0 ? model.original_max_positions : model.max_positions;
  const std::string end = HasTokens(model) ? Text(kFirstSpecial) : "null";
  const std::string window = model.sliding_window > 0 ? Text(model.sliding_window) : "null";
  std::string json = Text(R"({
  "architectures": ["Phi3ForCausalLM"],
  "model_type": "phi3",
  "attention_bias": false,
  "bos_token_id": null,
  "eos_token_id": )",
                          end, R"(,
  "hidden_act": "silu",
  "hidden_size": )",
                          model.hidden, R"(,
  "intermediate_size": )",
                          model.intermediate, R"(,
  "max_position_embeddings": )",
                          model.max_positions, R"(,
  "num_attention_heads": )",
                          model.heads, R"(,
  "num_hidden_layers": )",
                          model.layers, R"(,
  "num_key_value_heads": )",
                          model.kv_heads, R"(,
  "original_max_position_embeddings": )",
                          original);
  json += Text(R"(,
  "partial_rotary_factor": )",
               model.partial_rotary_factor, R"(,
  "rms_norm_eps": 1e-05,
  "rope_scaling": )",
               RopeScaling(model), R"(,
  "rope_theta": 10000.0,
  "sliding_window": )",
               window, R"(,
  "tie_word_embeddings": )",
               model.tied ? "true" : "false", R"(,
  "torch_dtype": ")",
               dtype, R"(",
  "vocab_size": )",
               model.vocab);
  if (model.head_dim > 0) json += Text(",\n  \"head_dim\": ", model.head_dim);
  return json + "\n}\n";
}

std::string AddedTokens() {
  std::string json = "{";
  int32_t token = kFirstSpecial;
  for (const std::string_view name : kSpecials)
    json += Text(json.size() > 1 ? ", " : "", "\"", name, "\": ", token++);
  return json + "}\n";
}

absl::Status WriteText(const std::filesystem::path& file, const std::string& text) {
  std::ofstream out(file, std::ios::binary | std::ios::trunc);
  out << text;
  out.close();
  if (out) return absl::OkStatus();
  return absl::UnknownError(Text("cannot write ", file.string(), "; is there room, and may you?"));
}

std::string ShardName(size_t shard, size_t count) {
  const auto padded = [](size_t number) {
    const std::string digits = Text(number);
    return std::string(digits.size() < 5 ? 5 - digits.size() : 0, '0') + digits;
  };
  return Text("model-", padded(shard + 1), "-of-", padded(count), ".safetensors");
}

// Into parts of about as many elements each; fewer where there are not so many tensors.
std::vector<std::vector<RandomTensor>> Cut(const std::vector<RandomTensor>& tensors, size_t count) {
  int64_t total = 0;
  for (const RandomTensor& tensor : tensors) total += tensor.size();
  std::vector<std::vector<RandomTensor>> parts(1);
  int64_t before = 0;
  for (const RandomTensor& tensor : tensors) {
    const bool full =
        before * static_cast<int64_t>(count) >= total * static_cast<int64_t>(parts.size());
    if (full && parts.size() < count) parts.emplace_back();
    parts.back().push_back(tensor);
    before += tensor.size();
  }
  return parts;
}

absl::Status WriteShards(const RandomModel& model, const std::filesystem::path& folder) {
  const RandomWeights weights = {model.dtype, model.seed, model.sparse};
  const std::vector<RandomTensor> tensors = TensorsOf(model);
  const auto parts = Cut(tensors, static_cast<size_t>(model.shards));
  if (parts.size() == 1) return WriteRandomTensors(tensors, weights, folder / "model.safetensors");
  std::string map;
  int64_t bytes = 0;
  for (size_t i = 0; i < parts.size(); ++i) {
    const std::string name = ShardName(i, parts.size());
    if (absl::Status status = WriteRandomTensors(parts[i], weights, folder / name); !status.ok())
      return status;
    for (const RandomTensor& tensor : parts[i]) {
      map += Text(map.empty() ? "" : ",", "\n    \"", tensor.name, "\": \"", name, "\"");
      bytes += tensor.size() * BytesOf(model.dtype);
    }
  }
  return WriteText(folder / "model.safetensors.index.json",
                   Text("{\n  \"metadata\": {\"total_size\": ", bytes, "},\n  \"weight_map\": {",
                        map, "\n  }\n}\n"));
}

absl::Status Check(const RandomModel& model) {
  for (const int32_t size : {model.vocab, model.hidden, model.layers, model.heads, model.kv_heads,
                             model.intermediate, model.max_positions, model.shards})
    if (size < 1 || size > 1 << 24)
      return absl::InvalidArgumentError(Text("a size of ", size, "; they go from 1 to ", 1 << 24));
  if (model.heads % model.kv_heads != 0 || (model.head_dim == 0 && model.hidden % model.heads != 0))
    return absl::InvalidArgumentError(
        Text(model.heads, " heads must be a multiple of ", model.kv_heads,
             " key heads, and without head_dim a divisor of hidden, ", model.hidden));
  return absl::OkStatus();
}

}  // namespace

std::optional<RandomModel> RandomModelLike(std::string_view name) {
  RandomModel model;
  if (name == "tiny") return model;
  model = {.vocab = 32064,
           .hidden = 3072,
           .layers = 32,
           .heads = 32,
           .kv_heads = 32,
           .intermediate = 8192,
           .max_positions = 4096,
           .sliding_window = 2047};
  if (name == "phi-3-mini-4k") return model;
  model.max_positions = 131072;
  model.original_max_positions = 4096;
  model.sliding_window = 262144;
  if (name == "phi-3-mini-128k") return model;
  model = {.vocab = 32064,
           .hidden = 2048,
           .layers = 6,
           .heads = 16,
           .kv_heads = 16,
           .intermediate = 8192,
           .max_positions = 4096};
  if (name == "gigabyte") return model;
  return std::nullopt;
}

absl::Status WriteRandomModel(const RandomModel& model, const std::filesystem::path& folder) {
  if (absl::Status status = Check(model); !status.ok()) return status;
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error)
    return absl::UnknownError(Text("cannot make ", folder.string(), ": ", error.message()));
  // Whichever of the two a model had before would be read instead of, or beside, the other.
  for (const char* name : {"model.safetensors", "model.safetensors.index.json"})
    std::filesystem::remove(folder / name, error);
  absl::Status status = WriteText(folder / "config.json", Config(model));
  if (status.ok() && HasTokens(model))
    status = WriteText(folder / "added_tokens.json", AddedTokens());
  if (status.ok()) status = WriteShards(model, folder);
  return status;
}

}  // namespace poems::phi
