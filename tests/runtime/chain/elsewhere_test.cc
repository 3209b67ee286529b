// Dependencies on services that somebody else deployed, and on what a caller can do without.
#include <fstream>
#include <memory>
#include <string>
#include <unistd.h>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "assistant.chains.h"
#include "chains/chain/replica.h"
#include "chains/chain/running_chain.h"
#include "chains/testing/placements.h"
#include "chains/testing/status_matchers.h"
#include "tests/support/http/test_server.h"

namespace tests::assistant {
namespace {

using chains::Needs;
using chains::Placement;
using chains::RunningChain;
using chains::testing::IsOk;
using chains::testing::StatusIs;
using chains::testing::TestServer;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

Completion Said(std::string text) {
  Completion completion;
  completion.set_text(std::move(text));
  return completion;
}
Prompt Asking(std::string text) {
  Prompt prompt;
  prompt.set_prompt(std::move(text));
  return prompt;
}

// The model: says what it was asked, by whom, and what it was told of the user.
class Model final : public Chat {
 public:
  chains::Task<Completion> RunRemote(Prompt prompt) override {
    const chains::Context context = co_await chains::CurrentContext();
    co_return Said(prompt.prompt() + " by " +
                   std::string(context.Header("authorization").value_or("nobody")) + " for " +
                   std::string(context.Header("x-user").value_or("nobody")));
  }
};

class Asks final : public Assistant {
 public:
  explicit Asks(Chat& chat) : chat_(chat) {}
  chains::Task<Completion> RunRemote(Prompt prompt) override {
    Completion said = co_await chat_.RunRemote(std::move(prompt));
    co_return said;
  }

 private:
  Chat& chat_;
};

// Can do without it.
class AsksSoftly final : public Assistant {
 public:
  explicit AsksSoftly(chains::Soft<Chat>& chat) : chat_(chat) {}
  chains::Task<Completion> RunRemote(Prompt prompt) override {
    absl::StatusOr<Completion> said = co_await chat_.Call(&Chat::RunRemote, std::move(prompt));
    co_return said.ok() ? *said : Said(std::string(said.status().message()));
  }

 private:
  chains::Soft<Chat>& chat_;
};

// The model as a process of its own would serve it.
class Deployed {
 public:
  Deployed() {
    chain_.Add<Model>().Entrypoint();
    chains::internal::Replica::Options options;
    options.max_reactors = 1;
    replica_ =
        chains::internal::Replica::Listen(chain_.spec(), std::move(options), workers_).value();
    EXPECT_THAT(replica_->Start({}), IsOk());
  }
  std::string url() const { return "grpc://" + replica_->addresses().front(); }

 private:
  chains::Chain chain_{"models"};
  chains::WorkerPool workers_;
  std::unique_ptr<chains::internal::Replica> replica_;
};

// A secret's file.
class Secret {
 public:
  explicit Secret(const std::string& content) {
    close(mkstemp(path_.data()));
    std::ofstream(path_) << content;
  }
  Secret(const Secret&) = delete;
  ~Secret() { unlink(path_.c_str()); }
  const std::string& path() const { return path_; }

