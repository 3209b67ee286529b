// Replicas that show who they are, to each other and to their platform.
#include <algorithm>
#include <chrono>
#include <fstream>
#include <future>
#include <iterator>
#include <memory>
#include <string>
#include <sys/stat.h>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "../grpc/identities.h"
#include "chains/chain/identity_keeper.h"
#include "chains/chain/replica.h"
#include "chains/chain/who_may_call.h"
#include "chains/grpc/client_channel.h"
#include "chains/grpc/run_on.h"
#include "chains/testing/status_matchers.h"
#include "fake_control.h"
#include "zoo.h"

namespace zoo {
namespace {

using chains::ChainletPeer;
using chains::FakePlatform;
using chains::GrpcChannel;
using chains::Identity;
using chains::internal::IdentityKeeper;
using chains::internal::Replica;
using chains::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

const char kGateway[] = "spiffe://test.local/gateway";
const char kRoot[] = "spiffe://test.local/chain/zoo/chainlet/zoo.Root";
const char kLeaf[] = "spiffe://test.local/chain/zoo/chainlet/zoo.Leaf";
const char kStranger[] = "spiffe://test.local/chain/farm/chainlet/zoo.Root";

std::string NewSocket() {
  static int count = 0;
  return "unix:" + ::testing::TempDir() + "identity_" + std::to_string(getpid()) + "_" +
         std::to_string(++count);
}

chains::Chain ZooChain(LeafScript& script) {
  chains::Chain chain("zoo");
  chain.Add<ScriptedLeaf>(Script(script));
  chain.Add<RootObject>(chains::Needs<Leaf>{}).Entrypoint();
  return chain;
}

class IdentityTest : public ::testing::Test {
 protected:
  IdentityTest() : client_(workers_) {
    chains::PrepareProcess();
    client_.Start();
  }
  ~IdentityTest() override { client_.Stop(); }

  Replica::Options Serving(const std::string& chainlet, const std::string& as) {
    Replica::Options options;
    options.chainlets = {chainlet};
    options.listen = {NewSocket()};
    options.name = chainlet;
    options.max_reactors = 1;
    options.identity = identities_.Make(chainlet, {as});
    return options;
  }
  std::unique_ptr<Replica> Start(Replica::Options options,
                                 const chains::internal::Endpoints& endpoints = {}) {
    auto replica = Replica::Listen(chain_.spec(), std::move(options), workers_);
    EXPECT_TRUE(replica.ok()) << replica.status();
    const absl::Status started = (*replica)->Start(endpoints);
    EXPECT_TRUE(started.ok()) << started;
    return *std::move(replica);
  }
  std::unique_ptr<Replica> StartRoot(const Replica& leaf) {
    return Start(Serving("zoo.Root", kRoot), {{"zoo.Leaf", leaf.addresses()}});
  }

  // Asks for Root as a process of that name.
  absl::Status AskRoot(const Replica& replica, const std::string& as) {
    GrpcChannel channel(
        replica.addresses().front(), client_,
        {.connections = 1, .credentials = identities_.Make("asks", {as})->ToPeer(kRoot)});
    const auto root = chains::Contract<Root>::Connect(channel);
    return chains::RunOn(
               client_, [&] { return root->RunRemote(Calls(1, 3)); }, Soon())
        .status();
  }
  absl::Status AskLeaf(const Replica& replica, const std::string& as) {
    GrpcChannel channel(
        replica.addresses().front(), client_,
        {.connections = 1, .credentials = identities_.Make("asks", {as})->ToPeer(kLeaf)});
    const auto leaf = chains::Contract<Leaf>::Connect(channel);
    return chains::RunOn(
               client_, [&] { return leaf->RunRemote(Number(3)); }, Soon())
        .status();
  }
  static chains::Context Soon() {
    return chains::Context().WithDeadline(absl::Now() + absl::Seconds(20));
  }

  chains::Identities identities_;
  LeafScript script_;
  const chains::Chain chain_ = ZooChain(script_);
  chains::WorkerPool workers_;
  chains::Reactor client_;
};

TEST_F(IdentityTest, AChainletCallsWhatItDependsOnAndTheGatewayCallsTheEntrypoint) {
  const auto leaf = Start(Serving("zoo.Leaf", kLeaf));
  const auto root = StartRoot(*leaf);
  EXPECT_THAT(AskRoot(*root, kGateway), chains::testing::IsOk());
  EXPECT_EQ(script_.finished, 1);
}

TEST_F(IdentityTest, NobodyElseIsAnswered) {
  const auto leaf = Start(Serving("zoo.Leaf", kLeaf));
  const auto root = StartRoot(*leaf);
  for (const char* const who : {kGateway, kLeaf, kStranger, "spiffe://test.local/platform"}) {
    EXPECT_THAT(AskLeaf(*leaf, who), StatusIs(absl::StatusCode::kPermissionDenied,
                                              HasSubstr(std::string("the caller is ") + who)));
  }
  for (const char* const who : {kRoot, kLeaf, kStranger}) {
    EXPECT_THAT(AskRoot(*root, who), StatusIs(absl::StatusCode::kPermissionDenied));
  }
  EXPECT_EQ(script_.started, 0);
}

TEST_F(IdentityTest, ACalleeThatIsNotWhoItShouldBeGetsNothing) {
  const auto leaf = Start(Serving("zoo.Leaf", kLeaf));
  // Where Root believes that Leaf is, somebody else answers.
  const auto other = StartRoot(*leaf);
  const auto root = StartRoot(*other);
  EXPECT_THAT(AskRoot(*root, kGateway),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr(std::string("and not ") + kLeaf)));
}

TEST_F(IdentityTest, AReplicaNeedsTheNamesOfAllThatItServes) {
  Replica::Options options = Serving("zoo.Leaf", kLeaf);
  options.chainlets = {"zoo.Leaf", "zoo.Root"};
  EXPECT_THAT(Replica::Listen(chain_.spec(), std::move(options), workers_).status(),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr(std::string("zoo.Root needs one with the name ") + kRoot)));
}

