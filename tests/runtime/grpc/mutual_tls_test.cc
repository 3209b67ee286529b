// Both ends of a connection show who they are, and a server decides who may call what.
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "chains/testing/status_matchers.h"
#include "ends.h"
#include "identities.h"

namespace chains {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::StatusIs;

constexpr Method kHealth{
    .chainlet = "grpc.health.v1.Health", .name = "Check", .path = "/grpc.health.v1.Health/Check"};
const char kEcho[] = "spiffe://test.local/chain/shop/chainlet/test.Echo";
const char kFriend[] = "spiffe://test.local/chain/shop/chainlet/test.Friend";
const char kStranger[] = "spiffe://test.local/chain/other/chainlet/test.Friend";

Task<Bytes> Answer(Bytes request) { co_return Bytes("echo " + request.ToString()); }
Stream<Bytes> AnswerEach(Stream<Bytes> requests) {
  while (std::optional<Bytes> request = co_await requests.Next()) co_yield std::move(*request);
}

class MutualTlsTest : public ::testing::Test {
 protected:
  MutualTlsTest() : client_(workers_) {
    PrepareProcess();
    client_.Start();
  }
  ~MutualTlsTest() override { client_.Stop(); }

  void Serve(std::vector<std::string> listen = {"127.0.0.1:0"}) {
    server_identity_ = identities_.Make("server", {kEcho});
    authorization_ = std::make_shared<Authorization>(
        Authorization::Rules{.callers = {{"test.Echo", {kFriend}}}, .others = {}});
    GrpcServer::Options options;
    options.listen = std::move(listen);
    options.replica = "echo-0";
    options.contracts = {&EchoContract()};
    options.health_listen = "127.0.0.1:0";
    options.credentials = server_identity_->ForServer(Identity::Callers::kNamed);
    options.authorization = authorization_;
    server_ = *GrpcServer::Listen(std::move(options), workers_);
    Service service;
    service.AddUnary(kUnary, Answer);
    service.AddStreaming(kBidirectional, AnswerEach);
    server_->Serve(0, std::move(service));
    server_->Start();
  }
  const std::string& address() const { return server_->addresses().front(); }

  std::unique_ptr<GrpcChannel> Connect(std::shared_ptr<grpc::ChannelCredentials> credentials) {
    return std::make_unique<GrpcChannel>(
        address(), client_,
        ChannelOptions({.connections = 1, .credentials = std::move(credentials)}));
  }
  // As `who`, to a server that must be `callee`.
  std::unique_ptr<GrpcChannel> ConnectAs(const std::string& who, const std::string& name,
                                         const std::string& callee = kEcho) {
    return Connect(identities_.Make(who, {name})->ToPeer(callee));
  }
  absl::StatusOr<std::string> Call(GrpcChannel& channel, const Method& method = kUnary) {
    for (int i = 0; i < 20 && Carries() && !CallForCarrier(channel, client_); ++i) {
    }
    absl::StatusOr<Bytes> reply = RunOn(
        client_, [&] { return channel.Unary(method, Bytes("hi")); }, Within(absl::Seconds(20)));
    if (!reply.ok()) return reply.status();
    return reply->ToString();
  }
  absl::Status Stream(GrpcChannel& channel) {
    return RunOn(
               client_,
               [&] {
                 return Collect(channel.Streaming(kBidirectional, Items({"a", "b"})));
               },
               Within(absl::Seconds(20)))
        .status();
  }
  // What calls over a new connection say, until that is `wanted` or a deadline passes.
  absl::StatusCode Until(absl::StatusCode wanted,
                         const std::shared_ptr<grpc::ChannelCredentials>& credentials) {
    absl::StatusCode code = absl::StatusCode::kUnknown;
    const absl::Time deadline = absl::Now() + absl::Seconds(20);
    while (code != wanted && absl::Now() < deadline) {
      code = Call(*Connect(credentials)).status().code();
    }
    return code;
  }

