// What a chainlet gets from where it runs, and what its process does with it.
#include <atomic>
#include <fstream>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "chains/chain/client.h"
#include "chains/chain/replica.h"
#include "chains/chain/run_local.h"
#include "chains/chain/running_chain.h"
#include "zoo.h"

namespace zoo {
namespace {

using chains::DeploymentContext;
using ::testing::AllOf;
using ::testing::HasSubstr;

// Answers with what it can see.
class Curious final : public Leaf {
 public:
  explicit Curious(const DeploymentContext& context) : context_(context) {}
  chains::Task<LeafReply> RunRemote(LeafRequest) override {
    LeafReply reply;
    for (const char* name : {"mine", "other"}) {
      absl::StatusOr<std::string> secret = context_.Secret(name);
      reply.mutable_text()->append(secret.ok() ? *secret : "-").append(" ");
    }
    reply.mutable_text()->append(context_.Variable("COLOR").value_or("-"));
    reply.mutable_text()->append(" ").append(context_.environment());
    co_return reply;
  }
  chains::Task<LeafReply> Once(LeafRequest request) override { return RunRemote(request); }
  chains::Stream<LeafReply> Count(LeafRequest) override { co_return; }
  chains::Task<LeafReply> Sum(chains::Stream<LeafRequest>) override { co_return LeafReply(); }
  chains::Stream<LeafReply> Double(chains::Stream<LeafRequest>) override { co_return; }

 private:
  const DeploymentContext context_;
};

std::string SecretFile(const std::string& name, const std::string& content) {
  const std::string path = ::testing::TempDir() + name;
  std::ofstream(path) << content;
  return path;
}

TEST(DeploymentTest, ShowsAChainletTheSecretsAndVariablesThatItDeclaresAndNoOthers) {
  chains::Chain chain("zoo");
  chain.Add<Curious>(chains::Settings{.secrets = {"mine"}, .variables = {{"COLOR", "green"}}})
      .Entrypoint();
  chains::LocalOptions options;
  options.context.environment = "staging";
  options.context.secret_files = {{"mine", SecretFile("mine", "s3cret\n")},
                                  {"other", SecretFile("other", "hidden\n")}};
  options.context.variables = {{"COLOR", "blue"}, {"SHAPE", "round"}};
  absl::StatusOr<LeafReply> reply =
      chains::RunLocal(chain, &Leaf::RunRemote, Number(1), std::move(options));
  ASSERT_TRUE(reply.ok()) << reply.status();
  EXPECT_EQ(reply->text(), "s3cret - blue staging");
}

TEST(DeploymentTest, SaysHowToGiveASecretThatIsMissing) {
  const DeploymentContext context;
  EXPECT_THAT(std::string(context.Secret("token").status().message()),
              HasSubstr("--secret token=FILE"));
}

class Throws final : public Root {
 public:
  Throws() { throw std::runtime_error("no weights"); }
  chains::Task<RootReply> RunRemote(RootRequest) override { co_return RootReply(); }
};

TEST(DeploymentTest, SaysWhereAnAssetIsAndHowToGiveOneThatAPlatformFetches) {
  DeploymentContext::Contents contents;
  contents.assets = {{"words", "words.txt"}, {"weights", "https://example.com/weights.bin"}};
  const DeploymentContext context(std::move(contents));
  EXPECT_EQ(context.Asset("words").value(), "words.txt");
  const absl::Status status = context.Asset("weights").status();
  EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("--asset weights=PATH"));
}

class OnGpu final : public Root {
 public:
  explicit OnGpu(const DeploymentContext& context) : gpu_(context.Gpu()) {}
  chains::Task<RootReply> RunRemote(RootRequest) override {
    const auto gpu = co_await gpu_;
    RootReply reply;
    reply.set_result(gpu.has_value() ? static_cast<int>(gpu->devices.size()) : -1);
    co_return reply;
  }