 private:
  std::string path_ = ::testing::TempDir() + "/secret_XXXXXX";
};

absl::StatusOr<Completion> AskOf(RunningChain& chain, chains::Context context = {}) {
  return chain.Call(&Assistant::RunRemote, Asking("why"), std::move(context));
}

class ElsewhereTest : public ::testing::TestWithParam<Placement> {
 protected:
  template <typename I, typename... A>
  absl::StatusOr<std::unique_ptr<RunningChain>> Start(chains::LocalOptions options,
                                                      A... arguments) {
    chains::Chain chain("assistant");
    chain.Add<I>(std::move(arguments)...).Entrypoint();
    return RunningChain::Start(chain, GetParam(), std::move(options));
  }
};
INSTANTIATE_TEST_SUITE_P(Everywhere, ElsewhereTest,
                         ::testing::ValuesIn(chains::testing::AllPlacements()),
                         chains::testing::PlacementName);

TEST_P(ElsewhereTest, IsCalledOverGrpcWithoutTheUsersHeaders) {
  const Deployed model;
  const Secret secret("s3cret\n");
  chains::LocalOptions options;
  options.context.secret_files["model-key"] = secret.path();
  auto running =
      Start<Asks>(std::move(options), Needs<Chat>{.url = model.url(), .url_secret = "model-key"});
  ASSERT_THAT(running, IsOk());
  const chains::Context context(absl::Now() + absl::Seconds(30), "", {{"x-user", "ada"}});
  absl::StatusOr<Completion> said = AskOf(**running, context);
  ASSERT_THAT(said, IsOk());
  EXPECT_EQ(said->text(), "why by Bearer s3cret for nobody");
}

TEST_P(ElsewhereTest, IsCalledInJsonUnderTheSamePolicies) {
  int asked = 0;
  std::string request;
  TestServer server([&](TestServer::Connection& client) {
    while (true) {
      const std::string read = client.Read();
      if (read.empty()) return;
      if (++asked == 1) {
        client.Write("HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n");
      } else {
        request = read;
        client.Write(TestServer::Ok(R"({"text": "so", "more": [1]})"));
      }
    }
  });
  const Secret secret("s3cret");
  chains::LocalOptions options;
  options.http_client = chains::http::LinkedClient();
  options.context.secret_files["model-key"] = secret.path();
  auto running = Start<Asks>(
      std::move(options),
      Needs<Chat>{.attempts = 2, .url = server.url() + "/models/", .url_secret = "model-key"});
  ASSERT_THAT(running, IsOk());
  absl::StatusOr<Completion> said = AskOf(**running);
  running->reset();
  ASSERT_THAT(said, IsOk());
  EXPECT_EQ(said->text(), "so");
  EXPECT_THAT(request, AllOf(HasSubstr("POST /models/v1/complete HTTP/1.1\r\n"),
                             HasSubstr("Authorization: Bearer s3cret\r\n"),
                             HasSubstr("Content-Type: application/json\r\n"),
                             HasSubstr("\r\n\r\n{\"prompt\":\"why\"}")));
}

TEST_P(ElsewhereTest, MayBeSaidByTheDeployment) {
  const Deployed model;
  chains::LocalOptions with_flag;
  with_flag.urls["Chat"] = model.url();
  auto running = Start<Asks>(std::move(with_flag), Needs<Chat>{.url = "grpc://127.0.0.1:1"});
  ASSERT_THAT(running, IsOk());
  EXPECT_THAT(AskOf(**running), IsOk());

  chains::LocalOptions with_variable;
  with_variable.context.variables["MODEL"] = model.url().substr(7);
  const chains::Settings settings = {.variables = {{"MODEL", "127.0.0.1:1"}}};
  running = Start<Asks>(std::move(with_variable), Needs<Chat>{.url = "grpc://${MODEL}"}, settings);
  ASSERT_THAT(running, IsOk());
  EXPECT_THAT(AskOf(**running), IsOk());
}

TEST_P(ElsewhereTest, AFakeStandsForIt) {
  Model fake;
  chains::LocalOptions options;
  options.fakes = {chains::Fake<Chat>(fake)};
  auto running = Start<Asks>(std::move(options), Needs<Chat>{.url = "https://not.there"});
  ASSERT_THAT(running, IsOk());
  EXPECT_THAT(AskOf(**running), IsOk());
}

TEST_P(ElsewhereTest, WhatIsDownFailsTheCall) {
  auto running = Start<Asks>({}, Needs<Chat>{.url = "grpc://127.0.0.1:1"});
  ASSERT_THAT(running, IsOk());
  EXPECT_THAT(AskOf(**running), StatusIs(absl::StatusCode::kUnavailable, HasSubstr("127.0.0.1:1")));
}

TEST_P(ElsewhereTest, ItsSecretMustBeThere) {
  EXPECT_THAT(Start<Asks>({}, Needs<Chat>{.url = "grpc://localhost", .url_secret = "model-key"}),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("model-key")));
  EXPECT_THAT(Start<Asks>({}, Needs<Chat>{.url = "https://localhost"}),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("HTTP_CLIENT curl")));
}

TEST_P(ElsewhereTest, ASoftOneIsAnsweredWithAValue) {
  const Deployed model;
  auto up = Start<AsksSoftly>({}, chains::Softly(Needs<Chat>{.url = model.url()}));
  ASSERT_THAT(up, IsOk());
  EXPECT_THAT(AskOf(**up)->text(), HasSubstr("why by nobody"));

  auto down = Start<AsksSoftly>({}, chains::Softly(Needs<Chat>{.url = "grpc://127.0.0.1:1"}));
  ASSERT_THAT(down, IsOk());
  EXPECT_THAT(AskOf(**down)->text(), HasSubstr("127.0.0.1:1"));
}

TEST_P(ElsewhereTest, ASoftOneThatCannotBeCalledDoesNotKeepAChainFromStarting) {
  auto running = Start<AsksSoftly>({}, chains::Softly(Needs<Chat>{.url = "https://localhost"}));
  ASSERT_THAT(running, IsOk());
  EXPECT_THAT(AskOf(**running)->text(), HasSubstr("HTTP_CLIENT curl"));
}

TEST_P(ElsewhereTest, ASoftOneNeedNotBeDeployed) {
  chains::Chain chain("assistant");
  chain.Declare<Chat>();
  chain.Add<AsksSoftly>(chains::Softly(Needs<Chat>{})).Entrypoint();
  auto running = RunningChain::Start(chain, GetParam());
  ASSERT_THAT(running, IsOk());
  absl::StatusOr<Completion> said = AskOf(**running);
  ASSERT_THAT(said, IsOk());
  EXPECT_THAT(said->text(), Not(HasSubstr("why")));
}

TEST(Elsewhere, AFlagNamesWhatIsNeeded) {
  chains::Chain chain("assistant");
  chain.Add<Asks>(Needs<Chat>{.url = "grpc://a"}).Entrypoint();
  chains::LocalOptions options;
  options.urls["Char"] = "grpc://b";
  EXPECT_THAT(RunningChain::Start(chain, Placement::kTogether, options),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       AllOf(HasSubstr("needs Char"), HasSubstr("tests.assistant.Chat"))));
  options.urls = {{"Chat", "b"}};
  EXPECT_THAT(RunningChain::Start(chain, Placement::kTogether, options),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("--url Chat='b'")));
}

}  // namespace
}  // namespace tests::assistant