  Identities identities_;
  WorkerPool workers_;
  Reactor client_;
  std::shared_ptr<const Identity> server_identity_;
  std::shared_ptr<Authorization> authorization_;
  std::unique_ptr<GrpcServer> server_;
};

TEST_F(MutualTlsTest, WhoMayCallIsAnswered) {
  Serve();
  const auto channel = ConnectAs("friend", kFriend);
  EXPECT_THAT(Call(*channel), testing::IsOkAndHolds("echo hi"));
  EXPECT_THAT(Call(*channel), testing::IsOkAndHolds("echo hi"));
  EXPECT_TRUE(Stream(*channel).ok());
}

TEST_F(MutualTlsTest, AUnixSocketIsNoException) {
  Serve({"unix:" + SocketPath()});
  EXPECT_THAT(Call(*ConnectAs("friend", kFriend)), testing::IsOkAndHolds("echo hi"));
  EXPECT_THAT(Call(*ConnectAs("stranger", kStranger)).status(),
              StatusIs(absl::StatusCode::kPermissionDenied));
}

TEST_F(MutualTlsTest, AChainletOfAnotherChainIsRefusedAndToldWhy) {
  Serve();
  const auto channel = ConnectAs("stranger", kStranger);
  EXPECT_THAT(Call(*channel).status(),
              StatusIs(absl::StatusCode::kPermissionDenied,
                       AllOf(HasSubstr("test.Echo may be called by"), HasSubstr(kFriend),
                             HasSubstr(std::string("the caller is ") + kStranger))));
  EXPECT_THAT(Stream(*channel), StatusIs(absl::StatusCode::kPermissionDenied));
}

TEST_F(MutualTlsTest, WhoHasNoCertificateDoesNotGetAsFarAsACall) {
  Serve();
  identities_.Write("friend", {kFriend});
  const auto channel = Connect(ToPeerUnnamed(identities_.RootsOf("friend"), kEcho));
  EXPECT_THAT(Call(*channel).status(), StatusIs(absl::StatusCode::kUnavailable));
}

TEST_F(MutualTlsTest, PlaintextIsNotAnswered) {
  Serve();
  EXPECT_THAT(Call(*Connect(nullptr)).status(), StatusIs(absl::StatusCode::kUnavailable));
}

TEST_F(MutualTlsTest, ACertificateOfAnotherAuthorityIsWorthNothing) {
  Serve();
  const std::string trusted = identities_.authority().roots();
  identities_.SetAuthority(*Authority::New("test.local", absl::Now()));
  identities_.Write("forger", {kFriend});
  identities_.Put("forger", "roots.pem", trusted);
  EXPECT_THAT(Call(*Connect(identities_.Load("forger")->ToPeer(kEcho))).status(),
              StatusIs(absl::StatusCode::kUnavailable));
}

TEST_F(MutualTlsTest, ACallerGivesNothingToAServerThatIsSomebodyElse) {
  Serve();
  EXPECT_THAT(Call(*ConnectAs("friend", kFriend, "spiffe://test.local/platform")).status(),
              StatusIs(absl::StatusCode::kUnavailable,
                       HasSubstr(std::string("it is ") + kEcho +
                                 ", and not spiffe://test.local/platform")));
}

TEST_F(MutualTlsTest, HealthForProbesStaysOnItsPlaintextPortAndIsForEverybodyElsewhere) {
  Serve();
  GrpcChannel probe(server_->health_address(), client_);
  EXPECT_TRUE(Call(probe, kHealth).ok());
  EXPECT_TRUE(Call(*ConnectAs("stranger", kStranger), kHealth).ok());
}

TEST_F(MutualTlsTest, AChangedRuleHoldsForOpenConnections) {
  Serve();
  const auto channel = ConnectAs("friend", kFriend);
  ASSERT_TRUE(Call(*channel).ok());
  authorization_->Set({.callers = {{"test.Echo", {kStranger}}}, .others = {}});
  EXPECT_THAT(Call(*channel).status(), StatusIs(absl::StatusCode::kPermissionDenied));
  EXPECT_TRUE(Call(*ConnectAs("stranger", kStranger)).ok());
}

TEST_F(MutualTlsTest, ACertificateIsExchangedWithoutARestart) {
  Serve();
  const auto identity = identities_.Make("friend", {kFriend});
  const auto channel = Connect(identity->ToPeer(kEcho));
  ASSERT_TRUE(Call(*channel).ok());
  identities_.Write("friend", {kStranger});
  EXPECT_EQ(Until(absl::StatusCode::kPermissionDenied, identity->ToPeer(kEcho)),
            absl::StatusCode::kPermissionDenied);
  EXPECT_TRUE(Call(*channel).ok()) << "an open connection stays what it was";
}

TEST_F(MutualTlsTest, RootsAreExchangedWithoutARestart) {
  Serve();
  const auto before = identities_.Make("before", {kFriend});
  ASSERT_TRUE(Call(*Connect(before->ToPeer(kEcho))).ok());
  identities_.SetAuthority(*Authority::New("test.local", absl::Now()));
  identities_.Write("server", {kEcho});
  const auto after = identities_.Make("after", {kFriend});
  EXPECT_EQ(Until(absl::StatusCode::kOk, after->ToPeer(kEcho)), absl::StatusCode::kOk);
  EXPECT_THAT(Call(*Connect(before->ToPeer(kEcho))).status(),
              StatusIs(absl::StatusCode::kUnavailable));
}

TEST_F(MutualTlsTest, AFileThatCannotBeUsedIsHealedByTheNext) {
  Serve();
  const auto friends = identities_.Make("friend", {kFriend});
  const auto channel = Connect(friends->ToPeer(kEcho));
  ASSERT_TRUE(Call(*channel).ok());
  identities_.Put("server", "identity.pem", "half of a fi");
  EXPECT_EQ(Until(absl::StatusCode::kUnavailable, friends->ToPeer(kEcho)),
            absl::StatusCode::kUnavailable);
  EXPECT_TRUE(Call(*channel).ok()) << "an open connection stays";
  identities_.Write("server", {kEcho});
  EXPECT_EQ(Until(absl::StatusCode::kOk, friends->ToPeer(kEcho)), absl::StatusCode::kOk);
}

TEST_F(MutualTlsTest, WhoComesWithoutANameIsNobodyWhereThatIsPermitted) {
  server_identity_ = identities_.Make("server", {kEcho});
  GrpcServer::Options options;
  options.listen = {"127.0.0.1:0"};
  options.contracts = {&EchoContract()};
  options.credentials = server_identity_->ForServer(Identity::Callers::kOptional);
  options.authorization = std::make_shared<Authorization>(
      Authorization::Rules{.callers = {{"test.Echo", {kFriend}}}, .others = {}});
  server_ = *GrpcServer::Listen(std::move(options), workers_);
  Service service;
  service.AddUnary(kUnary, Answer);
  server_->Serve(0, std::move(service));
  server_->Start();
  EXPECT_TRUE(Call(*ConnectAs("friend", kFriend)).ok());
  EXPECT_THAT(Call(*Connect(ToPeerUnnamed(identities_.RootsOf("friend"), kEcho))).status(),
              StatusIs(absl::StatusCode::kPermissionDenied, HasSubstr("the caller is nobody")));
}

TEST(AuthorizationTest, OneOfSeveralNamesIsEnough) {
  const Authorization authorization({.callers = {{"a.A", {"x", "y"}}}, .others = {"z"}});
  EXPECT_TRUE(authorization.Check({"w", "y"}, "a.A").ok());
  EXPECT_THAT(authorization.Check({"z"}, "a.A"), StatusIs(absl::StatusCode::kPermissionDenied));
}

TEST(AuthorizationTest, WhatIsInNoListIsForTheOthersAlone) {
  const Authorization authorization({.callers = {{"a.A", {"x"}}}, .others = {"z"}});
  EXPECT_TRUE(authorization.Check({"z"}, "b.B").ok());
  EXPECT_THAT(authorization.Check({"x"}, "b.B"), StatusIs(absl::StatusCode::kPermissionDenied));
  EXPECT_THAT(authorization.Check({}, "b.B"),
              StatusIs(absl::StatusCode::kPermissionDenied, HasSubstr("the caller is nobody")));
}

TEST(AuthorizationTest, OnlyAChangeIsANewVersion) {
  Authorization authorization({.callers = {{"a.A", {"x"}}}, .others = {}});
  const uint64_t before = authorization.version();
  authorization.Set({.callers = {{"a.A", {"x"}}}, .others = {}});
  EXPECT_EQ(authorization.version(), before);
  authorization.Set({.callers = {{"a.A", {"y"}}}, .others = {}});
  EXPECT_GT(authorization.version(), before);
}

}  // namespace
}  // namespace chains
