// The model that ships, against what torch computes with it (chainlets/poems/train/golden.py).
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "backend_suite.h"
#include "chains/testing/status_matchers.h"
#include "phi/cpu/cpu_backend.h"
#include "phi/json_object.h"
#include "phi/model_files.h"
#include "phi/tokenizer.h"
#include "reference.h"

namespace poems::phi {
namespace {

using ::chains::testing::IsOk;
using ::chains::testing::IsOkAndHolds;
using ::testing::SizeIs;

struct Poem {
  std::string request;
  std::string text;
  std::vector<int32_t> tokens;
  double smallest_margin = 0;
};

struct Golden {
  std::string request;
  std::vector<int32_t> prompt;
  std::vector<int32_t> of_tokens;
  std::vector<double> logits;  // after the prompt, of these tokens
  std::vector<Poem> poems;
};

std::vector<int32_t> Tokens(JsonObject& object, std::string_view key) {
  const std::vector<double> numbers = object.Numbers(key, 1000);
  return {numbers.begin(), numbers.end()};
}

Golden ReadGolden() {
  std::ostringstream text;
  text << std::ifstream(GOLDEN_MODEL).rdbuf();
  const std::string json = text.str();
  JsonObject object = *JsonObject::Parse(json, GOLDEN_MODEL);
  Golden golden{.request = object.String("request"),
                .prompt = Tokens(object, "prompt"),
                .of_tokens = Tokens(object, "of_tokens"),
                .logits = object.Numbers("logits", 1000),
                .poems = {}};
  for (const std::string_view element : object.Elements("poems")) {
    JsonObject poem = *JsonObject::Parse(element, GOLDEN_MODEL);
    golden.poems.push_back({.request = poem.String("request"),
                            .text = poem.String("text"),
                            .tokens = Tokens(poem, "tokens"),
                            .smallest_margin = poem.Number("smallest_margin")});
    EXPECT_THAT(poem.status(), IsOk());
  }
  EXPECT_THAT(object.status(), IsOk());
  return golden;
}

class TinyModel : public testing::Test {
 protected:
  void SetUp() override {
    auto files = ModelFiles::Open(TINY_MODEL_DIR);
    ASSERT_THAT(files, IsOk());
    files_.emplace(*std::move(files));
    auto tokenizer = Tokenizer::Open(TINY_MODEL_DIR, vocab());
    ASSERT_THAT(tokenizer, IsOk());
    tokenizer_.emplace(*std::move(tokenizer));
  }

  int32_t vocab() const { return files_->config().shape().vocab; }
  std::vector<int32_t> PromptOf(const std::string& request) const {
    const ChatMessage message{"user", request};
    return tokenizer_->EncodeChat({&message, 1}).value();
  }
  SuiteRunner OnCpu() const {
    return SuiteRunner(
        MakeCpuBackend(files_->config().shape(), files_->weights(), {.threads = 1}).value());
  }

  const Golden golden_ = ReadGolden();
  std::optional<ModelFiles> files_;
  std::optional<Tokenizer> tokenizer_;
};

template <typename Number>
double LargestError(const Golden& golden, const std::vector<Number>& logits) {
  double largest = 0;
  for (size_t i = 0; i < golden.logits.size(); ++i) {
    const auto token = static_cast<size_t>(golden.of_tokens[i]);
    const double error = std::abs(golden.logits[i] - logits.at(token));
    if (!std::isfinite(error)) return INFINITY;
    largest = std::max(largest, error);
  }
  return largest;
}

TEST_F(TinyModel, IsAskedAsItWasTrained) { EXPECT_EQ(PromptOf(golden_.request), golden_.prompt); }

// Torch is a third opinion, on the backends and on what they are compared with elsewhere.
TEST_F(TinyModel, HasTorchsLogits) {
  ASSERT_THAT(golden_.logits, SizeIs(testing::Ge(16U)));
  ASSERT_THAT(golden_.of_tokens, SizeIs(golden_.logits.size()));
  const auto reference =
      ReferenceLogits(files_->config().shape(), files_->weights(), golden_.prompt, false);
  EXPECT_LT(LargestError(golden_, reference.back()), 2e-4);
  SuiteRunner runner = OnCpu();
  SuiteRunner::Sequence sequence;
  EXPECT_LT(LargestError(golden_, runner.Feed(sequence, golden_.prompt, vocab())), 0.02);
}

// Greedy decoding picks torch's token, or one that is as good within the backend's error.
TEST_F(TinyModel, WritesTorchsPoems) {
  ASSERT_THAT(golden_.poems, SizeIs(5));
  SuiteRunner runner = OnCpu();
  for (const Poem& poem : golden_.poems) {
    SuiteRunner::Sequence sequence;
    std::vector<float> logits = runner.Feed(sequence, PromptOf(poem.request), vocab());
    for (const int32_t token : poem.tokens) {
      ASSERT_LT(std::ranges::max(logits) - logits[static_cast<size_t>(token)], 0.04)
          << poem.request;
      logits = runner.Feed(sequence, {&token, 1}, vocab());
    }
    runner.Leave(sequence);
  }
}

TEST_F(TinyModel, WritesWholePoemsOfSeveralLines) {
  for (const Poem& poem : golden_.poems) {
    EXPECT_EQ(tokenizer_->Decode(poem.tokens), poem.text);
    EXPECT_EQ(poem.tokens.back(), tokenizer_->Special("<|end|>")) << poem.request;
    EXPECT_GE(std::ranges::count(poem.text, '\n'), 3) << poem.text;
  }
}

}  // namespace
}  // namespace poems::phi
