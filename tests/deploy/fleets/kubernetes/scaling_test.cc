// A fleet whose places others scale; what is said of replicas that wait; and work by key.
#include "absl/strings/match.h"
#include "deploy/fleets/kubernetes/keyed_work.h"
#include "tests/deploy/fleets/kubernetes/fleet_fixture.h"

namespace chains::deploy {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::SizeIs;

ClusterSettings ScaledBy(ClusterSettings::Scaling scaling) {
  ClusterSettings settings;
  settings.scaling = scaling;
  return settings;
}

class ScaledByHpa : public FleetTest {
 protected:
  ScaledByHpa() : FleetTest(ScaledBy(ClusterSettings::Scaling::kHpa)) {
    FleetDeployment hello = Hello();
    hello.units.pop_back();
    Deploy(hello);
    Settle();
  }
  void Scale(int replicas) {
    Json patch = {{"spec", {{"replicas", replicas}}}};
    ASSERT_TRUE(cluster_
                    .Ask(cluster_.api.Merge(kinds::kDeployment, "chains", PlaceOfUnit(),
                                            std::move(patch), "scale"))
                    .ok());
    Settle();
  }
};

TEST_F(ScaledByHpa, HowManyReplicasThereAreIsTheClustersToSay) {
  EXPECT_THAT(cluster_.Objects(kinds::kAutoscaler), SizeIs(1));
  EXPECT_THAT(scaled_, ElementsAre(Pair("hello.SayHello", 1)));
  Start("SayHello-1");
  Settle();
  EXPECT_TRUE(Reachable("SayHello-1"));
  Scale(3);
  EXPECT_EQ(scaled_.back(), std::make_pair(std::string("hello.SayHello"), 3));
  Start("SayHello-2");
  Start("SayHello-3");
  Settle();
  EXPECT_TRUE(Reachable("SayHello-2"));
  EXPECT_TRUE(Reachable("SayHello-3"));
  EXPECT_EQ(ReplicasOf(PlaceOfUnit()), 3);
  // It is not ours to correct.
  Pass(absl::Seconds(5));
  EXPECT_EQ(ReplicasOf(PlaceOfUnit()), 3);
}

TEST_F(ScaledByHpa, FewerAreToldWhenThePodsThatTheClusterChoseAreLeaving) {
  Scale(2);
  Start("SayHello-1");
  Start("SayHello-2");
  Settle();
  cluster_.makes_pods = false;  // the cluster is slow to choose
  Scale(1);
  EXPECT_EQ(scaled_.back().second, 2);
  cluster_.makes_pods = true;
  Settle();
  EXPECT_EQ(scaled_.back().second, 1);
  ASSERT_THAT(exits_, SizeIs(1));
  EXPECT_TRUE(exits_[0].asked);
}

TEST_F(ScaledByHpa, ThePlaceOfNoUnitIsTheFleetsToEnd) {
  Start("SayHello-1");
  Settle();
  const std::string old_place = PlaceOfUnit();
  FleetDeployment larger = deployed_.begin()->second;
  larger.units[0].resources.set_cpus(2);
  Deploy(larger);
  Settle();
  Stop("SayHello-1");
  Settle();
  EXPECT_EQ(ReplicasOf(old_place), -1);
  std::vector<std::string> scalers;
  for (const Json& object : cluster_.Objects(kinds::kAutoscaler)) scalers.push_back(NameOf(object));
  EXPECT_THAT(scalers, ElementsAre(PlaceOfUnit()));
}

class Regrouped : public FleetTest {};

TEST_F(Regrouped, WhatStillRunsAloneIsReachableUntilItHasLeft) {
  Deploy(Hello());
  Start("SayHello-1");
  Settle();
  const std::string service = UnitName(Hello(), Hello().units[0]);
  FleetDeployment together = Hello();
  together.units = {UnitOf({"hello.SayHello", "hello.HelloAll"}, 1, 1 << 28, 1, 1)};
  Deploy(together);
  Start("SayHello+HelloAll-1");
  Settle();
  EXPECT_TRUE(Reachable("SayHello-1"));
  EXPECT_TRUE(Reachable("SayHello+HelloAll-1"));
  EXPECT_FALSE(cluster_.Object(kinds::kService, service).is_null());
  Stop("SayHello-1");
  Settle();
  EXPECT_TRUE(cluster_.Object(kinds::kService, service).is_null());
  EXPECT_TRUE(Reachable("SayHello+HelloAll-1"));
}

class ScaledByKeda : public FleetTest {
 protected:
  ScaledByKeda() : FleetTest(ScaledBy(ClusterSettings::Scaling::kKeda)) {}
};

TEST_F(ScaledByKeda, ThereAreScaledObjects) {
  Deploy(Hello());
  Settle();
  EXPECT_THAT(cluster_.Objects(kinds::kScaledObject), SizeIs(2));
}

class WaitingReplicas : public FleetTest {
 protected:
  WaitingReplicas() {
    cluster_.runs_pods = false;
    Deploy(Hello());
    Start("SayHello-1");
    Settle();
  }
};

TEST_F(WaitingReplicas, SayWhatTheSchedulerSays) {
  EXPECT_EQ(Problem("SayHello-1"), "");
  const int told = placed_;
  const Json condition = {{"type", "PodScheduled"},
                          {"status", "False"},
                          {"reason", "Unschedulable"},
                          {"message", "0/1 nodes are available: 1 Insufficient cpu."}};
  cluster_.SetStatus(Pods().front(), {{"conditions", Json::array({condition})}});
  Settle();
  EXPECT_THAT(Problem("SayHello-1"), HasSubstr("no node has 1 CPUs free"));
  EXPECT_GT(placed_, told);
}

TEST_F(WaitingReplicas, SayWhyThereIsNoPod) {
  cluster_.makes_pods = false;
  cluster_.Vanish(Pods().front());
  const Json event = {
      {"apiVersion", "v1"},
      {"kind", "Event"},
      {"metadata", {{"name", "e1"}, {"namespace", "chains"}}},
      {"involvedObject",
       {{"kind", "ReplicaSet"}, {"name", PlaceOfUnit() + "-abc"}, {"namespace", "chains"}}},
      {"type", "Warning"},
      {"reason", "FailedCreate"},
      {"message", "pods \"x\" is forbidden: exceeded quota: team, requested: pods=1"}};
  ASSERT_TRUE(cluster_.Ask(cluster_.api.Create(event)).ok());
  Settle();
  EXPECT_THAT(Problem("SayHello-1"), HasSubstr("quota is used up"));
}

TEST_F(WaitingReplicas, SayWhatTheirAgentsDo) {
  Deploy(Hello());
  cluster_.runs_pods = true;
  cluster_.Step(nullptr, tokens_);
  cluster_.Agent(Pods().front()).starts = false;
  Reattach(Pods().front());
  Settle();
  EXPECT_EQ(Problem("SayHello-1"), "fetching 1.0 of 2.0 MiB");
  EXPECT_THAT(fleet_->PlaceOf(Hello().id, "SayHello-1").node, HasSubstr(Pods().front()));
  EXPECT_FALSE(Reachable("SayHello-1"));
}

TEST(WaitingForTheServer, WhatItRefusesIsSaid) {
  class Refused : public FleetTest {
   public:
    void TestBody() override {
      cluster_.server.FailNext(
          [](const HttpRequest& request) {
            return request.method() == "PATCH" && absl::StrContains(request.target(), "configmaps");
          },
          {.status = 403, .headers = {}, .body = R"({"kind": "Status", "reason": "Forbidden",
            "message": "configmaps is forbidden: User cannot patch resource"})"});
      Deploy(Hello());
      Start("SayHello-1");
      Settle();
      EXPECT_THAT(Problem("SayHello-1"), HasSubstr("User cannot patch resource"));
      Pass(absl::Seconds(2));
      EXPECT_EQ(Problem("SayHello-1"), "");
      EXPECT_TRUE(Reachable("SayHello-1"));
    }
  };
  Refused().TestBody();
}

class KeyedWorkTest : public ::testing::Test {
 protected:
  Task<void> Work(std::string name) {
    log_.push_back(name);
    while (!go_) co_await door_.Wait();
    co_await outcome_;
  }
  void Start(const std::string& key) {
    work_.Start(key, [this, key] { return Work(key); });
    clock_.Settle();
  }
  void Finish(absl::Status outcome) {
    outcome_ = std::move(outcome);
    go_ = true;
    door_.Give();
    clock_.Settle();
    go_ = false;
  }

