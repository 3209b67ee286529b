#include "deploy/platform/control_service.h"

#include "absl/time/clock.h"
#include "chains/grpc/certificate.h"
#include "chains/testing/collect.h"
#include "tests/deploy/platform/platform_fixture.h"

namespace chains::deploy {
namespace {

using ::chains::testing::Collect;
using ::chains::testing::IsOk;
using ::chains::testing::Running;
using ::chains::testing::StatusIs;
using ::chains::testing::StreamOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

Context Showing(const std::string& token) {
  return Context(absl::InfiniteFuture(), "", {{"chains-token", token}});
}

class ControlServiceTest : public PlatformTest {
 protected:
  ControlServiceTest() {
    Control();
    v1::DeployRequest request;
    *request.mutable_bundle() =
        BundleOf({{.name = "shop.Price"}, {.name = "shop.Total", .calls = {"shop.Price"}}});
    push_.emplace(*this, request);
    price_ = Last("shop.Price");
    total_ = Last("shop.Total");
  }

  // What is answered to somebody who says so, at once.
  absl::Status Attached(const std::string& deployment, const std::string& replica,
                        const Context& context) {
    v1::ReplicaReport report;
    report.set_deployment(deployment);
    report.set_replica(replica);
    return Ask(Collect(control_.Attach(StreamOf<v1::ReplicaReport>({report}))), context).status();
  }

