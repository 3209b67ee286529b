// The chain with a model that generates, in every placement.
#include "phi_llm.h"

#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "chains/chain/running_chain.h"
#include "chains/testing/collect.h"
#include "chains/testing/placements.h"
#include "held_backend.h"
#include "phi/cpu/cpu_backend.h"
#include "poems_chain.h"
#include "tools/random_model.h"

namespace poems {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

// A folder with a random model, made once. Its tokens are bytes, its texts nonsense.
const std::filesystem::path& RandomFolder() {
  static const std::filesystem::path folder = [] {
    std::string made = (std::filesystem::temp_directory_path() / "phi.XXXXXX").string();
    EXPECT_NE(mkdtemp(made.data()), nullptr);
    EXPECT_EQ(phi::WriteRandomModel(phi::RandomModel(), made), absl::OkStatus());
    return made;
  }();
  return folder;
}

class RemoveFolder final : public ::testing::Environment {
  void TearDown() override { std::filesystem::remove_all(RandomFolder()); }
};
const auto* const kRemoveFolder =
    ::testing::AddGlobalTestEnvironment(std::make_unique<RemoveFolder>().release());

PhiLlmRequest Asking(std::string prompt, int32_t max_tokens) {
  PhiLlmRequest request;
  request.set_prompt(std::move(prompt));
  request.set_max_tokens(max_tokens);
  return request;
}

class PhiLlmTest : public ::testing::TestWithParam<chains::Placement> {
 protected:
  // A chain whose steps wait for `hold`, where there is one.
  static chains::Chain ChainWith(phi::HeldBackend::Hold* hold, int64_t kv_bytes) {
    chains::Chain chain("poems");
    chain.Add<PhiLlmOnEngine>(
        chains::Shared<phi::LanguageModel>([hold, kv_bytes](const chains::DeploymentContext&) {
          return phi::LanguageModel::Open(RandomFolder(), [hold, kv_bytes](
                                                              const phi::Shape& shape,
                                                              const phi::Weights& weights) {
            return phi::HeldBackend::Around(
                phi::MakeCpuBackend(shape, weights, {.threads = 1, .kv_bytes = kv_bytes}), hold);
          });
        }));
    chain.Add<Poet>(chains::Needs<PhiLlm>{}).Entrypoint();
    return chain;
  }

  void SetUp() override { Start(nullptr); }
  void Start(phi::HeldBackend::Hold* hold, int64_t kv_bytes = 16 << 20) {
    auto started = chains::RunningChain::Start(ChainWith(hold, kv_bytes), GetParam());
    ASSERT_TRUE(started.ok()) << started.status();
    running_ = *std::move(started);
  }
  absl::StatusOr<PhiLlmResponse> Ask(PhiLlmRequest request, chains::Context context = {}) {
    return running_->Call(&PhiLlm::RunRemote, std::move(request), std::move(context));
  }
  absl::StatusOr<std::vector<PhiLlmResponse>> AskAll(std::vector<PhiLlmRequest> requests) {
    return running_->Run<PhiLlm>([&](PhiLlm& phi) {
      std::vector<chains::Task<PhiLlmResponse>> asked;
      for (PhiLlmRequest& each : requests) asked.push_back(phi.RunRemote(std::move(each)));
      return chains::All(std::move(asked));
    });
  }

