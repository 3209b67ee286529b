#include "phi/config.h"

#include <cmath>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_replace.h"
#include "chains/core/text.h"
#include "chains/testing/status_matchers.h"
#include "tests/chainlets/poems/model_folder.h"

namespace poems::phi {
namespace {

using ::chains::testing::IsOk;
using ::chains::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StrEq;

// The values of microsoft/Phi-3-mini-4k-instruct.
constexpr std::string_view kMini4k = R"({
  "_name_or_path": "Phi-3-mini-4k-instruct",
  "architectures": ["Phi3ForCausalLM"],
  "attention_bias": false,
  "attention_dropout": 0.0,
  "auto_map": {"AutoConfig": "configuration_phi3.Phi3Config"},
  "bos_token_id": 1,
  "embd_pdrop": 0.0,
  "eos_token_id": 32000,
  "hidden_act": "silu",
  "hidden_size": 3072,
  "initializer_range": 0.02,
  "intermediate_size": 8192,
  "max_position_embeddings": 4096,
  "model_type": "phi3",
  "num_attention_heads": 32,
  "num_hidden_layers": 32,
  "num_key_value_heads": 32,
  "original_max_position_embeddings": 4096,
  "pad_token_id": 32000,
  "resid_pdrop": 0.0,
  "rms_norm_eps": 1e-05,
  "rope_scaling": null,
  "rope_theta": 10000.0,
  "sliding_window": 2047,
  "tie_word_embeddings": false,
  "torch_dtype": "bfloat16",
  "transformers_version": "4.40.2",
  "use_cache": true,
  "vocab_size": 32064
})";

std::string With(std::string_view from, std::string_view to) {
  return absl::StrReplaceAll(chains::ToAbsl(kMini4k), {{chains::ToAbsl(from), chains::ToAbsl(to)}});
}

absl::StatusOr<ModelConfig> Parsed(std::string_view json) {
  return ModelConfig::Parse(json, "m/config.json");
}

TEST(Config, ReadsThatOfPhi3Mini4k) {
  const auto config = Parsed(kMini4k);
  ASSERT_THAT(config, IsOk());
  const Shape shape = config->shape();
  EXPECT_EQ(shape.vocab, 32064);
  EXPECT_EQ(shape.hidden, 3072);
  EXPECT_EQ(shape.layers, 32);
  EXPECT_EQ(shape.heads, 32);
  EXPECT_EQ(shape.kv_heads, 32);
  EXPECT_EQ(shape.head_dim, 96);
  EXPECT_EQ(shape.rotary_dim, 96);
  EXPECT_EQ(shape.intermediate, 8192);
  EXPECT_EQ(shape.max_positions, 4096);
  EXPECT_EQ(shape.sliding_window, 2047);
  EXPECT_FLOAT_EQ(shape.norm_epsilon, 1e-5F);
  EXPECT_FALSE(config->tie_word_embeddings());
  EXPECT_EQ(config->original_max_positions(), 4096);
  EXPECT_EQ(config->begin_token(), 1);
  EXPECT_THAT(config->end_tokens(), ElementsAre(32000));
}

TEST(Config, FrequenciesFallByPowersOfTheta) {
  const auto config = Parsed(kMini4k);
  ASSERT_THAT(config, IsOk());
  const Shape shape = config->shape();
  for (int i = 0; i < 48; ++i) {
    const double expected = std::pow(10000.0, -i / 48.0);
    EXPECT_NEAR(shape.short_rotary.frequencies[i], expected, expected * 1e-7) << i;
    EXPECT_EQ(shape.long_rotary.frequencies[i], shape.short_rotary.frequencies[i]) << i;
  }
  EXPECT_EQ(shape.short_rotary.scale, 1);
}