  chains::testing::FakeClock clock_;
  Notice changed_;
  Notice door_;
  bool go_ = false;
  absl::Status outcome_;
  std::vector<std::string> log_;
  KeyedWork work_{clock_, 2, changed_};
};

TEST_F(KeyedWorkTest, RunsOneOfAKeyAndSoManyOfAll) {
  Start("a");
  Start("a");
  Start("b");
  Start("c");
  EXPECT_THAT(log_, ElementsAre("a", "b"));
  EXPECT_TRUE(work_.Runs("a"));
  Finish(absl::OkStatus());
  EXPECT_FALSE(work_.Runs("a"));
  Start("c");
  Start("a");
  EXPECT_THAT(log_, ElementsAre("a", "b", "c", "a"));
}

TEST_F(KeyedWorkTest, WaitsLongerAfterEachFailureAndGivesNoticeWhenItMayTryAgain) {
  for (int i = 0; i < 12; ++i) {
    const size_t before = log_.size();
    Start("a");
    ASSERT_EQ(log_.size(), before + 1);
    Finish(absl::AbortedError("conflict"));
    ASSERT_NE(work_.ProblemOf("a"), nullptr);
    EXPECT_EQ(work_.ProblemOf("a")->message(), "conflict");
    Start("a");
    EXPECT_EQ(log_.size(), before + 1) << "it waits";
    const absl::Time from = clock_.Now();
    chains::testing::Running<void> waiting(
        clock_, [](Notice* notice) -> Task<void> { co_await notice->Wait(); }(&changed_));
    while (!waiting.done()) {
      clock_.Advance(absl::Milliseconds(100));
      clock_.Settle();
    }
    EXPECT_LE(clock_.Now() - from, absl::Seconds(31));
  }
  Start("a");
  Finish(absl::OkStatus());
  EXPECT_EQ(work_.ProblemOf("a"), nullptr);
}

}  // namespace
}  // namespace chains::deploy