  std::unique_ptr<chains::RunningChain> running_;
};

INSTANTIATE_TEST_SUITE_P(Everywhere, PhiLlmTest,
                         ::testing::ValuesIn(chains::testing::AllPlacements()),
                         chains::testing::PlacementName);

TEST_P(PhiLlmTest, AnswersInOnePieceWithItsCounts) {
  const PhiLlmResponse response = Ask(Asking("a word", 12)).value();
  EXPECT_EQ(response.completion_tokens(), 12);
  EXPECT_EQ(response.finish_reason(), "length");
  // Six letters, three special tokens, three ends of lines.
  EXPECT_EQ(response.prompt_tokens(), 12);
  EXPECT_FALSE(response.result().empty());
}

TEST_P(PhiLlmTest, TakesAPromptForOneMessageOfTheUser) {
  PhiLlmRequest request = Asking("", 12);
  request.clear_prompt();
  Message& message = *request.add_messages();
  message.set_role("user");
  message.set_content("a word");
  EXPECT_EQ(Ask(request)->result(), Ask(Asking("a word", 12))->result());
}

TEST_P(PhiLlmTest, StreamsWhatItWouldAnswer) {
  const auto tokens = running_->Run<PhiLlm>(
      [](PhiLlm& phi) { return chains::testing::Collect(phi.Generate(Asking("a word", 12))); });
  ASSERT_TRUE(tokens.ok()) << tokens.status();
  std::string text;
  for (const PhiLlmToken& token : *tokens) {
    text += token.text();
    EXPECT_EQ(token.has_finish_reason(), &token == &tokens->back());
  }
  EXPECT_GT(tokens->size(), 1U);
  EXPECT_EQ(tokens->back().finish_reason(), "length");
  EXPECT_EQ(text, Ask(Asking("a word", 12))->result());
}

TEST_P(PhiLlmTest, SaysTheSameOneAtATimeAndEightAtOnce) {
  std::vector<PhiLlmRequest> requests;
  std::vector<std::string> alone;
  for (int i = 0; i < 8; ++i) {
    requests.push_back(Asking(std::string(static_cast<size_t>(1 + 9 * i), 'a' + i), 8 + 5 * i));
    if (i % 2 == 1) {
      requests.back().set_temperature(1);
      requests.back().set_seed(static_cast<uint64_t>(i));
    }
    alone.push_back(Ask(requests.back())->result());
  }
  const auto together = AskAll(requests);
  ASSERT_TRUE(together.ok()) << together.status();
  for (size_t i = 0; i < alone.size(); ++i) EXPECT_EQ((*together)[i].result(), alone[i]) << i;
}

// A cache of a quarter of what they need: the others wait, and nobody is refused.
TEST_P(PhiLlmTest, AnswersTwoHundredAtOnceFromASmallCache) {
  Start(nullptr, 400'000);
  std::vector<PhiLlmRequest> requests;
  for (int i = 0; i < 200; ++i) requests.push_back(Asking(absl::StrCat("word ", i), 6));
  const auto together = AskAll(requests);
  ASSERT_TRUE(together.ok()) << together.status();
  for (const size_t i : {0U, 77U, 199U}) {
    EXPECT_EQ((*together)[i].result(), Ask(requests[i])->result()) << i;
  }
}

// A neighbour begins, and is dropped, while the text is being written.
TEST_P(PhiLlmTest, SaysTheSameWhenANeighbourJoinsAndIsCancelled) {
  const std::string alone = Ask(Asking("steady", 60))->result();
  const auto text = running_->Run<PhiLlm>([](PhiLlm& phi) {
    return [](PhiLlm& llm) -> chains::Task<std::string> {
      std::string written;
      std::optional<chains::Stream<PhiLlmToken>> neighbour;
      chains::Stream<PhiLlmToken> tokens = llm.Generate(Asking("steady", 60));
      for (int i = 0; std::optional<PhiLlmToken> token = co_await tokens.Next(); ++i) {
        written += token->text();
        if (i == 5) neighbour.emplace(llm.Generate(Asking("a neighbour that will not stay", 400)));
        if (i == 5 || i == 8) co_await neighbour->Next();
        if (i == 12) neighbour.reset();
      }
      co_return written;
    }(phi);
  });
  ASSERT_TRUE(text.ok()) << text.status();
  EXPECT_EQ(*text, alone);
}

TEST_P(PhiLlmTest, SaysWhatIsWrongWithARequest) {
  const auto refusal = [this](const PhiLlmRequest& request) {
    const absl::Status status = Ask(request).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << status;
    return std::string(status.message());
  };
  EXPECT_THAT(refusal(PhiLlmRequest()), HasSubstr("neither a prompt nor messages"));
  EXPECT_THAT(refusal(Asking("", 1)), HasSubstr("prompt is empty"));
  EXPECT_THAT(refusal(Asking("x", 0)), HasSubstr("max_tokens is 0"));
  EXPECT_THAT(refusal(Asking(std::string(600, 'x'), 1)), HasSubstr("together they can be 512"));
  PhiLlmRequest request = Asking("x", 1);
  request.set_top_p(2);
  EXPECT_THAT(refusal(request), HasSubstr("top_p is 2"));
  request.add_messages()->set_role("user");
  EXPECT_THAT(refusal(request), HasSubstr("a prompt and messages"));
  request.clear_prompt();
  request.mutable_messages(0)->set_role("pope");
  EXPECT_THAT(refusal(request), HasSubstr("pope"));
}

TEST_P(PhiLlmTest, WritesPoemsForThePoetAllAtOnce) {
  PoemGeneratorRequest request;
  for (const char* word : {"bird", "plane", "superman"}) request.add_words(word);
  const auto poems = running_->Call(&PoemGenerator::RunRemote, request);
  ASSERT_TRUE(poems.ok()) << poems.status();
  ASSERT_THAT(poems->result(), SizeIs(3));
  request.clear_words();
  request.add_words("plane");
  EXPECT_EQ(running_->Call(&PoemGenerator::RunRemote, request)->result(0), poems->result(1));
  EXPECT_NE(poems->result(0), poems->result(1));
}

// The last token is not computed before the test lets it be.
TEST_P(PhiLlmTest, StreamsThroughThePoetWhileTheRestIsNotYetComputed) {
  phi::HeldBackend::Hold hold;
  Start(&hold);
  hold.Let(3);
  const auto text = running_->Run<PoemGenerator>([&hold](PoemGenerator& poet) {
    return [](PoemGenerator& generator, phi::HeldBackend::Hold& held) -> chains::Task<std::string> {
      PoemRequest request;
      request.set_word("bird");
      chains::Stream<PoemToken> tokens = generator.WritePoem(request);
      std::string written;
      while (std::optional<PoemToken> token = co_await tokens.Next()) {
        written += token->text();
        held.Open();
      }
      co_return written;
    }(poet, hold);
  });
  ASSERT_TRUE(text.ok()) << text.status();
  EXPECT_FALSE(text->empty());
}

TEST(OpenModelTest, SaysWhatIsMissing) {
  EXPECT_EQ(OpenModel(chains::DeploymentContext()).status().code(), absl::StatusCode::kNotFound);
  chains::DeploymentContext::Contents contents;
  contents.gpu = {.module = "no_such_module", .type = "A10G", .count = 1};
  contents.assets = {{"model", "/nowhere"}};
  EXPECT_THAT(std::string(OpenModel(chains::DeploymentContext(contents)).status().message()),
              HasSubstr("/nowhere/config.json"));
  contents.assets = {{"model", RandomFolder().string()}};
  contents.variables = {{"PHI_CACHE_MEMORY", "lots"}};
  EXPECT_THAT(std::string(OpenModel(chains::DeploymentContext(contents)).status().message()),
              HasSubstr("PHI_CACHE_MEMORY is \"lots\""));
  contents.variables = {{"PHI_CACHE_MEMORY", "10Mi"}};
  EXPECT_THAT(std::string(OpenModel(chains::DeploymentContext(contents)).status().message()),
              HasSubstr("gpu_optional = true"));
  contents.gpu_optional = true;
  const auto model = OpenModel(chains::DeploymentContext(contents));
  ASSERT_TRUE(model.ok()) << model.status();
  const phi::BackendInfo& info = (*model)->engine().info();
  EXPECT_LE(info.page_bytes * info.page_count, 10 << 20);
}

}  // namespace
}  // namespace poems