TEST(Config, AMovedConfigKeepsItsFrequencies) {
  auto config = Parsed(kMini4k);
  ASSERT_THAT(config, IsOk());
  const float* before = config->shape().short_rotary.frequencies;
  const ModelConfig moved = *std::move(config);
  EXPECT_EQ(moved.shape().short_rotary.frequencies, before);
  EXPECT_EQ(moved.shape().short_rotary.frequencies[0], 1);
}

// With heads of 8, so that factors fit a line.
std::string LongRope(std::string_view scaling) {
  return absl::StrReplaceAll(
      kMini4k.data(), {{"\"hidden_size\": 3072", "\"hidden_size\": 256"},
                       {"\"max_position_embeddings\": 4096", "\"max_position_embeddings\": 131072"},
                       {"\"sliding_window\": 2047", "\"sliding_window\": 262144"},
                       {"\"rope_scaling\": null", chains::Text("\"rope_scaling\": ", scaling)}});
}

class LongRopeNames : public ::testing::TestWithParam<std::string> {};

TEST_P(LongRopeNames, ReadsThatOfPhi3Mini128k) {
  const auto config = Parsed(LongRope(chains::Text(
      "{", GetParam(), R"(, "short_factor": [1, 1.25, 1.5, 2], "long_factor": [1, 4, 16, 64]})")));
  ASSERT_THAT(config, IsOk());
  const Shape shape = config->shape();
  EXPECT_EQ(shape.max_positions, 131072);
  EXPECT_EQ(config->original_max_positions(), 4096);
  EXPECT_EQ(shape.sliding_window, 0) << "a window that holds every position is none";
  EXPECT_EQ(shape.rotary_dim, 8);
  const std::vector<double> short_factors = {1, 1.25, 1.5, 2};
  const std::vector<double> long_factors = {1, 4, 16, 64};
  for (size_t i = 0; i < 4; ++i) {
    const double frequency = std::pow(10.0, -static_cast<double>(i));
    EXPECT_FLOAT_EQ(shape.short_rotary.frequencies[i], frequency / short_factors[i]) << i;
    EXPECT_FLOAT_EQ(shape.long_rotary.frequencies[i], frequency / long_factors[i]) << i;
  }
  // sqrt(1 + ln(131072 / 4096) / ln(4096)): 32 is 2^5, 4096 is 2^12.
  EXPECT_FLOAT_EQ(shape.short_rotary.scale, std::sqrt(1 + 5.0 / 12.0));
  EXPECT_FLOAT_EQ(shape.long_rotary.scale, std::sqrt(1 + 5.0 / 12.0));
}

INSTANTIATE_TEST_SUITE_P(All, LongRopeNames,
                         ::testing::Values(R"("type": "longrope")", R"("type": "su")",
                                           R"("rope_type": "longrope")",
                                           R"("type": "su", "rope_type": "longrope")"),
                         [](const auto& info) { return "Name" + std::to_string(info.index); });

TEST(Config, ReadsTheNewerNamesOfRotaryKeys) {
  const std::string json = absl::StrReplaceAll(
      LongRope("null"), {{"\"rope_theta\": 10000.0", R"("rope_parameters": {"rope_type": "longrope",
        "rope_theta": 100.0, "partial_rotary_factor": 0.5, "attention_factor": 1.25,
        "short_factor": [1, 2], "long_factor": [1, 8],
        "original_max_position_embeddings": 8192})"},
                         {"\"original_max_position_embeddings\": 4096,", ""}});
  const auto config = Parsed(json);
  ASSERT_THAT(config, IsOk());
  const Shape shape = config->shape();
  EXPECT_EQ(shape.rotary_dim, 4);
  EXPECT_EQ(config->original_max_positions(), 8192);
  EXPECT_FLOAT_EQ(shape.long_rotary.scale, 1.25F);
  EXPECT_FLOAT_EQ(shape.short_rotary.frequencies[1], 0.1F / 2);
  EXPECT_FLOAT_EQ(shape.long_rotary.frequencies[1], 0.1F / 8);
}

