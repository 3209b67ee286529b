// The controller over a fleet that places replicas by itself, as a cluster does.
#include "deploy/platform/describe.h"
#include "tests/deploy/platform/platform_fixture.h"

namespace chains::deploy {
namespace {

using ::chains::testing::StatusIs;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class ScheduledFleetTest : public PlatformTest {
 protected:
  // This machine has next to nothing.
  ScheduledFleetTest()
      : PlatformTest({.cpus = 1, .memory_bytes = 1 << 20, .gpus = 0}, /*of_cluster=*/true) {
    Control();
  }

  static v1::DeployRequest Of(const std::string& code, const std::string& gpu = "") {
    v1::DeployRequest request;
    *request.mutable_bundle() = BundleOf({{.name = "shop.Draw", .code = code, .gpu = gpu}});
    return request;
  }
  static v1::DeployRequest Developed(const std::string& code) {
    v1::DeployRequest request = Of(code);
    request.set_development(true);
    return request;
  }
  void Place(const ReplicaSpec& spec, const std::string& node, const std::string& problem) {
    fleet_.places[spec.name] = {.node = node, .problem = problem};
    controller_.Placed(spec.deployment, Now());
    Settle();
  }
  void Reach(const ReplicaSpec& spec, bool reachable = true) {
    controller_.Reachable(spec.deployment, spec.name, reachable, Now());
    Settle();
  }
  v1::ChainletStatus Shown(const std::string& id) {
    return Describe(model_, *model_.Find(id)).chainlets(0);
  }
  std::vector<std::string> Routed() {
    std::vector<std::string> names;
    const v1::RouteTable table = RoutesOf(model_, Now(), {});
    for (const v1::DeploymentRoute& route : table.deployments()) {
      for (const v1::Endpoint& each : route.replicas()) names.push_back(each.replica());
    }
    return names;
  }
  // Ready and reachable.
  void BringLive(const v1::DeployRequest& request) {
    Push push(*this, request);
    one_ = Last("shop.Draw");
    replica_.emplace(*this, one_);
    Reach(one_);
    ASSERT_TRUE(push.live()) << push.status();
  }

  ReplicaSpec one_;
  std::optional<FakeReplica> replica_;
};

TEST_F(ScheduledFleetTest, WhatThisMachineHasNotIsNoReasonToRefuse) {
  Push push(*this, Of("one", "H100"));
  ASSERT_THAT(fleet_.started, SizeIs(1)) << push.status();
  EXPECT_EQ(fleet_.started[0].resources.gpu(), "H100");
  EXPECT_EQ(fleet_.started[0].resources.gpu_count(), 1);
  EXPECT_THAT(fleet_.started[0].gpus, IsEmpty());
}

TEST_F(ScheduledFleetTest, TheFleetHearsOfADeploymentBeforeItsReplicasAndWhenItChanges) {
  BringLive(Of("one", "T4"));
  ASSERT_THAT(fleet_.deployed, SizeIs(::testing::Ge(1)));
  const FleetDeployment& first = fleet_.deployed.front();
  EXPECT_EQ(first.id, one_.deployment);
  EXPECT_EQ(first.chain, "shop");
  EXPECT_EQ(first.token, one_.token);
  EXPECT_EQ(first.bundle, one_.bundle);
  EXPECT_EQ(first.manifest.entrypoint(), "shop.Draw");
  ASSERT_THAT(first.units, SizeIs(1));
  EXPECT_THAT(first.units[0].chainlets, ElementsAre("shop.Draw"));
  EXPECT_EQ(first.units[0].resources.gpu(), "T4");
  EXPECT_EQ(first.units[0].autoscaling.max_replica(), 3);
  const size_t told = fleet_.deployed.size();
  Pass(absl::Seconds(5));
  EXPECT_THAT(fleet_.deployed, SizeIs(told));
  v1::SetScalingRequest scaling;
  scaling.set_deployment(one_.deployment);
  scaling.set_chainlet("Draw");
  scaling.mutable_change()->set_max_replica(9);
  scaling.mutable_change()->set_memory_bytes(int64_t{2} << 30);
  ASSERT_TRUE(Ask(service_.SetScaling(scaling)).ok());
  Pass(absl::Seconds(1));
  ASSERT_THAT(fleet_.deployed, SizeIs(told + 1));
  EXPECT_EQ(fleet_.deployed.back().units[0].autoscaling.max_replica(), 9);
  EXPECT_EQ(fleet_.deployed.back().units[0].resources.memory_bytes(), int64_t{2} << 30);
}

TEST_F(ScheduledFleetTest, TheFleetHearsOfWhatWasDeleted) {
  Push push(*this, Developed("one"));
  const std::string id = push.id();
  v1::DeploymentRequest request;
  request.set_deployment(id);
  chains::testing::Running<v1::DeleteResponse> deleting(clock_, service_.Delete(request));
  Pass(absl::Seconds(1));
  EXPECT_THAT(fleet_.removed, IsEmpty());
  End(Last("shop.Draw"));
  Pass(absl::Seconds(1));
  ASSERT_TRUE(deleting.done());
  EXPECT_THAT(fleet_.removed, ElementsAre(id));
  Pass(absl::Seconds(2));
  EXPECT_THAT(fleet_.removed, SizeIs(1));
}

TEST_F(ScheduledFleetTest, WhoCannotBeReachedGetsNoCallsAndMakesNothingLive) {
  Push push(*this, Of("one"));
  const ReplicaSpec one = Last("shop.Draw");
  FakeReplica replica(*this, one);
  Pass(absl::Seconds(2));
  EXPECT_FALSE(push.done());
  EXPECT_THAT(Routed(), IsEmpty());
  EXPECT_EQ(Shown(push.id()).ready(), 0);
  EXPECT_EQ(Shown(push.id()).state(), "starting");
  Reach(one);
  EXPECT_TRUE(push.live());
  EXPECT_THAT(Routed(), ElementsAre(one.name));
  Reach(one, false);
  EXPECT_THAT(Routed(), IsEmpty());
  EXPECT_EQ(Shown(push.id()).replicas(0).state(), "unreachable");
  Reach(one);
  EXPECT_THAT(Routed(), ElementsAre(one.name));
  EXPECT_THAT(fleet_.started, SizeIs(1));
}

TEST_F(ScheduledFleetTest, AnotherTakesThePlaceOfWhoStaysOutOfReach) {
  BringLive(Of("one"));
  Reach(one_, false);
  Pass(absl::Seconds(29));
  EXPECT_THAT(fleet_.started, SizeIs(1));
  Pass(absl::Seconds(2));
  ASSERT_THAT(fleet_.started, SizeIs(2));
  EXPECT_FALSE(fleet_.HasStopped(one_.name));
  FakeReplica other(*this, Last("shop.Draw"));
  Reach(Last("shop.Draw"));
  Pass(absl::Seconds(6));
  EXPECT_TRUE(fleet_.HasStopped(one_.name));
}

TEST_F(ScheduledFleetTest, WhoIsReadyAndNeverReachedDoesNotStartForever) {
  Push push(*this, Of("one"));
  const ReplicaSpec one = Last("shop.Draw");
  FakeReplica replica(*this, one);
  Pass(absl::Minutes(5) + absl::Seconds(6));
  EXPECT_TRUE(fleet_.HasStopped(one.name));
  EXPECT_THAT(Shown(push.id()).problem(), HasSubstr("could not be reached within 5m"));
}

TEST_F(ScheduledFleetTest, WhyAReplicaWaitsIsShownAndTheReasonWhenItIsGivenUp) {
  const std::string why = "no node has nvidia.com/gpu: 1 free; add one, or free some";
  Push push(*this, Of("one", "T4"));
  const ReplicaSpec one = Last("shop.Draw");
  Place(one, "", why);
  EXPECT_EQ(push.last().deployment().chainlets(0).state(), "pending");
  EXPECT_EQ(push.last().deployment().chainlets(0).problem(), why);
  EXPECT_EQ(push.last().deployment().chainlets(0).replicas(0).state(), "pending");
  Pass(absl::Minutes(5) - absl::Seconds(1));
  EXPECT_FALSE(push.done());
  EXPECT_FALSE(fleet_.HasStopped(one.name));
  Pass(absl::Seconds(2));
  EXPECT_THAT(push.status(),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       AllOf(HasSubstr("Draw did not start within 5m"), HasSubstr(why))));
  EXPECT_THAT(fleet_.started, SizeIs(1));
}

TEST_F(ScheduledFleetTest, TheTimeToStartBeginsWhenThereIsAPlace) {
  Push push(*this, Of("one"));
  const ReplicaSpec one = Last("shop.Draw");
  Place(one, "", "no node has room");
  Pass(absl::Minutes(4));
  Place(one, "node1 (pod p)", "");
  EXPECT_EQ(Shown(push.id()).replicas(0).node(), "node1 (pod p)");
  EXPECT_EQ(Shown(push.id()).state(), "starting");
  Pass(absl::Minutes(4));
  EXPECT_FALSE(fleet_.HasStopped(one.name));
  FakeReplica replica(*this, one);
  Reach(one);
  EXPECT_TRUE(push.live());
}

TEST_F(ScheduledFleetTest, WhatIsLiveWaitsForItsPlaceAsLongAsItTakes) {
  v1::DeployRequest request = Of("one");
  request.mutable_bundle()
      ->mutable_manifest()
      ->mutable_chainlets(0)
      ->mutable_autoscaling()
      ->set_min_replica(1);
  BringLive(request);
  replica_.reset();
  End(one_, "was lost with its node");
  Pass(absl::Seconds(1));
  const ReplicaSpec two = Last("shop.Draw");
  ASSERT_NE(two.name, one_.name);
  Place(two, "", "no node has room");
  Pass(absl::Minutes(20));
  EXPECT_FALSE(fleet_.HasStopped(two.name));
  EXPECT_EQ(Shown(two.deployment).problem(), "no node has room");
  EXPECT_EQ(Describe(model_, *model_.Find(two.deployment)).state(), v1::DEPLOYMENT_UNHEALTHY);
}

TEST_F(ScheduledFleetTest, OthersMayDecideHowManyReplicasThereAre) {
  BringLive(Of("one"));
  controller_.Scaled(one_.deployment, {"shop.Draw"}, 3, Now());
  Settle();
  EXPECT_THAT(fleet_.started, SizeIs(3));
  ASSERT_GE(Shown(one_.deployment).changes_size(), 1);
  EXPECT_EQ(Shown(one_.deployment).changes(0).from(), 1);
  EXPECT_EQ(Shown(one_.deployment).changes(0).to(), 3);
  EXPECT_THAT(Shown(one_.deployment).changes(0).why(), HasSubstr("outside of the platform"));
  const int changes = Shown(one_.deployment).changes_size();
  Pass(absl::Minutes(5));  // nothing is in flight, and yet they stay
  EXPECT_EQ(Shown(one_.deployment).wanted(), 3);
  EXPECT_EQ(Shown(one_.deployment).changes_size(), changes);
  controller_.Scaled(one_.deployment, {"shop.Draw"}, std::nullopt, Now());
  Pass(absl::Seconds(1));
  EXPECT_LT(Shown(one_.deployment).wanted(), 3);
}

class InPlaceTest : public ScheduledFleetTest {
 protected:
  InPlaceTest() { BringLive(Developed("one")); }