TEST_F(IdentityTest, APlatformsOrdersSayWhoMayCall) {
  FakePlatform platform(NewSocket());
  Replica::Options options = Serving("zoo.Leaf", kLeaf);
  options.platform = {.platform = platform.address(),
                      .deployment = "d1",
                      .token = "t0ken",
                      .replica = "zoo.Leaf",
                      .timeout = absl::Hours(1),
                      .on_lost = [] {}};
  const auto leaf = Start(std::move(options));
  EXPECT_THAT(AskLeaf(*leaf, kRoot), chains::testing::IsOk()) << "as its own chain says";
  chains::v1::ReplicaOrders orders;
  orders.set_version(1);
  chains::v1::AllowedCallers& allowed = *orders.add_callers();
  allowed.set_chainlet("zoo.Leaf");
  allowed.add_callers("zoo.Newer");
  platform.Order(orders);
  ASSERT_TRUE(platform.control().Await(
      [](const chains::v1::ReplicaReport& report) { return report.orders_seen() == 1; }));
  EXPECT_THAT(AskLeaf(*leaf, kRoot), StatusIs(absl::StatusCode::kPermissionDenied));
  EXPECT_THAT(AskLeaf(*leaf, "spiffe://test.local/chain/zoo/chainlet/zoo.Newer"),
              chains::testing::IsOk());
}

TEST_F(IdentityTest, AChainIsCalledWhatItsCertificateSays) {
  using chains::internal::ChainOf;
  EXPECT_EQ(ChainOf(*identities_.Make("a", {kLeaf})), "zoo");
  EXPECT_EQ(ChainOf(*identities_.Make("b", {kStranger})), "farm");
  EXPECT_EQ(ChainOf(*identities_.Make("c", {kGateway})), "");
  EXPECT_EQ(ChainOf(*identities_.Make("d", {"spiffe://test.local/chain/zoo"})), "");
  EXPECT_EQ(ChainOf(*identities_.Make("e", {"spiffe://test.local/chainlet/x"})), "");
}

TEST_F(IdentityTest, CallersAreWhoDependsOnAChainlet) {
  const auto callers = chains::internal::CallersIn(chain_.spec());
  ASSERT_EQ(callers.size(), 2);
  EXPECT_EQ(callers.Get(0).chainlet(), "zoo.Leaf");
  EXPECT_THAT(callers.Get(0).callers(), ElementsAre("zoo.Root"));
  EXPECT_FALSE(callers.Get(0).gateway());
  EXPECT_EQ(callers.Get(1).chainlet(), "zoo.Root");
  EXPECT_THAT(callers.Get(1).callers(), ElementsAre());
  EXPECT_TRUE(callers.Get(1).gateway());
}

TEST_F(IdentityTest, WhatAReplicaSaysOfItselfIsForItsChainAndThoseWhoRunIt) {
  const auto identity = identities_.Make("a", {kLeaf});
  const chains::Authorization::Rules rules =
      chains::internal::RulesOf(chains::internal::CallersIn(chain_.spec()), *identity);
  EXPECT_THAT(rules.others, ElementsAre(kGateway, "spiffe://test.local/platform", kLeaf, kRoot));
}

TEST(RenewAtTest, IsHalfOfTheTimeThatIsLeftGiveOrTakeATenth) {
  const absl::Time now = absl::FromUnixSeconds(1'000'000);
  const absl::Time expires = now + absl::Hours(24);
  using chains::internal::RenewAt;
  EXPECT_EQ(RenewAt(now, expires, 0.5), now + absl::Hours(12));
  EXPECT_EQ(RenewAt(now, expires, 0.0), now + absl::Hours(24) * 0.4);
  EXPECT_EQ(RenewAt(now, expires, 1.0), now + absl::Hours(24) * 0.6);
  EXPECT_EQ(RenewAt(now, now - absl::Hours(1), 0.5), now + absl::Seconds(1)) << "soon, not at once";
}

class IdentityKeeperTest : public IdentityTest {
 protected:
  IdentityKeeperTest() : platform_(NewSocket()) {}