TEST(Config, ModelsMayDifferInWhatIsOptional) {
  const auto config = Parsed(absl::StrReplaceAll(
      kMini4k.data(), {{"\"num_key_value_heads\": 32", "\"num_key_value_heads\": null"},
                       {"\"sliding_window\": 2047", "\"sliding_window\": null"},
                       {"\"bos_token_id\": 1", "\"bos_token_id\": null"},
                       {"\"eos_token_id\": 32000", "\"eos_token_id\": [32000, 32007]"},
                       {"\"tie_word_embeddings\": false", "\"tie_word_embeddings\": true"},
                       {"\"use_cache\": true", "\"head_dim\": 128"}}));
  ASSERT_THAT(config, IsOk());
  EXPECT_EQ(config->shape().kv_heads, 32);
  EXPECT_EQ(config->shape().sliding_window, 0);
  EXPECT_EQ(config->shape().head_dim, 128);
  EXPECT_EQ(config->begin_token(), -1);
  EXPECT_THAT(config->end_tokens(), ElementsAre(32000, 32007));
  EXPECT_TRUE(config->tie_word_embeddings());
  EXPECT_THAT(Parsed(With("\"eos_token_id\": 32000", "\"eos_token_id\": null"))->end_tokens(),
              IsEmpty());
}

TEST(Config, ReadsAFileAndNamesOneThatIsMissing) {
  const ModelFolder folder;
  folder.Write("config.json", kMini4k);
  EXPECT_THAT(ModelConfig::Read(folder.path() / "config.json"), IsOk());
  EXPECT_THAT(ModelConfig::Read(folder.path() / "none.json"),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("none.json")));
  EXPECT_THAT(ModelConfig::Read(folder.path()),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("is no regular file")));
  folder.Write("big.json", std::string((1 << 20) + 1, ' '));
  EXPECT_THAT(ModelConfig::Read(folder.path() / "big.json"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("has 1048577 bytes; at most 1048576 are expected of it")));
}

struct Refusal {
  const char* name;
  std::string json;
  std::string message;
};

void PrintTo(const Refusal& refusal, std::ostream* out) { *out << refusal.name; }

class ConfigRefusal : public ::testing::TestWithParam<Refusal> {};

TEST_P(ConfigRefusal, NamesTheKeyAndTheReason) {
  EXPECT_THAT(Parsed(GetParam().json), StatusIs(absl::StatusCode::kInvalidArgument,
                                                StrEq("m/config.json: " + GetParam().message)));
}

