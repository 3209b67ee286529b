#include <algorithm>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "chains/chain/running_chain.h"
#include "chains/testing/placements.h"
#include "hello_chain.h"

namespace hello {
namespace {

HelloAllRequest To(const std::vector<std::string>& names) {
  HelloAllRequest request;
  request.mutable_names()->Assign(names.begin(), names.end());
  return request;
}

chains::Chain HelloChain() {
  chains::Chain chain("hello");
  chain.Add<Polite>();
  chain.Add<Greeter>(chains::Needs<SayHello>{.attempts = 3}).Entrypoint();
  return chain;
}

// The same answers, wherever the chainlets are.
class HelloTest : public ::testing::TestWithParam<chains::Placement> {
 protected:
  absl::StatusOr<std::string> Greet(const chains::Chain& chain,
                                    const std::vector<std::string>& names,
                                    chains::LocalOptions options = {}) {
    auto running = chains::RunningChain::Start(chain, GetParam(), std::move(options));
    if (!running.ok()) return running.status();
    auto response = (*running)->Call(&HelloAll::RunRemote, To(names));
    if (!response.ok()) return response.status();
    return response->result();
  }
};

INSTANTIATE_TEST_SUITE_P(Everywhere, HelloTest,
                         ::testing::ValuesIn(chains::testing::AllPlacements()),
                         chains::testing::PlacementName);

TEST_P(HelloTest, GreetsEveryNameOnALineOfItsOwn) {
  EXPECT_EQ(Greet(HelloChain(), {"Marius", "Sid", "Bola"}).value(),
            "Hello, Marius\nHello, Sid\nHello, Bola");
}

TEST_P(HelloTest, WantsANameAtLeast) {
  const absl::Status status = Greet(HelloChain(), {}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(status.message(), "names is empty");
}

TEST_P(HelloTest, GreetsTenThousandWithNothingConfigured) {
  std::vector<std::string> names;
  for (int i = 0; i < 10'000; ++i) names.push_back(absl::StrCat(i));
  const std::string greetings = Greet(HelloChain(), names).value();
  EXPECT_EQ(std::count(greetings.begin(), greetings.end(), '\n'), 9'999);
  EXPECT_TRUE(greetings.ends_with("\nHello, 9999"));
}

// Is not there the first two times.
class Shy final : public SayHello {
 public:
  chains::Task<SayHelloResponse> RunRemote(SayHelloRequest) override {
    if (++calls_ < 3) co_return absl::UnavailableError("not now");
    SayHelloResponse response;
    response.set_result("Oh, hello");
    co_return response;
  }

 private:
  int calls_ = 0;
};

TEST_P(HelloTest, TriesThreeTimes) {
  Shy shy;
  EXPECT_EQ(Greet(HelloChain(), {"Ada"}, {.fakes = {chains::Fake<SayHello>(shy)}}).value(),
            "Oh, hello");
}

}  // namespace
}  // namespace hello
