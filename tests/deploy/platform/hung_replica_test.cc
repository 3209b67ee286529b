// A whole platform, with processes: one of them hangs.
#include <cerrno>
#include <csignal>
#include <memory>
#include <poll.h>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/time/clock.h"
#include "chains/testing/status_matchers.h"
#include "deploy/cli/push/push.h"
#include "deploy/platform/local_platform.h"
#include "tests/deploy/temp_folder.h"

namespace chains::deploy {
namespace {

using ::chains::testing::IsOk;

class HungReplicaTest : public ::testing::Test {
 protected:
  void SetUp() override {
    LocalPlatform::Options options;
    options.home = folder_ / "h";
    options.open = true;
    options.capacity = Capacity{.cpus = 8, .memory_bytes = int64_t{1} << 40, .gpus = 0};
    options.controller.liveness_timeout = absl::Seconds(3);
    options.controller.drain_timeout = absl::Seconds(1);
    absl::StatusOr<std::unique_ptr<LocalPlatform>> platform =
        LocalPlatform::Start(std::move(options));
    ASSERT_THAT(platform.status(), IsOk());
    platform_ = *std::move(platform);
    client_ = std::make_unique<cli::PlatformClient>(
        cli::Remote{.name = "local", .platform = platform_->address()});
  }
  void TearDown() override {
    if (platform_ != nullptr) platform_->Stop(absl::Now() + absl::Seconds(10));
  }

  void Push(const std::string& program) {
    absl::StatusOr<std::unique_ptr<cli::ChainSource>> source = cli::OpenChain(program, {});
    ASSERT_THAT(source.status(), IsOk());
    ASSERT_THAT((*source)->Build({}), IsOk());
    absl::StatusOr<cli::BuiltChain> chain = (*source)->Collect({});
    ASSERT_THAT(chain.status(), IsOk());
    const cli::PushFlags flags;
    cli::Push push(*client_, flags);
    ASSERT_THAT(push.Run(*chain, {}), IsOk());
    deployment_ = push.last().deployment().id();
  }
  v1::ChainletStatus Status() {
    v1::DeploymentRequest request;
    request.set_deployment(deployment_);
    absl::StatusOr<v1::DeploymentResponse> response =
        client_->Call(&v1::Platform::Status, std::move(request));
    EXPECT_THAT(response.status(), IsOk());
    return response.ok() ? response->deployment().chainlets(0) : v1::ChainletStatus();
  }
  std::vector<int> ReadyPids() {
    std::vector<int> pids;
    const v1::ChainletStatus status = Status();
    for (const v1::ReplicaStatus& replica : status.replicas()) {
      if (replica.state() == "ready") pids.push_back(replica.pid());
    }
    return pids;
  }
  // Asks again and again; nobody tells.
  template <typename F>
  static bool Becomes(F condition) {
    const absl::Time limit = absl::Now() + absl::Seconds(50);
    while (!condition()) {
      if (absl::Now() > limit) return false;
      ::poll(nullptr, 0, 50);
    }
    return true;
  }

  TempFolder folder_;
  std::unique_ptr<LocalPlatform> platform_;
  std::unique_ptr<cli::PlatformClient> client_;
  std::string deployment_;
};

TEST_F(HungReplicaTest, AnotherTakesItsPlaceAndItIsEndedByForce) {
  Push(MOODY_PROGRAM);
  ASSERT_TRUE(Becomes([this] { return ReadyPids().size() == 2; }));
  const int hung = ReadyPids()[0];
  ASSERT_EQ(::kill(hung, SIGSTOP), 0);
  EXPECT_TRUE(Becomes([&] {
    const std::vector<int> pids = ReadyPids();
    return pids.size() == 2 && pids[0] != hung && pids[1] != hung;
  })) << Status().DebugString();
  EXPECT_TRUE(Becomes([&] { return ::kill(hung, 0) != 0 && errno == ESRCH; }));
}

}  // namespace
}  // namespace chains::deploy