std::vector<Refusal> Refusals() {
  const std::string factors = R"("short_factor": [1, 1, 1, 1], "long_factor": [1, 1, 1, 1])";
  return {
      {"NoJson", "{", "1:2: a key in double quotes is expected, the text ends"},
      {"NoObject", "[]", "1:1: an object is expected, found '['"},
      {"TwoEqualKeys", R"({"a": 1, "a": 2})", "1:10: \"a\" comes twice"},
      {"MissingKey", With("\"hidden_size\": 3072,", ""), "hidden_size is missing"},
      {"NullKey", With("\"vocab_size\": 32064", "\"vocab_size\": null"), "vocab_size is missing"},
      {"OtherModel", With("\"phi3\"", "\"llama\""),
       "model_type is \"llama\"; only phi3 is supported"},
      {"OtherActivation", With("\"silu\"", "\"gelu\""),
       "hidden_act is \"gelu\"; only silu is supported"},
      {"Bias", With("\"attention_bias\": false", "\"attention_bias\": true"),
       "attention_bias is true; the model must have no biases"},
      {"Quantized", With("\"use_cache\": true", R"("quantization_config": {"bits": 4})"),
       "quantization_config is set; weights must be BF16, F16 or F32, not quantized"},
      {"Zero", With("\"num_hidden_layers\": 32", "\"num_hidden_layers\": 0"),
       "num_hidden_layers must be an integer from 1 to 1024, not 0"},
      {"TooLarge", With("\"hidden_size\": 3072", "\"hidden_size\": 99999999999999999999"),
       "hidden_size must be an integer from 1 to 1048576, not 99999999999999999999"},
      {"NoInteger", With("\"hidden_size\": 3072", "\"hidden_size\": \"wide\""),
       "hidden_size must be an integer from 1 to 1048576, not \"wide\""},
      {"OddHeads", With("\"num_key_value_heads\": 32", "\"num_key_value_heads\": 5"),
       "num_attention_heads is 32, no multiple of num_key_value_heads, 5"},
      {"OddWidth", With("\"hidden_size\": 3072", "\"hidden_size\": 3073"),
       "hidden_size is 3073, no multiple of num_attention_heads, 32"},
      {"LargeHeads", With("\"hidden_size\": 3072", "\"hidden_size\": 65536"),
       "hidden_size makes heads of 2048 elements; at most 1024 are supported"},
      {"Epsilon", With("1e-05", "0"), "rms_norm_eps must be over 0 and below 1"},
      {"EndToken", With("\"eos_token_id\": 32000", "\"eos_token_id\": 32064"),
       "eos_token_id must be an integer from 0 to 32063, not 32064"},
      {"EndTokens", With("\"eos_token_id\": 32000", "\"eos_token_id\": [1, -2]"),
       "eos_token_id must be tokens below vocab_size"},
      {"Theta", With("10000.0", "-1"), "rope_theta must be over 0, at most 1e+12"},
      {"NoNumber", With("10000.0", "\"ten\""), "rope_theta must be a number, not \"ten\""},
      {"OddPart", With("\"use_cache\": true", "\"partial_rotary_factor\": 0.56"),
       "partial_rotary_factor leaves 53 of 96 elements of a head to turn: must be even, over 0"},
      {"Tied", With("\"tie_word_embeddings\": false", "\"tie_word_embeddings\": 1"),
       "tie_word_embeddings must be true or false, not 1"},
      {"ScalingNoObject", With("\"rope_scaling\": null", "\"rope_scaling\": 2"),
       "rope_scaling: 1:1: an object is expected, found '2'"},
      {"ScalingType", LongRope(R"({"type": "linear", "factor": 2})"),
       "rope_scaling: type is \"linear\"; only longrope (su) is supported"},
      {"ScalingNoType", LongRope(chains::Text("{", factors, "}")), "rope_scaling: type is missing"},
      {"ScalingMscale", LongRope(R"({"type": "su", "long_mscale": 1.2})"),
       "rope_scaling: long_mscale is not supported"},
      {"NoFactors", LongRope(R"({"type": "su", "short_factor": [1, 1, 1, 1]})"),
       "rope_scaling: long_factor is missing"},
      {"FewFactors", LongRope(R"({"type": "su", "short_factor": [1, 1]})"),
       "rope_scaling: short_factor must have 4 elements, half of what turns in a head, not 2"},
      {"ManyFactors", LongRope(R"({"type": "su", "short_factor": [1, 1, 1, 1, 1]})"),
       "rope_scaling: short_factor must have at most 4 elements, not 5"},
      {"ZeroFactor", LongRope(R"({"type": "su", "short_factor": [1, 1, 0, 1]})"),
       "rope_scaling: short_factor must have elements from 0.000001 to 1000000"},
      {"NoFactor", LongRope(R"({"type": "su", "short_factor": [1, 1, "x", 1]})"),
       "rope_scaling: short_factor must be a list of numbers; \"x\" is none"},
      {"NoList", LongRope(R"({"type": "su", "short_factor": 1})"),
       "rope_scaling: short_factor must be a list, not 1"},
      {"AttentionFactor",
       LongRope(chains::Text(R"({"type": "su", "attention_factor": 0, )", factors, "}")),
       "rope_scaling: attention_factor must be over 0, at most 100"},
  };
}

INSTANTIATE_TEST_SUITE_P(All, ConfigRefusal, ::testing::ValuesIn(Refusals()),
                         [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace poems::phi
