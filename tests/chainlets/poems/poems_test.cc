#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "../together.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "chains/chain/running_chain.h"
#include "chains/testing/placements.h"
#include "poems_chain.h"

namespace poems {
namespace {

using ::testing::ElementsAre;

// Answers with its prompt, once three are there.
class ThreeAtOnce final : public PhiLlm {
 public:
  chains::Task<PhiLlmResponse> RunRemote(PhiLlmRequest request) override {
    co_await together_.Meet();
    PhiLlmResponse response;
    response.set_result(request.prompt());
    co_return response;
  }
  chains::Stream<PhiLlmToken> Generate(PhiLlmRequest) override { co_return; }

 private:
  chainlets::Together together_{3};
};

class OutOfMemory final : public PhiLlm {
 public:
  chains::Task<PhiLlmResponse> RunRemote(PhiLlmRequest) override {
    co_return absl::ResourceExhaustedError("the GPU is full");
  }
  chains::Stream<PhiLlmToken> Generate(PhiLlmRequest) override { co_return; }
};

// The same answers, wherever the chainlets are.
class PoemsTest : public ::testing::TestWithParam<chains::Placement> {
 protected:
  PoemsTest() {
    chain_.Declare<PhiLlm>();
    chain_.Add<Poet>(chains::Needs<PhiLlm>{}).Entrypoint();
  }

  template <typename F>
  absl::StatusOr<PoemGeneratorResponse> Poems(F& llm, const std::vector<std::string>& words) {
    chains::LocalOptions options;
    options.fakes = {chains::Fake<PhiLlm>(llm)};
    auto running = chains::RunningChain::Start(chain_, GetParam(), std::move(options));
    if (!running.ok()) return running.status();
    PoemGeneratorRequest request;
    request.mutable_words()->Assign(words.begin(), words.end());
    return (*running)->Call(&PoemGenerator::RunRemote, std::move(request));
  }

  chains::Chain chain_{"poems"};
};

INSTANTIATE_TEST_SUITE_P(Everywhere, PoemsTest,
                         ::testing::ValuesIn(chains::testing::AllPlacements()),
                         chains::testing::PlacementName);

TEST_P(PoemsTest, AsksForAllPoemsAtOnceAndKeepsTheirOrder) {
  ThreeAtOnce llm;
  EXPECT_THAT(Poems(llm, {"bird", "plane", "superman"})->result(),
              ElementsAre("Generate a poem about: bird", "Generate a poem about: plane",
                          "Generate a poem about: superman"));
}

TEST_P(PoemsTest, FailsAsTheModelFails) {
  OutOfMemory llm;
  const absl::Status status = Poems(llm, {"bird", "plane"}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(status.message(), "the GPU is full");
}

}  // namespace
}  // namespace poems
