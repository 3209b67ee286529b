#include "phi/model_files.h"

#include <bit>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <string>
#include <unistd.h>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "chains/core/text.h"
#include "chains/testing/status_matchers.h"
#include "tests/chainlets/poems/model_folder.h"
#include "tools/random_model.h"

namespace poems::phi {
namespace {

using ::chains::testing::IsOk;
using ::chains::testing::StatusIs;
using ::testing::AllOf;
using ::testing::HasSubstr;

// The numbers of a tensor.
std::vector<float> Numbers(const Tensor& tensor) {
  std::vector<float> numbers(static_cast<size_t>(tensor.rows * tensor.columns));
  for (size_t i = 0; i < numbers.size(); ++i) {
    const char* at =
        static_cast<const char*>(tensor.data) + i * static_cast<size_t>(BytesOf(tensor.dtype));
    uint32_t bits = 0;
    std::memcpy(&bits, at, static_cast<size_t>(BytesOf(tensor.dtype)));
    if (tensor.dtype == DType::kBf16) bits <<= 16;
    if (tensor.dtype == DType::kF16) {
      const uint32_t magnitude = bits & 0x7fff;
      bits = (bits & 0x8000) << 16 | (magnitude == 0 ? 0 : (magnitude << 13) + (112U << 23));
    }
    numbers[i] = std::bit_cast<float>(bits);
  }
  return numbers;
}

ModelFiles Written(const RandomModel& model, const ModelFolder& folder) {
  EXPECT_THAT(WriteRandomModel(model, folder.path()), IsOk());
  auto files = ModelFiles::Open(folder.path());
  EXPECT_THAT(files, IsOk());
  return *std::move(files);
}

TEST(ModelFiles, GivesEveryTensorItsShape) {
  const ModelFolder folder;
  const RandomModel model = {.vocab = 300,
                             .hidden = 48,
                             .layers = 3,
                             .heads = 6,
                             .kv_heads = 2,
                             .head_dim = 10,
                             .intermediate = 40};
  const ModelFiles files = Written(model, folder);
  const Weights weights = files.weights();
  const auto shape = [](const Tensor& tensor) { return std::pair(tensor.rows, tensor.columns); };
  EXPECT_EQ(shape(weights.embedding), std::pair(int64_t{300}, int64_t{48}));
  EXPECT_EQ(shape(weights.head), std::pair(int64_t{300}, int64_t{48}));
  EXPECT_EQ(shape(weights.final_norm), std::pair(int64_t{1}, int64_t{48}));
  ASSERT_EQ(weights.layer_count, 3);
  for (int i = 0; i < 3; ++i) {
    const LayerWeights& layer = weights.layers[i];
    EXPECT_EQ(shape(layer.input_norm), std::pair(int64_t{1}, int64_t{48}));
    EXPECT_EQ(shape(layer.qkv), std::pair(int64_t{100}, int64_t{48}));
    EXPECT_EQ(shape(layer.attention_output), std::pair(int64_t{48}, int64_t{60}));
    EXPECT_EQ(shape(layer.post_attention_norm), std::pair(int64_t{1}, int64_t{48}));
    EXPECT_EQ(shape(layer.gate_up), std::pair(int64_t{80}, int64_t{48}));
    EXPECT_EQ(shape(layer.down), std::pair(int64_t{48}, int64_t{40}));
  }
  EXPECT_NE(Numbers(weights.layers[0].qkv), Numbers(weights.layers[1].qkv));
  files.Prefetch();
}

TEST(ModelFiles, TypesAndShardsHoldTheSameWeights) {
  const ModelFolder f32;
  const ModelFolder f16;
  const ModelFolder bf16;
  const ModelFiles exact = Written({.dtype = DType::kF32}, f32);
  const ModelFiles half = Written({.dtype = DType::kF16, .shards = 3}, f16);
  const ModelFiles brain = Written({.dtype = DType::kBf16, .shards = 5}, bf16);
  EXPECT_TRUE(std::filesystem::exists(f16.path() / "model-00003-of-00003.safetensors"));
  EXPECT_TRUE(std::filesystem::exists(bf16.path() / "model-00005-of-00005.safetensors"));
  for (const Tensor LayerWeights::*tensor : {&LayerWeights::gate_up, &LayerWeights::input_norm}) {
    const std::vector<float> expected = Numbers(exact.weights().layers[1].*tensor);
    const std::vector<float> halves = Numbers(half.weights().layers[1].*tensor);
    const std::vector<float> brains = Numbers(brain.weights().layers[1].*tensor);
    ASSERT_EQ(expected.size(), halves.size());
    ASSERT_EQ(expected.size(), brains.size());
    for (size_t i = 0; i < expected.size(); ++i) {
      const float size = std::abs(expected[i]);
      ASSERT_NEAR(halves[i], expected[i], size / 2048 + 7e-5F) << i;
      ASSERT_NEAR(brains[i], expected[i], size / 256) << i;
    }
  }
}

TEST(ModelFiles, ATiedHeadIsTheEmbedding) {
  const ModelFolder folder;
  const ModelFiles files = Written({.tied = true}, folder);
  EXPECT_EQ(files.weights().head.data, files.weights().embedding.data);
  EXPECT_NE(files.weights().head.data, nullptr);
}

TEST(ModelFiles, AHeadThatATiedModelStoresAnywayIsIgnored) {
  const ModelFolder folder;
  ASSERT_THAT(WriteRandomModel({}, folder.path()), IsOk());
  folder.Edit("config.json", "\"tie_word_embeddings\": false", "\"tie_word_embeddings\": true");
  const auto files = ModelFiles::Open(folder.path());
  ASSERT_THAT(files, IsOk());
  EXPECT_EQ(files->weights().head.data, files->weights().embedding.data);
}

TEST(ModelFiles, WeightsStayWhereTheyAreWhenTheObjectMoves) {
  const ModelFolder folder;
  ModelFiles files = Written({}, folder);
  const Weights before = files.weights();
  const ModelFiles moved = std::move(files);
  EXPECT_EQ(moved.weights().layers, before.layers);
  EXPECT_EQ(moved.weights().embedding.data, before.embedding.data);
}

int64_t ResidentBytes() {
  std::ifstream file("/proc/self/statm");
  int64_t size = 0;
  int64_t resident = 0;
  file >> size >> resident;
  return resident * sysconf(_SC_PAGESIZE);
}

TEST(ModelFiles, LoadsTheFullShapeOfPhi3MiniWithoutReadingIt) {
  const ModelFolder folder;
  RandomModel model = *RandomModelLike("phi-3-mini-4k");
  model.sparse = true;
  const int64_t before = ResidentBytes();
  const ModelFiles files = Written(model, folder);
  const Weights weights = files.weights();
  // 3,821,079,552 parameters of two bytes, and the header.
  EXPECT_GT(std::filesystem::file_size(folder.path() / "model.safetensors"), 7'642'159'104U);
  EXPECT_EQ(weights.layer_count, 32);
  EXPECT_EQ(weights.head.rows, 32064);
  EXPECT_EQ(weights.layers[31].qkv.rows, 9216);
  EXPECT_EQ(weights.layers[31].gate_up.rows, 16384);
  EXPECT_EQ(weights.layers[31].down.columns, 8192);
  // The last number of the file can be read.
  const auto* head = static_cast<const uint16_t*>(weights.head.data);
  EXPECT_EQ(head[int64_t{32064} * 3072 - 1], 0);
  EXPECT_LT(ResidentBytes() - before, 32 << 20);
}

// A model in whose files one thing is changed.
class ModelFilesRefusal : public ::testing::Test {
 protected:
  void Write(const RandomModel& model) {
    ASSERT_THAT(WriteRandomModel(model, folder_.path()), IsOk());
  }
  // In the header, whose length is kept right.
  void Edit(std::string_view from, std::string_view to, size_t alignment = 64) {
    std::string file = folder_.Read("model.safetensors");
    uint64_t length = 0;
    std::memcpy(&length, file.data(), sizeof(length));
    std::string header = file.substr(sizeof(length), length);
    const size_t at = header.find(from);
    ASSERT_NE(at, header.npos) << from;
    header.replace(at, from.size(), to);
    header.resize(header.find_last_not_of(' ') + 1);
    while ((header.size() + sizeof(length)) % 64 != alignment % 64) header += ' ';
    const std::string data = file.substr(sizeof(length) + length);
    length = header.size();
    std::memcpy(file.data(), &length, sizeof(length));
    folder_.Write("model.safetensors", file.substr(0, sizeof(length)) + header + data);
  }
  void EditIndex(std::string_view from, std::string_view to) {
    folder_.Edit("model.safetensors.index.json", from, to);
  }
  void ExpectRefused(std::string_view file, std::string_view problem) {
    EXPECT_THAT(ModelFiles::Open(folder_.path()),
                StatusIs(absl::StatusCode::kInvalidArgument,
                         AllOf(HasSubstr((folder_.path() / file).string()),
                               HasSubstr(std::string(problem)))));
  }

  ModelFolder folder_;
};

TEST_F(ModelFilesRefusal, NoWeights) {
  Write({});
  std::filesystem::remove(folder_.path() / "model.safetensors");
  EXPECT_THAT(ModelFiles::Open(folder_.path()),
              StatusIs(absl::StatusCode::kNotFound,
                       HasSubstr("neither model.safetensors nor model.safetensors.index.json")));
}

TEST_F(ModelFilesRefusal, NoConfig) {
  EXPECT_THAT(ModelFiles::Open(folder_.path()),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("config.json")));
}

TEST_F(ModelFilesRefusal, ATensorThatIsMissing) {
  Write({.tied = true});
  folder_.Edit("config.json", "\"tie_word_embeddings\": true", "\"tie_word_embeddings\": false");
  EXPECT_THAT(ModelFiles::Open(folder_.path()),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       chains::Text(folder_.path().string(),
                                    ": tensor lm_head.weight: is missing from the model's files")));
}

TEST_F(ModelFilesRefusal, ATensorThatNoSuchModelHas) {
  Write({});
  Edit("layers.1.mlp.down_proj.weight", "layers.1.mlp.down_proj.biases");
  ExpectRefused("model.safetensors",
                "tensor model.layers.1.mlp.down_proj.biases: does not belong to the model that "
                "config.json describes (phi3, 2 layers, no biases)");
}

TEST_F(ModelFilesRefusal, NotTheRotaryBuffersOfEarlyReleases) {
  Write({});
  Edit("{\"__metadata__\"",
       "{\"model.layers.0.self_attn.rotary_emb.inv_freq\":"
       "{\"dtype\":\"F64\",\"shape\":[0],\"data_offsets\":[0,0]},\"__metadata__\"");
  EXPECT_THAT(ModelFiles::Open(folder_.path()), IsOk());
}

TEST_F(ModelFilesRefusal, MoreLayersThanTheConfigSays) {
  Write({.layers = 3});
  folder_.Edit("config.json", "\"num_hidden_layers\": 3", "\"num_hidden_layers\": 2");
  ExpectRefused("model.safetensors",
                "tensor model.layers.2.input_layernorm.weight: does not belong");
}

TEST_F(ModelFilesRefusal, AnotherShape) {
  Write({});
  Edit("\"shape\":[192,64]", "\"shape\":[64,192]");
  ExpectRefused("model.safetensors",
                "gate_up_proj.weight: has shape [64, 192]; config.json makes it [192, 64]");
}

TEST_F(ModelFilesRefusal, AVectorWithTwoDimensions) {
  Write({});
  Edit("\"shape\":[64]", "\"shape\":[1,64]");
  ExpectRefused("model.safetensors", "has shape [1, 64]; config.json makes it [64]");
}

TEST_F(ModelFilesRefusal, AnotherType) {
  Write({.dtype = DType::kF16});
  Edit("\"F16\"", "\"I16\"");
  ExpectRefused("model.safetensors",
                "tensor model.embed_tokens.weight: has dtype I16; weights must be BF16, F16 or F32 "
                "(quantized models are not supported)");
}

TEST_F(ModelFilesRefusal, ATensorThatIsNotAligned) {
  Write({.dtype = DType::kF32});
  Edit("\"format\"", "\"format\"", 62);
  ExpectRefused("model.safetensors", "which is not aligned to its elements");
}

TEST_F(ModelFilesRefusal, AFileThatIsTruncated) {
  Write({});
  std::filesystem::resize_file(folder_.path() / "model.safetensors", 5000);
  ExpectRefused("model.safetensors", "it is truncated");
}

TEST_F(ModelFilesRefusal, AShardThatIsMissing) {
  Write({.shards = 2});
  std::filesystem::remove(folder_.path() / "model-00002-of-00002.safetensors");
  EXPECT_THAT(ModelFiles::Open(folder_.path()),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("model-00002-of-00002.safetensors")));
}

