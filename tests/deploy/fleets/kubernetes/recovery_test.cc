// A fleet whose platform is killed, and whose pods are lost, at any moment.
#include "tests/deploy/fleets/kubernetes/fleet_fixture.h"

namespace chains::deploy {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class KubernetesFleetRecovery : public FleetTest {};

TEST_F(KubernetesFleetRecovery, WhatRunsIsFoundAndGoesOn) {
  Deploy(Hello());
  Start("SayHello-1");
  Settle();
  const std::string pod = Pods().front();
  Kill();
  Platform();
  ASSERT_THAT(found_, SizeIs(1));
  EXPECT_EQ(found_[0].deployment, Hello().id);
  EXPECT_EQ(found_[0].name, "SayHello-1");
  EXPECT_EQ(found_[0].chain, "hello");
  EXPECT_EQ(found_[0].unit, "unit-key");
  EXPECT_EQ(found_[0].revision, 7u);
  EXPECT_THAT(found_[0].chainlets, ElementsAre("hello.SayHello"));
  EXPECT_EQ(found_[0].bundle, Hello().bundle);
  EXPECT_EQ(found_[0].cpus, 1);
  Settle();
  EXPECT_TRUE(Reachable("SayHello-1"));
  EXPECT_THAT(Pods(), ElementsAre(pod));
  EXPECT_EQ(cluster_.Agent(pod).started.size(), 1u);
  EXPECT_EQ(ReplicasOf(PlaceOfUnit()), 1);
  EXPECT_THAT(exits_, IsEmpty());
  Stop("SayHello-1");
  Pass(absl::Seconds(1));
  ASSERT_NE(ExitOf("SayHello-1"), nullptr);
  EXPECT_TRUE(ExitOf("SayHello-1")->asked);
  EXPECT_THAT(Pods(), IsEmpty());
}

TEST_F(KubernetesFleetRecovery, WhatWasNotedAndNeverStartedEnds) {
  cluster_.runs_pods = false;
  Deploy(Hello());
  Start("SayHello-1");
  Settle();
  cluster_.runs_pods = true;
  Settle();
  const std::string pod = Pods().front();
  // Noted, and its agent was not told before the platform was killed.
  cluster_.Agent(pod).Forget();
  Kill();
  Platform();
  ASSERT_THAT(found_, SizeIs(1));
  Settle();
  ASSERT_NE(ExitOf("SayHello-1"), nullptr);
  // It is nobody's fault, and another one is started.
  EXPECT_TRUE(ExitOf("SayHello-1")->asked);
}

TEST_F(KubernetesFleetRecovery, WhatEndedMeanwhileIsToldByItsAgent) {
  Deploy(Hello());
  Start("SayHello-1");
  Settle();
  Kill();
  cluster_.Agent(Pods().front()).Crash("killed by signal 6 (Aborted)");
  Platform();
  Settle();
  ASSERT_NE(ExitOf("SayHello-1"), nullptr);
  EXPECT_FALSE(ExitOf("SayHello-1")->asked);
  EXPECT_THAT(ExitOf("SayHello-1")->how, HasSubstr("signal 6"));
}

TEST_F(KubernetesFleetRecovery, APodThatIsGoneMeanwhileIsNotFound) {
  Deploy(Hello());
  Start("SayHello-1");
  Settle();
  Kill();
  cluster_.makes_pods = false;
  cluster_.Vanish(Pods().front());
  Platform();
  EXPECT_THAT(found_, IsEmpty());
  Settle();
  // Nothing is wanted of what an earlier platform asked for.
  EXPECT_EQ(ReplicasOf(PlaceOfUnit()), 0);
}

TEST_F(KubernetesFleetRecovery, APodWhoseAgentDoesNotComeBackIsAnExitOnceItsContainerIsAnotherOne) {
  Deploy(Hello());
  Start("SayHello-1");
  Settle();
  const std::string pod = Pods().front();
  Kill();
  running_.reset();
  fleet_ = std::make_unique<KubernetesFleet>(api_, settings_, HooksHere());
  ASSERT_TRUE(cluster_.Ask(fleet_->Find()).ok());
  fleet_->Deploy(Hello());
  running_.emplace(clock_, fleet_->Run());
  Pass(absl::Seconds(60));
  EXPECT_THAT(exits_, IsEmpty()) << "it may be cut off";
  cluster_.RestartContainer(pod, "OOMKilled", 137);
  Settle();
  ASSERT_NE(ExitOf("SayHello-1"), nullptr);
  EXPECT_THAT(ExitOf("SayHello-1")->how, HasSubstr("OOMKilled"));
}

TEST_F(KubernetesFleetRecovery, WhatWasWaitingForAPodIsForgottenWithItsPlatform) {
  cluster_.runs_pods = false;
  Deploy(Hello());
  Start("SayHello-1");
  Settle();
  ASSERT_EQ(ReplicasOf(PlaceOfUnit()), 1);
  Kill();
  Platform();
  EXPECT_THAT(found_, IsEmpty());
  EXPECT_EQ(ReplicasOf(PlaceOfUnit()), 0);
  cluster_.runs_pods = true;
  Start("SayHello-2");
  Settle();
  EXPECT_TRUE(Reachable("SayHello-2"));
}

TEST_F(KubernetesFleetRecovery, AKillInTheMiddleOfAStopIsFinishedByTheNext) {
  Deploy(Hello());
  Start("SayHello-1");
  Settle();
  cluster_.Agent(Pods().front()).obeys = false;
  Stop("SayHello-1");
  Settle();
  Kill();
  Platform();
  ASSERT_THAT(found_, SizeIs(1));
  cluster_.Agent(Pods().front()).obeys = true;
  Stop("SayHello-1");
  Pass(absl::Seconds(1));
  EXPECT_NE(ExitOf("SayHello-1"), nullptr);
  EXPECT_THAT(Pods(), IsEmpty());
}

TEST_F(KubernetesFleetRecovery, APlatformThatKnowsNothingOfADeploymentLeavesItsPodsAlone) {
  Deploy(Hello());
  Start("SayHello-1");
  Settle();
  const std::string pod = Pods().front();
  Kill();
  deployed_.clear();
  Platform();
  Pass(absl::Seconds(5));
  EXPECT_THAT(Pods(), ElementsAre(pod));
  EXPECT_EQ(cluster_.Agent(pod).runs(), "SayHello-1");
}

TEST_F(KubernetesFleetRecovery, APodThatGoesBeforeItIsToldCostsNoReplica) {
  Deploy(Hello());
  cluster_.runs_pods = false;
  Start("SayHello-1");
  Settle();
  cluster_.Vanish(Pods().front());
  Settle();
  EXPECT_THAT(Pods(), SizeIs(1)) << "another one comes";
  cluster_.runs_pods = true;
  Settle();
  EXPECT_TRUE(Reachable("SayHello-1"));
  EXPECT_THAT(exits_, IsEmpty());
}

TEST_F(KubernetesFleetRecovery, APodThatIsDeletedUnderARunningReplicaIsAnExit) {
  Deploy(Hello());
  Start("SayHello-1");
  Settle();
  cluster_.Vanish(Pods().front());
  Settle();
  ASSERT_NE(ExitOf("SayHello-1"), nullptr);
  EXPECT_FALSE(ExitOf("SayHello-1")->asked);
  EXPECT_THAT(ExitOf("SayHello-1")->how, HasSubstr("its pod was deleted"));
  Start("SayHello-2");
  Settle();
  EXPECT_TRUE(Reachable("SayHello-2"));
}

TEST_F(KubernetesFleetRecovery, APodThatTheClusterEndsLeavesByItself) {
  Deploy(Hello());
  Start("SayHello-1");
  Settle();
  cluster_.Delete(kinds::kPod, Pods().front());
  clock_.Settle();
  EXPECT_FALSE(Reachable("SayHello-1") && ExitOf("SayHello-1") != nullptr);
  Settle();
  ASSERT_NE(ExitOf("SayHello-1"), nullptr);
  EXPECT_TRUE(ExitOf("SayHello-1")->asked);
  Start("SayHello-2");
  Settle();
  EXPECT_TRUE(Reachable("SayHello-2"));
  EXPECT_EQ(ReplicasOf(PlaceOfUnit()), 1);
}

TEST_F(KubernetesFleetRecovery, AReplicaIsNotReachableWhileItsPodIsBeingDeleted) {
  Deploy(Hello());
  Start("SayHello-1");
  Settle();
  ASSERT_TRUE(Reachable("SayHello-1"));
  cluster_.Agent(Pods().front()).obeys = false;
  cluster_.Agent(Pods().front()).Detach();  // cut off: it does not leave
  cluster_.Delete(kinds::kPod, Pods().front());
  Settle();
  EXPECT_FALSE(Reachable("SayHello-1"));
}

TEST_F(KubernetesFleetRecovery, AContainerThatWasKilledForItsMemoryIsSaidToHaveBeen) {
  Deploy(Hello());
  Start("SayHello-1");
  Settle();
  const std::string pod = Pods().front();
  cluster_.Agent(pod).Forget();
  cluster_.Agent(pod).Attach(fleet_->pods());  // faster than the kubelet's word
  clock_.Settle();
  EXPECT_THAT(exits_, IsEmpty());
  cluster_.RestartContainer(pod, "OOMKilled", 137);
  Settle();
  ASSERT_NE(ExitOf("SayHello-1"), nullptr);
  EXPECT_FALSE(ExitOf("SayHello-1")->asked);
  EXPECT_THAT(ExitOf("SayHello-1")->how,
              AllOf(HasSubstr("limit of 400Mi (OOMKilled)"), HasSubstr(pod)));
  // Its pod has another attempt, and what that is noted with is of now.
  Start("SayHello-2");
  Settle();
  EXPECT_EQ(cluster_.Agent(pod).runs(), "SayHello-2");
  Pass(absl::Seconds(10));
  EXPECT_EQ(ExitOf("SayHello-2"), nullptr);
}

TEST_F(KubernetesFleetRecovery, AnAgentThatForgotItsProgramIsBelievedAfterAWhile) {
  Deploy(Hello());
  Start("SayHello-1");
  Settle();
  cluster_.Agent(Pods().front()).Forget();
  cluster_.Agent(Pods().front()).Attach(fleet_->pods());
  Pass(absl::Seconds(3));
  ASSERT_NE(ExitOf("SayHello-1"), nullptr);
  EXPECT_EQ(cluster_.Agent(Pods().front()).started.size(), 1u) << "it is not started twice";
}

TEST_F(KubernetesFleetRecovery, AnAgentThatIsCutOffKeepsWhatItHas) {
  Deploy(Hello());
  Start("SayHello-1");
  Settle();
  FakeAgent& agent = cluster_.Agent(Pods().front());
  agent.Detach();
  Pass(absl::Minutes(2));
  EXPECT_THAT(exits_, IsEmpty());
  agent.Attach(fleet_->pods());
  Settle();
  EXPECT_TRUE(Reachable("SayHello-1"));
  EXPECT_EQ(agent.started.size(), 1u);
}

TEST_F(KubernetesFleetRecovery, WhatAnAgentNeverHeardOfIsStoppedAtOnce) {
  cluster_.runs_pods = false;
  Deploy(Hello());
  Start("SayHello-1");
  Settle();
  cluster_.runs_pods = true;
  cluster_.Step(nullptr, tokens_);
  FakeAgent& agent = cluster_.Agent(Pods().front());
  agent.obeys = false;
  agent.Attach(fleet_->pods());
  Settle();
  ASSERT_EQ(agent.orders().run().replica(), "SayHello-1");
  agent.Detach();  // it was on its way
  Settle();
  agent.Attach(fleet_->pods());
  Stop("SayHello-1");
  Settle();
  ASSERT_NE(ExitOf("SayHello-1"), nullptr);
  EXPECT_TRUE(ExitOf("SayHello-1")->asked);
}

TEST_F(KubernetesFleetRecovery, ALostNodeIsAnExitWhenItsPodHasHadItsTime) {
  Deploy(Hello());
  Start("SayHello-1");
  Settle();
  const std::string pod = Pods().front();
  cluster_.Agent(pod).Detach();
  cluster_.Delete(kinds::kPod, pod);  // by the node controller; no kubelet ends it
  Pass(absl::Seconds(40));
  EXPECT_EQ(ExitOf("SayHello-1"), nullptr);
  Pass(absl::Seconds(15));
  ASSERT_NE(ExitOf("SayHello-1"), nullptr);
  EXPECT_FALSE(ExitOf("SayHello-1")->asked);
}

TEST_F(KubernetesFleetRecovery, AnEvictedPodIsSaidToBe) {
  Deploy(Hello());
  Start("SayHello-1");
  Settle();
  const std::string pod = Pods().front();
  cluster_.Agent(pod).Detach();
  cluster_.SetStatus(pod, {{"phase", "Failed"},
                           {"reason", "Evicted"},
                           {"message", "The node was low on resource: memory."}});
  Settle();
  ASSERT_NE(ExitOf("SayHello-1"), nullptr);
  EXPECT_THAT(ExitOf("SayHello-1")->how, HasSubstr("was evicted by its node"));
  Start("SayHello-2");
  Settle();
  EXPECT_TRUE(Reachable("SayHello-2"));
}

TEST_F(KubernetesFleetRecovery, WhoDoesNotLeaveWhenAskedLosesItsPod) {
  Deploy(Hello());
  Start("SayHello-1");
  Settle();
  const std::string pod = Pods().front();
  cluster_.Agent(pod).obeys = false;
  Stop("SayHello-1", absl::Seconds(5));
  Pass(absl::Seconds(30));
  EXPECT_EQ(ExitOf("SayHello-1"), nullptr);
  Pass(absl::Seconds(8));
  ASSERT_NE(ExitOf("SayHello-1"), nullptr);
  EXPECT_TRUE(ExitOf("SayHello-1")->asked);
  EXPECT_THAT(Pods(), IsEmpty());
}

TEST_F(KubernetesFleetRecovery, AServerThatFailsInEveryWayIsOutlasted) {
  faults_ = {.refused = 0.05,
             .lost_answers = 0.1,
             .too_many = 0.1,
             .errors = 0.1,
             .slow = 0.2,
             .dropped_watches = 0.2,
             .gone_watches = 0.2};
  FleetDeployment deployment = Hello();
  Deploy(deployment);
  for (int i = 1; i <= 3; ++i) Start(Text("SayHello-", i));
  Pass(absl::Seconds(20));
  Stop("SayHello-2");
  Pass(absl::Seconds(5));
  Kill();
  Platform();
  Pass(absl::Seconds(10));
  faults_ = {};
  Pass(absl::Seconds(30));
  EXPECT_EQ(ReplicasOf(PlaceOfUnit()), 2);
  EXPECT_THAT(Pods(), SizeIs(2));
  EXPECT_TRUE(Reachable("SayHello-1"));
  EXPECT_TRUE(Reachable("SayHello-3"));
  for (const ReplicaExit& exit : exits_) EXPECT_TRUE(exit.asked) << exit.name << " " << exit.how;
}

}  // namespace
}  // namespace chains::deploy