  Notice never_;
  std::optional<Push> push_;
  ReplicaSpec price_, total_;
};

TEST_F(ControlServiceTest, WhoHasNoTokenLearnsNothing) {
  std::string longer = price_.token;
  longer.push_back('x');
  const std::vector<Context> wrong = {Context(), Showing(""), Showing("another"), Showing(longer),
                                      Showing("gateway token")};
  for (const Context& context : wrong) {
    EXPECT_THAT(Attached(price_.deployment, price_.name, context),
                StatusIs(absl::StatusCode::kPermissionDenied));
    EXPECT_THAT(Attached(price_.deployment, "Nobody-1", context),
                StatusIs(absl::StatusCode::kPermissionDenied));
    EXPECT_THAT(Attached("nothing", price_.name, context),
                StatusIs(absl::StatusCode::kPermissionDenied));
  }
  EXPECT_THAT(Attached(price_.deployment, "Nobody-1", Showing(price_.token)),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("no replica Nobody-1")));
  EXPECT_THAT(Attached(price_.deployment, price_.name, Showing(price_.token)), IsOk());
}

TEST_F(ControlServiceTest, WhoSaysNothingIsNotWaitedForForever) {
  EXPECT_THAT(Ask(Collect(control_.Attach(StreamOf<v1::ReplicaReport>({})))).status(),
              StatusIs(absl::StatusCode::kInvalidArgument));
  Running<std::vector<v1::ReplicaOrders>> waiting(
      clock_, Collect(control_.Attach([](Notice* notice) -> Stream<v1::ReplicaReport> {
        co_await notice->Wait();
        co_yield v1::ReplicaReport();
      }(&never_))),
      Showing(price_.token));
  Pass(absl::Seconds(11));
  ASSERT_TRUE(waiting.done());
  EXPECT_THAT(waiting.outcome().status(), StatusIs(absl::StatusCode::kDeadlineExceeded));
}

TEST_F(ControlServiceTest, WhoAttachesAgainLeavesItsEarlierStream) {
  FakeReplica price(*this, price_);
  FakeReplica total(*this, total_, /*follows=*/false);
  ASSERT_NE(Find(total_)->stream, 0u);
  FakeReplica again(*this, total_);
  EXPECT_THAT(total.status(), StatusIs(absl::StatusCode::kNotFound, HasSubstr("attached again")));
  EXPECT_NE(Find(total_)->stream, 0u);
  EXPECT_THAT(again.Told("shop.Price"), ElementsAre(price_.name));
  // What it follows on this stream counts, and not what it did on that.
  EXPECT_EQ(Find(total_)->follower.seen, again.orders().version());
  total.Leave();
  Settle();
  EXPECT_NE(Find(total_)->stream, 0u);
  again.Leave();
  Settle();
  EXPECT_EQ(Find(total_)->stream, 0u);
}

TEST_F(ControlServiceTest, WhoIsAskedToLeaveByAnotherGetsNoNewCalls) {
  FakeReplica price(*this, price_), total(*this, total_);
  ASSERT_TRUE(push_->live());
  ASSERT_THAT(total.Told("shop.Price"), ElementsAre(price_.name));
  price.Say(v1::REPLICA_DRAINING);
  Settle();
  EXPECT_THAT(total.Told("shop.Price"), IsEmpty());
  // It is no beginner that nobody calls, and what runs in it counts.
  EXPECT_EQ(Find(price_)->state, Replica::State::kReady);
  EXPECT_GT(Find(price_)->left_at, 0u);
  price.Leave();
  End(price_);
  EXPECT_EQ(model_.Find(price_.deployment)->crashes[price_.unit].in_a_row, 0);
}

TEST_F(ControlServiceTest, WhoIsUnhealthyGetsNoCallsAndIsReplaced) {
  FakeReplica price(*this, price_), total(*this, total_);
  ASSERT_TRUE(push_->live());
  price.Say(v1::REPLICA_UNHEALTHY);
  Settle();
  EXPECT_THAT(total.Told("shop.Price"), IsEmpty());
  const ReplicaSpec second = Last("shop.Price");
  EXPECT_NE(second.name, price_.name);
  EXPECT_FALSE(fleet_.HasStopped(price_.name));
  FakeReplica better(*this, second);
  Pass(absl::Seconds(1));
  EXPECT_THAT(total.Told("shop.Price"), ElementsAre(second.name));
  EXPECT_TRUE(fleet_.HasStopped(price_.name));
}

TEST_F(ControlServiceTest, AGatewayIsToldOfEveryChange) {
  FakeReplica price(*this, price_);
  std::vector<v1::RouteTable> tables;
  Running<void> gateway(
      clock_,
      [](ControlService& control, std::vector<v1::RouteTable>& into, Notice* never) -> Task<void> {
        Stream<v1::RouteTable> stream =
            control.WatchRoutes([](Notice* end) -> Stream<v1::RoutesSeen> {
              v1::RoutesSeen none;
              co_yield std::move(none);
              co_await end->Wait();
            }(never));
        while (std::optional<v1::RouteTable> table = co_await stream.Next()) {
          into.push_back(*std::move(table));
        }
      }(control_, tables, &never_),
      Showing("gateway token"));
  Settle();
  ASSERT_FALSE(tables.empty());
  EXPECT_FALSE(tables.back().deployments(0).active());
  EXPECT_EQ(tables.back().environments_size(), 0);
  EXPECT_TRUE(tables.back().open());
  FakeReplica total(*this, total_);
  ASSERT_TRUE(push_->live());
  EXPECT_TRUE(tables.back().deployments(0).active());
  EXPECT_EQ(tables.back().environments(0).deployment(), push_->id());
  EXPECT_EQ(tables.back().deployments(0).replicas(0).replica(), total_.name);
  const uint64_t last = tables.back().version();
  Pass(absl::Seconds(5));
  EXPECT_EQ(tables.back().version(), last);
  EXPECT_EQ(model_.gateways.size(), 1u);
  // Its descriptors came once.
  int described = 0;
  for (const v1::RouteTable& table : tables) described += table.deployments(0).has_descriptors();
  EXPECT_EQ(described, 1);
}

TEST_F(ControlServiceTest, OnlyAGatewayMayWakeOrWatch) {
  v1::WakeUpRequest request;
  request.set_deployment(price_.deployment);
  for (const Context& context : {Context(), Showing(price_.token)}) {
    EXPECT_THAT(Ask(control_.WakeUp(request), context).status(),
                StatusIs(absl::StatusCode::kPermissionDenied));
    EXPECT_THAT(Ask(Collect(control_.WatchRoutes(StreamOf<v1::RoutesSeen>({}))), context).status(),
                StatusIs(absl::StatusCode::kPermissionDenied));
  }
  EXPECT_THAT(Ask(control_.WakeUp(request), Showing("gateway token")).status(), IsOk());
  request.set_deployment("nothing");
  EXPECT_THAT(Ask(control_.WakeUp(request), Showing("gateway token")).status(),
              StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(ControlServiceTest, DemandOfACallerWakesWhatSleeps) {
  FakeReplica price(*this, price_), total(*this, total_);
  ASSERT_TRUE(push_->live());
  const std::string id = push_->id();
  const auto keep_total = [&] {
    v1::ChainletLoad load;
    load.set_chainlet("shop.Total");
    load.set_in_flight(1);
    *total.report().add_loads() = load;
    total.Say();
  };
  keep_total();
  Pass(absl::Seconds(65));
  ASSERT_TRUE(fleet_.HasStopped(price_.name));
  price.Leave();
  End(price_);
  const size_t started = fleet_.started.size();
  Pass(absl::Seconds(5));
  ASSERT_EQ(fleet_.started.size(), started);
  v1::Demand& demand = *total.report().add_demands();
  demand.set_chainlet("shop.Price");
  demand.set_waiting(1);
  total.Say();
  Settle();
  EXPECT_EQ(fleet_.started.size(), started + 1);
  EXPECT_EQ(Last("shop.Price").deployment, id);
}

// A deployment that is woken and falls asleep all day.
TEST_F(ControlServiceTest, OnlyTheLastChangesOfScaleAreKept) {
  FakeReplica price(*this, price_), total(*this, total_);
  Deployment& deployment = *model_.Find(price_.deployment);
  for (int i = 0; i < 50; ++i) {
    deployment.WakeUp(Now());
    deployment.FallAsleep(Now());
  }
  EXPECT_LE(deployment.scalers.at("shop.Price").changes.size(), 20u);
}

class CertifyTest : public ControlServiceTest {
 protected:
  absl::StatusOr<v1::CertifyResponse> Certify(const std::string& deployment,
                                              const std::vector<std::string>& chainlets,
                                              const std::string& token) {
    v1::CertifyRequest request;
    request.set_deployment(deployment);
    request.mutable_chainlets()->Assign(chainlets.begin(), chainlets.end());
    request.set_request(chains::internal::MakeSigningRequest()->request_pem);
    return Ask(certifying_.Certify(request), Showing(token));
  }
  static PeerNames NamesIn(const absl::StatusOr<v1::CertifyResponse>& response) {
    if (!response.ok()) return {std::string(response.status().message())};
    return chains::internal::ReadCertificate(response->certificate())->names;
  }

  const std::shared_ptr<const Authority> authority_ =
      std::make_shared<const Authority>(*Authority::New("a.b", absl::Now()));
  ControlService certifying_{model_, "gateway token", authority_};
};

TEST_F(CertifyTest, AReplicaGetsTheNamesOfWhatItServes) {
  const auto response = Certify(price_.deployment, {"shop.Price", "shop.Total"}, price_.token);
  const std::string chain = Text("spiffe://a.b/chain/", price_.chain);
  EXPECT_THAT(NamesIn(response), ElementsAre(Text(chain, "/chainlet/shop.Price"),
                                             Text(chain, "/chainlet/shop.Total")));
  EXPECT_EQ(response->roots(), authority_->roots());
}

TEST_F(CertifyTest, AGatewayGetsTheGatewaysName) {
  EXPECT_THAT(NamesIn(Certify("", {}, "gateway token")), ElementsAre("spiffe://a.b/gateway"));
  EXPECT_THAT(NamesIn(Certify("", {"shop.Price"}, "gateway token")),
              ElementsAre("spiffe://a.b/gateway"));
}

TEST_F(CertifyTest, NobodyGetsANameThatHisTokenDoesNotPermit) {
  const auto denied = StatusIs(absl::StatusCode::kPermissionDenied);
  EXPECT_THAT(Certify(price_.deployment, {"shop.Price"}, "").status(), denied);
  EXPECT_THAT(Certify(price_.deployment, {"shop.Price"}, "gateway token").status(), denied);
  EXPECT_THAT(Certify("", {}, price_.token).status(), denied);
  EXPECT_THAT(Certify("nothing", {"shop.Price"}, price_.token).status(), denied);
  EXPECT_THAT(
      Certify(price_.deployment, {"other.Chainlet"}, price_.token).status(),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("no chainlet other.Chainlet")));
  EXPECT_THAT(Certify(price_.deployment, {}, price_.token).status(),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST_F(CertifyTest, APlatformWithoutAnAuthorityMakesNone) {
  v1::CertifyRequest request;
  request.set_deployment(price_.deployment);
  EXPECT_THAT(Ask(control_.Certify(request), Showing(price_.token)).status(),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("no mTLS")));
}

}  // namespace
}  // namespace chains::deploy