TEST_F(ModelFilesRefusal, AnIndexThatLeadsOutOfTheFolder) {
  for (const std::string_view name :
       {"../x.safetensors", "/x.safetensors", "a\\\\x.safetensors", ".safetensors", "x.bin"}) {
    Write({.shards = 2});
    EditIndex("model-00001-of-00002.safetensors", name);
    ExpectRefused("model.safetensors.index.json",
                  "must be the name of a .safetensors file in the same folder");
  }
}

TEST_F(ModelFilesRefusal, AnIndexWithoutAMap) {
  Write({.shards = 2});
  EditIndex("weight_map", "weight_mop");
  ExpectRefused("model.safetensors.index.json", "weight_map is missing or empty");
}

TEST_F(ModelFilesRefusal, AnIndexThatNamesTheWrongShard) {
  Write({.shards = 2});
  EditIndex("\"model.norm.weight\": \"model-00002", "\"model.norm.weight\": \"model-00001");
  ExpectRefused("model-00002-of-00002.safetensors",
                "tensor model.norm.weight: model.safetensors.index.json does not name this file");
}

TEST_F(ModelFilesRefusal, AnIndexThatNamesATensorWhichIsNotThere) {
  Write({.shards = 2});
  EditIndex("\"model.norm.weight\"",
            "\"more\": \"model-00001-of-00002.safetensors\", \"model.norm.weight\"");
  ExpectRefused("model-00001-of-00002.safetensors",
                "tensor more: is missing, though model.safetensors.index.json names this file");
}