  IdentityKeeper::Options Options() {
    return {.platform = platform_.address(),
            .token = "t0ken",
            .deployment = "d1",
            .chainlets = {"zoo.Leaf"},
            .folder = identities_.FolderOf("kept")};
  }
  // The platform's answer from now on: certificates that are valid so long.
  void Certify(absl::Duration life) {
    platform_.control().SetCertify([this, life](const chains::v1::CertifyRequest& request)
                                       -> absl::StatusOr<chains::v1::CertifyResponse> {
      chains::v1::CertifyResponse response;
      auto made = identities_.authority().Certify(request.request(), {kLeaf}, absl::Now(), life);
      if (!made.ok()) return made.status();
      response.set_certificate(*made);
      response.set_roots(identities_.authority().roots());
      return response;
    });
  }
  std::string Kept(const std::string& file) const {
    std::ifstream in(identities_.FolderOf("kept") + "/" + file, std::ios::binary);
    return std::string((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  }

  FakePlatform platform_;
};

TEST_F(IdentityKeeperTest, GetsACertificateWhoseKeyNeverLeaves) {
  Certify(absl::Hours(24));
  IdentityKeeper keeper(Options());
  const auto identity = keeper.Obtain(absl::Now() + absl::Seconds(20));
  ASSERT_TRUE(identity.ok()) << identity.status();
  EXPECT_THAT((*identity)->names(), ElementsAre(kLeaf));
  const chains::v1::CertifyRequest asked = platform_.control().certified().front();
  EXPECT_EQ(asked.deployment(), "d1");
  EXPECT_THAT(asked.chainlets(), ElementsAre("zoo.Leaf"));
  EXPECT_THAT(asked.request(), ::testing::Not(HasSubstr("PRIVATE KEY")));
  struct stat info {};
  ASSERT_EQ(::stat((identities_.FolderOf("kept") + "/identity.pem").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
}

TEST_F(IdentityKeeperTest, ARefusalIsSaidAtOnce) {
  platform_.control().SetCertify([](const chains::v1::CertifyRequest&) {
    return absl::PermissionDeniedError("not the token");
  });
  IdentityKeeper keeper(Options());
  EXPECT_THAT(keeper.Obtain(absl::InfiniteFuture()).status(),
              StatusIs(absl::StatusCode::kPermissionDenied, HasSubstr("not the token")));
}

TEST_F(IdentityKeeperTest, WaitsForAPlatformThatIsNotThereYet) {
  platform_.Stop();
  IdentityKeeper keeper(Options());
  EXPECT_THAT(
      keeper.Obtain(absl::Now() + absl::Milliseconds(200)).status(),
      StatusIs(absl::StatusCode::kUnavailable, HasSubstr("no certificate from the platform")));
  auto obtained = std::async(
      std::launch::async, [&] { return keeper.Obtain(absl::Now() + absl::Seconds(30)).status(); });
  platform_.Start();
  Certify(absl::Hours(24));
  EXPECT_THAT(obtained.get(), chains::testing::IsOk());
}

TEST_F(IdentityKeeperTest, ACertificateThatIsNotForItsKeyIsNotKept) {
  platform_.control().SetCertify([this](const chains::v1::CertifyRequest&) {
    const auto other = chains::internal::MakeSigningRequest();
    chains::v1::CertifyResponse response;
    response.set_certificate(
        *identities_.authority().Certify(other->request_pem, {kLeaf}, absl::Now()));
    response.set_roots(identities_.authority().roots());
    return response;
  });
  IdentityKeeper keeper(Options());
  EXPECT_THAT(
      keeper.Obtain(absl::Now() + absl::Seconds(20)).status(),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("not that of the certificate")));
  EXPECT_EQ(Kept("identity.pem"), "");
}

TEST_F(IdentityKeeperTest, RenewsBeforeItExpiresAndWithAnotherKey) {
  Certify(absl::Seconds(2));
  IdentityKeeper keeper(Options());
  ASSERT_TRUE(keeper.Obtain(absl::Now() + absl::Seconds(20)).ok());
  const std::string first = Kept("identity.pem");
  chains::Reactor reactor(workers_);
  reactor.Start();
  keeper.Start(reactor);
  ASSERT_TRUE(platform_.control().AwaitCertified(3));
  reactor.Stop();
  const std::string later = Kept("identity.pem");
  EXPECT_NE(later, first);
  EXPECT_TRUE(chains::internal::CheckKeyMatches(later).ok());
}

TEST_F(IdentityKeeperTest, ALostPlatformIsAskedAgain) {
  Certify(absl::Seconds(2));
  IdentityKeeper keeper(Options());
  ASSERT_TRUE(keeper.Obtain(absl::Now() + absl::Seconds(20)).ok());
  platform_.Stop();
  chains::Reactor reactor(workers_);
  reactor.Start();
  keeper.Start(reactor);
  platform_.Start();
  Certify(absl::Seconds(2));
  EXPECT_TRUE(platform_.control().AwaitCertified(1));
  reactor.Stop();
}

}  // namespace
}  // namespace zoo
