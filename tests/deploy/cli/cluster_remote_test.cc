// Commands against an installation on a cluster, behind a tunnel that the test plays.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/deploy/cli/cli_fixture.h"
#include "tests/deploy/cli/fake_source.h"

namespace chains::deploy::cli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class FakeTunnel final : public Tunnel {
 public:
  FakeTunnel(Addresses addresses, int& open) : addresses_(std::move(addresses)), open_(open) {
    ++open_;
  }
  ~FakeTunnel() override { --open_; }
  Addresses addresses() const override { return addresses_; }
  absl::Status problem() const override { return absl::UnavailableError("no pod is ready"); }

 private:
  const Addresses addresses_;
  int& open_;
};

class ClusterRemoteTest : public CliTest {
 protected:
  ClusterRemoteTest() {
    remote_ = {.name = "local",
               .key = "k1",
               .kubernetes = ClusterAccess{.kubeconfig = "/config", .context = "prod"}};
    SaveRemote();
    open_tunnel = [this](const ClusterAccess& access) -> absl::StatusOr<std::unique_ptr<Tunnel>> {
      asked.push_back(access);
      return std::make_unique<FakeTunnel>(
          Tunnel::Addresses{
              .platform = platform.address(), .http = "127.0.0.1:1", .grpc = platform.address()},
          open);
    };
    fake.key = "k1";
  }

  std::vector<ClusterAccess> asked;
  int open = 0;
};

TEST_F(ClusterRemoteTest, CommandsReachThePlatformThroughOneTunnelThatEndsWithThem) {
  *fake.list.add_deployments() = ADeployment("3f9a", v1::DEPLOYMENT_ACTIVE);
  ASSERT_EQ(Run({"list"}), kDone) << err;
  EXPECT_THAT(out, HasSubstr("3f9a"));
  ASSERT_EQ(asked.size(), 1u);
  EXPECT_EQ(asked[0], *remote_.kubernetes);
  EXPECT_EQ(open, 0);
}
TEST_F(ClusterRemoteTest, AClusterThatIsNotThereIsNamed) {
  open_tunnel = [](const ClusterAccess&) { return absl::UnavailableError("no route to host"); };
  EXPECT_EQ(Run({"list"}), kFailed);
  EXPECT_THAT(err, HasSubstr("remote 'local': no route to host"));
}
TEST_F(ClusterRemoteTest, APlatformThatDoesNotAnswerIsLookedForAmongThePods) {
  fake.failures["List"] = {absl::UnavailableError("gone")};
  EXPECT_EQ(Run({"list"}), kFailed);
  EXPECT_THAT(err, AllOf(HasSubstr("kubectl -n chains get pods"), Not(HasSubstr("chains up")),
                         HasSubstr("\n  tunnel: no pod is ready\n")));
}
TEST_F(ClusterRemoteTest, ARemoteThatNeedsNoneOpensNoTunnel) {
  remote_.kubernetes.reset();
  remote_.platform = platform.address();
  SaveRemote();
  EXPECT_EQ(Run({"list"}), kDone) << err;
  EXPECT_THAT(asked, IsEmpty());
}

TEST_F(ClusterRemoteTest, OneThatSomebodyElseInstalledIsAddedWithItsKey) {
  ASSERT_EQ(Run({"remotes", "add", "prod", "--kubernetes", "--context", "prod", "--gateway",
                 "https://chains.example.com"},
                "ck_7\n"),
            kDone)
      << err;
  const absl::StatusOr<Remotes> kept = LoadRemotes(home_);
  ASSERT_TRUE(kept.ok());
  const Remote& prod = kept->by_name.at("prod");
  EXPECT_EQ(prod.key, "ck_7");
  EXPECT_EQ(prod.kubernetes, (ClusterAccess{.context = "prod"}));
  EXPECT_EQ(kept->default_name, "local");
  ASSERT_EQ(Run({"remotes", "list"}), kDone) << err;
  EXPECT_THAT(out, AllOf(HasSubstr("namespace chains of prod"), HasSubstr("local (default)"),
                         HasSubstr("through a tunnel"), Not(HasSubstr("ck_7"))));
  EXPECT_EQ(Run({"remotes", "remove", "prod"}), kDone);
  EXPECT_EQ(LoadRemotes(home_)->by_name.count("prod"), 0u);
  EXPECT_EQ(Run({"remotes", "remove", "prod"}), kFailed);
  EXPECT_EQ(Run({"remotes", "add", "prod"}), kUsage);
}

class ClusterPushTest : public ClusterRemoteTest {
 protected:
  ClusterPushTest() {
    script.AddFile("hello", "program");
    open_chain = [this](const std::string&, const Work&) {
      return std::make_unique<FakeSource>(script);
    };
    v1::DeployEvent event;
    *event.mutable_deployment() = ADeployment("3f9a", v1::DEPLOYMENT_ACTIVE);
    event.mutable_deployment()->add_paths("/chains/hello/production");
    event.set_live(true);
    fake.events = {event};
  }
  SourceScript script;
};

TEST_F(ClusterPushTest, APushSaysHowToCallWithoutAnAddressThatEndsWithIt) {
  ASSERT_EQ(Run({"push", "hello"}), kDone) << err;
  EXPECT_THAT(out, AllOf(HasSubstr("live\n  chains call hello '{}' --deployment 3f9a"),
                         Not(HasSubstr("127.0.0.1"))));
}
TEST_F(ClusterPushTest, AGatewayWithAnAddressOfItsOwnIsCalledThere) {
  remote_.gateway = "https://chains.example.com";
  SaveRemote();
  ASSERT_EQ(Run({"push", "hello"}), kDone) << err;
  EXPECT_THAT(out, HasSubstr("curl -X POST https://chains.example.com/chains/hello/production/"
                             "run_remote -H"));
}

TEST_F(CliTest, AGatewayOfTheEnvironmentIsForThoseWhoOnlyCall) {
  environment_["CHAINS_GATEWAY"] = "http://127.0.0.1:1";
  EXPECT_EQ(Run({"call", "hello", "{}"}), kFailed);
  EXPECT_THAT(err, HasSubstr("127.0.0.1:1"));
  EXPECT_EQ(Run({"list"}), kFailed);
  EXPECT_THAT(err, HasSubstr("CHAINS_GATEWAY names a gateway alone"));
  EXPECT_EQ(Run({"list", "--remote", "local"}), kDone) << err;
}

}  // namespace
}  // namespace chains::deploy::cli