  // The old one leaves, and the new one is started.
  ReplicaSpec Exchange() {
    Pass(absl::Seconds(1));
    EXPECT_TRUE(fleet_.HasStopped(one_.name));
    EXPECT_THAT(fleet_.started, SizeIs(1));
    EXPECT_THAT(Routed(), IsEmpty());
    replica_.reset();
    End(one_);
    EXPECT_THAT(fleet_.started, SizeIs(2));
    return Last("shop.Draw");
  }
};

TEST_F(InPlaceTest, ADevelopmentDeploymentExchangesWithoutBeingAsked) {
  Push push(*this, Developed("two"));
  const ReplicaSpec two = Exchange();
  EXPECT_TRUE(two.development);
  FakeReplica replica(*this, two);
  Reach(two);
  EXPECT_TRUE(push.live()) << push.status();
  EXPECT_THAT(Routed(), ElementsAre(two.name));
  EXPECT_THAT(push.last().exchanged(), ElementsAre("shop.Draw"));
}

TEST_F(InPlaceTest, OneStartThatFailsBringsTheOldOneBack) {
  Push push(*this, Developed("broken"));
  End(Exchange(), "exited with 3");
  EXPECT_THAT(push.status(),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       AllOf(HasSubstr("in 1 attempt:"), HasSubstr("exited with 3"))));
  ASSERT_THAT(fleet_.started, SizeIs(3));
  const ReplicaSpec back = Last("shop.Draw");
  EXPECT_EQ(back.unit, one_.unit);
  EXPECT_EQ(back.bundle, one_.bundle);
  FakeReplica replica(*this, back);
  Reach(back);
  EXPECT_THAT(Routed(), ElementsAre(back.name));
  EXPECT_EQ(model_.Find(one_.deployment)->live->number, 1u);
}

// Who waits in a gateway would wait for good.
TEST_F(InPlaceTest, AStartThatHangsBringsTheOldOneBackInTime) {
  Push push(*this, Developed("hangs"));
  const ReplicaSpec two = Exchange();
  FakeReplica replica(*this, two, true, v1::REPLICA_STARTING);
  Pass(absl::Minutes(5) + absl::Seconds(1));
  EXPECT_THAT(push.status(), StatusIs(absl::StatusCode::kFailedPrecondition,
                                      HasSubstr("was not ready within 5m")));
  Pass(absl::Seconds(1));
  EXPECT_TRUE(fleet_.HasStopped(two.name));
}

TEST_F(InPlaceTest, APushThatComesMeanwhileTakesThePlaceOfTheFirst) {
  Push second(*this, Developed("two"));
  Push third(*this, Developed("three"));
  EXPECT_THAT(second.status(), StatusIs(absl::StatusCode::kAborted));
  const ReplicaSpec three = Exchange();
  FakeReplica replica(*this, three);
  Reach(three);
  EXPECT_TRUE(third.live()) << third.status();
  EXPECT_THAT(fleet_.started, SizeIs(2));
}

}  // namespace
}  // namespace chains::deploy