TEST_F(ModelFilesRefusal, AShardWithATensorThatTheIndexDoesNotName) {
  Write({.shards = 2});
  EditIndex("\"model.embed_tokens.weight\": \"model-00001-of-00002.safetensors\",", "");
  ExpectRefused("model-00001-of-00002.safetensors",
                "tensor model.embed_tokens.weight: model.safetensors.index.json does not name");
}

TEST(RandomModel, RefusesShapesThatNoModelHas) {
  const ModelFolder folder;
  EXPECT_THAT(WriteRandomModel({.layers = 0}, folder.path()),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("a size of 0")));
  EXPECT_THAT(WriteRandomModel({.heads = 4, .kv_heads = 3}, folder.path()),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("must be a multiple of 3")));
  EXPECT_THAT(WriteRandomModel({}, "/proc/none/model"),
              StatusIs(absl::StatusCode::kUnknown, HasSubstr("/proc/none/model")));
}

TEST(RandomModel, IsTheSameForTheSameSeed) {
  const ModelFolder a;
  const ModelFolder b;
  const ModelFolder c;
  ASSERT_THAT(WriteRandomModel({}, a.path()), IsOk());
  ASSERT_THAT(WriteRandomModel({}, b.path()), IsOk());
  ASSERT_THAT(WriteRandomModel({.seed = 2}, c.path()), IsOk());
  EXPECT_EQ(a.Read("model.safetensors"), b.Read("model.safetensors"));
  EXPECT_NE(a.Read("model.safetensors"), c.Read("model.safetensors"));
}

TEST(RandomModel, ALongRopeModelIsRead) {
  const ModelFolder folder;
  const ModelFiles files = Written({.max_positions = 1024,
                                    .original_max_positions = 128,
                                    .sliding_window = 100,
                                    .partial_rotary_factor = 0.5},
                                   folder);
  EXPECT_EQ(files.config().original_max_positions(), 128);
  EXPECT_EQ(files.config().shape().rotary_dim, 8);
  EXPECT_EQ(files.config().shape().sliding_window, 100);
  EXPECT_GT(files.config().shape().long_rotary.scale, 1);
}

}  // namespace
}  // namespace poems::phi