 private:
  const absl::StatusOr<std::optional<chains::gpu::Found>> gpu_;
};

TEST(DeploymentTest, AChainletThatNeedsAGpuDoesNotStartWithoutIt) {
  chains::Chain chain("zoo");
  chain.Add<OnGpu>(chains::Resources{.gpu = "T4", .gpu_module = "no_such_gpu"}).Entrypoint();
  const absl::Status status = chains::RunLocal(chain, &Root::RunRemote, Calls(0, 0)).status();
  EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
  EXPECT_THAT(std::string(status.message()),
              AllOf(HasSubstr("zoo.Root could not be built"), HasSubstr("'no_such_gpu'"),
                    HasSubstr("/no_such_gpu.so"), HasSubstr("gpu_optional")));
}

TEST(DeploymentTest, AChainletThatCanDoWithoutAGpuRunsOnCpus) {
  chains::Chain chain("zoo");
  chain.Add<OnGpu>(chains::Resources{.gpu = "T4", .gpu_module = "no_gpu", .gpu_optional = true})
      .Entrypoint();
  absl::StatusOr<RootReply> reply = chains::RunLocal(chain, &Root::RunRemote, Calls(0, 0));
  ASSERT_TRUE(reply.ok()) << reply.status();
  EXPECT_EQ(reply->result(), -1);
}

TEST(DeploymentTest, SaysThatAChainletDeclaresNoGpuModule) {
  const absl::Status status = DeploymentContext().Gpu().status();
  EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr(".gpu_module"));
}

TEST(DeploymentTest, NamesTheChainletWhoseConstructorFails) {
  chains::Chain chain("zoo");
  chain.Add<Throws>().Entrypoint();
  absl::StatusOr<RootReply> reply = chains::RunLocal(chain, &Root::RunRemote, Calls(0, 0));
  EXPECT_THAT(std::string(reply.status().message()),
              HasSubstr("zoo.Root could not be built: its constructor threw: no weights"));
}

TEST(DeploymentTest, NamesTheChainletWhoseSharedObjectFails) {
  chains::Chain chain("zoo");
  chains::Shared<LeafScript*> broken([](const DeploymentContext&) {
    return absl::StatusOr<std::unique_ptr<LeafScript*>>(absl::NotFoundError("no model"));
  });
  chain.Add<ScriptedLeaf>(broken).Entrypoint();
  absl::StatusOr<LeafReply> reply = chains::RunLocal(chain, &Leaf::RunRemote, Number(0));
  EXPECT_EQ(reply.status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(reply.status().message()), HasSubstr("no model"));
}

// A chainlet on four reactors, with one Shared of the process.
TEST(DeploymentTest, MakesASharedObjectOnceForAllReactorsOfAProcess) {
  LeafScript script;
  std::atomic<int> made{0};
  chains::Shared<LeafScript*> shared([&](const DeploymentContext&) {
    ++made;
    return absl::StatusOr<std::unique_ptr<LeafScript*>>(std::make_unique<LeafScript*>(&script));
  });
  chains::Chain chain("zoo");
  chain.Add<ScriptedLeaf>(shared, chains::Resources{.cpus = 4}).Entrypoint();
  chains::WorkerPool workers;
  auto replica = chains::internal::Replica::Listen(chain.spec(), {}, workers);
  ASSERT_TRUE(replica.ok()) << replica.status();
  ASSERT_TRUE((*replica)->Start({}).ok());
  EXPECT_EQ(made, 1);

  chains::Client<Leaf> client((*replica)->addresses().front());
  absl::StatusOr<LeafReply> reply = client.Call(&Leaf::RunRemote, Number(21));
  ASSERT_TRUE(reply.ok()) << reply.status();
  EXPECT_EQ(reply->number(), 42);
}

TEST(DeploymentTest, CallsAReplicaOverAUnixSocket) {
  LeafScript script;
  chains::Chain chain("zoo");
  chain.Add<ScriptedLeaf>(Script(script)).Entrypoint();
  chains::WorkerPool workers;
  chains::internal::Replica::Options options;
  options.listen = {"unix:" + ::testing::TempDir() + "leaf.sock"};
  auto replica = chains::internal::Replica::Listen(chain.spec(), options, workers);
  ASSERT_TRUE(replica.ok()) << replica.status();
  ASSERT_TRUE((*replica)->Start({}).ok());
  chains::Client<Leaf> client(options.listen.front());
  absl::StatusOr<LeafReply> reply = client.Call(&Leaf::RunRemote, Number(2));
  ASSERT_TRUE(reply.ok()) << reply.status();
  EXPECT_EQ(reply->number(), 4);
}

}  // namespace
}  // namespace zoo
