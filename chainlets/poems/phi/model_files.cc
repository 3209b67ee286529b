// Names and shapes of tensors are those of modeling_phi3.py in huggingface/transformers; files are
// looked for as its from_pretrained does: model.safetensors first, then the index of shards.
#include "phi/model_files.h"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "chains/core/text.h"
#include "phi/mapped_file.h"
#include "phi/shard_index.h"

namespace poems::phi {
namespace {

using chains::Text;

constexpr size_t kMaxIndexBytes = size_t{64} << 20;
constexpr size_t kMaxShards = 1000;

// A tensor that the model needs, and where it is to be put.
struct Wanted {
  Tensor* into = nullptr;
  int64_t rows = 0;
  int64_t columns = 0;
  bool vector = false;  // has one dimension in the file
};

using WantedTensors = std::map<std::string, Wanted, std::less<>>;

// Where it is.
struct Found {
  const SafeTensors* file = nullptr;
  const StoredTensor* tensor = nullptr;
};

void WantLayer(const Shape& shape, const std::string& layer, LayerWeights& into,
               WantedTensors& wanted) {
  const int64_t hidden = shape.hidden;
  const int64_t queries = int64_t{shape.heads} * shape.head_dim;
  const int64_t keys = int64_t{shape.kv_heads} * shape.head_dim;
  wanted[layer + "input_layernorm.weight"] = {&into.input_norm, 1, hidden, true};
  wanted[layer + "self_attn.qkv_proj.weight"] = {&into.qkv, queries + 2 * keys, hidden};
  wanted[layer + "self_attn.o_proj.weight"] = {&into.attention_output, hidden, queries};
  wanted[layer + "post_attention_layernorm.weight"] = {&into.post_attention_norm, 1, hidden, true};
  wanted[layer + "mlp.gate_up_proj.weight"] = {&into.gate_up, 2 * int64_t{shape.intermediate},
                                               hidden};
  wanted[layer + "mlp.down_proj.weight"] = {&into.down, hidden, shape.intermediate};
}

std::string ShapeText(const std::vector<int64_t>& shape) {
  std::string text = "[";
  for (const int64_t size : shape) text += Text(text.size() > 1 ? ", " : "", size);
  return text + "]";
}

absl::Status Refuse(std::string_view file, std::string_view tensor, std::string_view problem) {
  return absl::InvalidArgumentError(Text(file, ": tensor ", tensor, ": ", problem));
}

// A buffer that early releases stored, which config.json says as well; and the head of a model that
// takes its embedding for it.
bool MayBeIgnored(std::string_view name, bool tied) {
  return name.ends_with(".rotary_emb.inv_freq") || (tied && name == "lm_head.weight");
}

absl::Status Take(const std::string& name, const Found& found, const Wanted& wanted) {
  const StoredTensor& stored = *found.tensor;
  std::optional<DType> dtype;
  if (stored.dtype == "F32") dtype = DType::kF32;
  if (stored.dtype == "F16") dtype = DType::kF16;
  if (stored.dtype == "BF16") dtype = DType::kBf16;
  if (!dtype)
    return Refuse(found.file->name(), name,
                  Text("has dtype ", stored.dtype,
                       "; weights must be BF16, F16 or F32 (quantized models are not supported)"));
  std::vector<int64_t> shape = {wanted.columns};
  if (!wanted.vector) shape.insert(shape.begin(), wanted.rows);
  if (stored.shape != shape)
    return Refuse(
        found.file->name(), name,
        Text("has shape ", ShapeText(stored.shape), "; config.json makes it ", ShapeText(shape)));
  // The mapping begins at a page, so the place in the file is what counts.
  if (stored.begin % static_cast<uint64_t>(BytesOf(*dtype)) != 0)
    return Refuse(found.file->name(), name,
                  Text("begins at byte ", stored.begin,
                       ", which is not aligned to its elements; "
                       "write the file again with a current safetensors library"));
  *wanted.into = {found.file->data(stored), *dtype, wanted.rows, wanted.columns};
  return absl::OkStatus();
}

absl::StatusOr<std::vector<SafeTensors>> OpenShards(const std::filesystem::path& folder,
                                                    const ShardIndex& index) {
  std::map<std::string, int> files;
  for (const auto& [tensor, file] : index) files.emplace(file, 0);
  if (files.size() > kMaxShards)
    return absl::InvalidArgumentError(Text(folder.string(), ": model.safetensors.index.json names ",
                                           files.size(), " files; at most ", kMaxShards,
                                           " are supported"));
  std::vector<SafeTensors> shards;
  for (const auto& [file, unused] : files) {
    absl::StatusOr<SafeTensors> shard = SafeTensors::Open(folder / file);
    if (!shard.ok()) return shard.status();
    shards.push_back(*std::move(shard));
  }
  return shards;
}

// Each shard's tensors are those that the index gives it.
absl::Status CheckIndex(const std::vector<SafeTensors>& shards, const ShardIndex& index) {
  std::map<std::string, const SafeTensors*> by_file;
  for (const SafeTensors& shard : shards) {
    const std::string file = std::filesystem::path(shard.name()).filename();
    by_file.emplace(file, &shard);
    for (const auto& [name, tensor] : shard.tensors()) {
      const auto entry = index.find(name);
      if (entry == index.end() || entry->second != file)
        return Refuse(shard.name(), name,
                      "model.safetensors.index.json does not name this file for it");
    }
  }
  for (const auto& [name, file] : index) {
    const SafeTensors& shard = *by_file.find(file)->second;
    if (shard.Find(name) == nullptr)
      return Refuse(shard.name(), name,
                    "is missing, though model.safetensors.index.json names this file");
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<SafeTensors>> OpenFiles(const std::filesystem::path& folder) {
  std::vector<SafeTensors> files;
  std::error_code ignored;
  const std::filesystem::path single = folder / "model.safetensors";
  const std::filesystem::path index_file = folder / "model.safetensors.index.json";
  if (std::filesystem::exists(single, ignored)) {
    absl::StatusOr<SafeTensors> file = SafeTensors::Open(single);
    if (!file.ok()) return file.status();
    files.push_back(*std::move(file));
    return files;
  }
  if (!std::filesystem::exists(index_file, ignored))
    return absl::NotFoundError(
        Text(folder.string(), " has neither model.safetensors nor model.safetensors.index.json"));
  absl::StatusOr<std::string> json = ReadFile(index_file, kMaxIndexBytes);
  if (!json.ok()) return json.status();
  absl::StatusOr<ShardIndex> index = ParseShardIndex(*json, index_file.string());
  if (!index.ok()) return index.status();
  absl::StatusOr<std::vector<SafeTensors>> shards = OpenShards(folder, *index);
  if (!shards.ok()) return shards.status();
  if (absl::Status status = CheckIndex(*shards, *index); !status.ok()) return status;
  return shards;
}

}  // namespace

absl::StatusOr<ModelFiles> ModelFiles::Open(const std::filesystem::path& folder) {
  absl::StatusOr<ModelConfig> config = ModelConfig::Read(folder / "config.json");
  if (!config.ok()) return config.status();
  absl::StatusOr<std::vector<SafeTensors>> shards = OpenFiles(folder);
  if (!shards.ok()) return shards.status();
  ModelFiles files(*std::move(config));
  files.shards_ = *std::move(shards);
  if (absl::Status status = files.TakeWeights(folder); !status.ok()) return status;
  return files;
}

absl::Status ModelFiles::TakeWeights(const std::filesystem::path& folder) {
  const Shape shape = config_.shape();
  const bool tied = config_.tie_word_embeddings();
  layers_.resize(static_cast<size_t>(shape.layers));
  WantedTensors wanted;
  wanted["model.embed_tokens.weight"] = {&weights_.embedding, shape.vocab, shape.hidden};
  wanted["model.norm.weight"] = {&weights_.final_norm, 1, shape.hidden, true};
  if (!tied) wanted["lm_head.weight"] = {&weights_.head, shape.vocab, shape.hidden};
  for (size_t i = 0; i < layers_.size(); ++i)
    WantLayer(shape, Text("model.layers.", i, "."), layers_[i], wanted);

  // To leave out a tensor that is there, a bias say, would compute another model than was trained.
  for (const SafeTensors& file : shards_) {
    for (const auto& [name, tensor] : file.tensors()) {
      const auto entry = wanted.find(name);
      if (entry == wanted.end()) {
        if (MayBeIgnored(name, tied)) continue;
        return Refuse(file.name(), name,
                      Text("does not belong to the model that config.json describes (phi3, ",
                           shape.layers, " layers, no biases)"));
      }
      if (absl::Status status = Take(name, {&file, &tensor}, entry->second); !status.ok())
        return status;
    }
  }
  for (const auto& [name, entry] : wanted)
    if (entry.into->data == nullptr)
      return Refuse(folder.string(), name, "is missing from the model's files");
  if (tied) weights_.head = weights_.embedding;
  weights_.layer_count = shape.layers;
  return absl::OkStatus();
}

Weights ModelFiles::weights() const {
  Weights weights = weights_;
  weights.layers = layers_.data();
  return weights;
}

void ModelFiles::Prefetch() const {
  for (const SafeTensors& shard : shards_) shard.Prefetch();
}

}  // namespace poems::phi
