#include "absl/strings/match.h"
#include "tests/deploy/fleets/kubernetes/fleet_fixture.h"

namespace chains::deploy {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

class KubernetesFleetTest : public FleetTest {};

TEST_F(KubernetesFleetTest, AReplicaGetsAPodIsNotedOnItAndRuns) {
  Deploy(Hello());
  Start("SayHello-1");
  Settle();
  EXPECT_EQ(ReplicasOf(PlaceOfUnit()), 1);
  ASSERT_THAT(Pods(), SizeIs(1));
  const std::string pod = Pods().front();
  EXPECT_EQ(cluster_.Agent(pod).runs(), "SayHello-1");
  EXPECT_TRUE(Reachable("SayHello-1"));
  const v1::ReplicaOrder& order = cluster_.Agent(pod).orders().run();
  EXPECT_EQ(order.program(), "bin/program");
  EXPECT_EQ(order.revision(), 7u);
  EXPECT_EQ(order.secrets().at("key"), "secret-value");
  EXPECT_THAT(order.assets(), ElementsAre("model"));
  const std::string note = AnnotationOf(cluster_.Object(kinds::kPod, pod), "chains.dev/replica");
  EXPECT_THAT(note, AllOf(HasSubstr("\"replica\":\"SayHello-1\""), HasSubstr("\"revision\":7")));
  EXPECT_THAT(note, ::testing::Not(HasSubstr("secret-value")));
  EXPECT_THAT(exits_, IsEmpty());
  EXPECT_GT(placed_, 0);
}

TEST_F(KubernetesFleetTest, AllOfADeploymentIsOwnedByItsConfigMap) {
  Deploy(Hello());
  Settle();
  const Json owner = cluster_.Object(kinds::kConfigMap, OwnerName(Hello()));
  ASSERT_FALSE(owner.is_null());
  for (const ObjectKind kind :
       {kinds::kSecret, kinds::kService, kinds::kDeployment, kinds::kDisruptionBudget}) {
    const std::vector<Json> objects = cluster_.Objects(kind);
    EXPECT_FALSE(objects.empty()) << kind.kind;
    for (const Json& object : objects) {
      EXPECT_EQ(StringAt(object, "/metadata/ownerReferences/0/uid"), UidOf(owner)) << kind.kind;
    }
  }
}

TEST_F(KubernetesFleetTest, WhatNothingRunsOfHasNoPods) {
  Deploy(Hello());
  Settle();
  EXPECT_EQ(ReplicasOf(PlaceOfUnit(0)), 0);
  EXPECT_EQ(ReplicasOf(PlaceOfUnit(1)), 0);
  EXPECT_THAT(Pods(), IsEmpty());
}

TEST_F(KubernetesFleetTest, AReplicaIsOrderedOnlyOnceItIsNoted) {
  cluster_.server.FailNext(
      [](const HttpRequest& request) {
        return request.method() == "PATCH" && absl::StrContains(request.target(), "/pods/") &&
               !absl::StrContains(request.target(), "/status");
      },
      {.status = 403, .headers = {}, .body = R"({"kind": "Status", "message": "no"})"});
  Deploy(Hello());
  Start("SayHello-1");
  Settle();
  ASSERT_THAT(Pods(), SizeIs(1));
  EXPECT_EQ(cluster_.Agent(Pods().front()).runs(), "");
  EXPECT_THAT(Problem("SayHello-1"), HasSubstr("no"));
  Pass(absl::Seconds(1));
  EXPECT_EQ(cluster_.Agent(Pods().front()).runs(), "SayHello-1");
}

TEST_F(KubernetesFleetTest, WhatIsStoppedLeavesItsPodAndThePodGoes) {
  Deploy(Hello());
  Start("SayHello-1");
  Start("SayHello-2");
  Settle();
  ASSERT_THAT(Pods(), SizeIs(2));
  const std::string kept = cluster_.PodOf("SayHello-2");
  Stop("SayHello-1", absl::Seconds(9));
  Settle();
  ASSERT_THAT(exits_, SizeIs(1));
  EXPECT_TRUE(exits_[0].asked);
  EXPECT_EQ(exits_[0].how, "exited with 0");
  EXPECT_THAT(exits_[0].last_lines, ElementsAre("the last line of SayHello-1"));
  EXPECT_EQ(ReplicasOf(PlaceOfUnit()), 1);
  EXPECT_THAT(Pods(), ElementsAre(kept));
  EXPECT_EQ(cluster_.Agent(kept).runs(), "SayHello-2");
}

TEST_F(KubernetesFleetTest, HowLongItHasToFinishIsToldToItsAgent) {
  Deploy(Hello());
  Start("SayHello-1");
  Settle();
  FakeAgent& agent = cluster_.Agent(Pods().front());
  agent.obeys = false;
  Stop("SayHello-1", absl::Seconds(9));
  Settle();
  EXPECT_FALSE(agent.orders().has_run());
  EXPECT_EQ(agent.orders().patience_ms(), 9000);
  EXPECT_THAT(exits_, IsEmpty());
  Stop("SayHello-1", absl::ZeroDuration());
  Settle();
  EXPECT_EQ(agent.orders().patience_ms(), 0);
}

TEST_F(KubernetesFleetTest, APodWithoutAProgramGoesBeforeOneThatIsStillStarting) {
  Deploy(Hello());
  Start("SayHello-1");
  Settle();
  Start("SayHello-2");
  cluster_.tells_ready = false;  // the kubelet is slow: 1 is ready still, and 2 is not yet
  Settle();
  ASSERT_EQ(ReplicasOf(PlaceOfUnit()), 2);
  const std::string starting = cluster_.PodOf("SayHello-2");
  ASSERT_FALSE(IsReady(cluster_.Object(kinds::kPod, starting)));
  Stop("SayHello-1");
  Settle();
  ASSERT_NE(ExitOf("SayHello-1"), nullptr);
  // Kubernetes would end the one that is not ready, so it is not told to have fewer.
  EXPECT_EQ(ReplicasOf(PlaceOfUnit()), 2);
  for (const std::string& pod : Pods()) {
    EXPECT_EQ(AnnotationOf(cluster_.Object(kinds::kPod, pod), annotations::kDeletionCost),
              pod == starting ? "" : "-1000");
  }
  // Neither is ready: now the cheap one goes.
  Json patch = {{"conditions", Json::array({{{"type", "Ready"}, {"status", "False"}}})}};
  for (const std::string& pod : Pods()) cluster_.SetStatus(pod, patch);
  Settle();
  EXPECT_THAT(Pods(), ElementsAre(starting));
  EXPECT_EQ(cluster_.Agent(starting).runs(), "SayHello-2");
}

TEST_F(KubernetesFleetTest, WhatWasNotStartedYetIsStoppedAtOnce) {
  cluster_.runs_pods = false;
  Deploy(Hello());
  Start("SayHello-1");
  Settle();
  ASSERT_THAT(Pods(), SizeIs(1));
  Stop("SayHello-1");
  Settle();
  ASSERT_THAT(exits_, SizeIs(1));
  EXPECT_TRUE(exits_[0].asked);
  EXPECT_EQ(ReplicasOf(PlaceOfUnit()), 0);
}

TEST_F(KubernetesFleetTest, ACrashIsToldWithItsLastLinesAndTheNextOneGetsTheSamePod) {
  Deploy(Hello());
  Start("SayHello-1");
  Settle();
  const std::string pod = Pods().front();
  cluster_.Agent(pod).Crash("killed by signal 11 (Segmentation fault)");
  Settle();
  ASSERT_THAT(exits_, SizeIs(1));
  EXPECT_FALSE(exits_[0].asked);
  EXPECT_THAT(exits_[0].how, HasSubstr("signal 11"));
  Pass(absl::Seconds(30));
  EXPECT_THAT(Pods(), ElementsAre(pod));
  Start("SayHello-2");
  Settle();
  EXPECT_EQ(cluster_.Agent(pod).runs(), "SayHello-2");
  // And goes when nobody comes.
  cluster_.Agent(pod).Crash("exited with 1");
  Pass(absl::Seconds(45));
  EXPECT_THAT(Pods(), IsEmpty());
}

TEST_F(KubernetesFleetTest, ADevelopmentDeploymentExchangesProgramsInItsPod) {
  FleetDeployment deployment = Hello();
  deployment.development = true;
  Deploy(deployment);
  Start("SayHello-1");
  Settle();
  const Json before = cluster_.Object(kinds::kPod, Pods().front());
  for (int i = 2; i < 6; ++i) {
    Stop(Text("SayHello-", i - 1));
    Settle();
    Pass(absl::Seconds(2));
    Start(Text("SayHello-", i));
    Settle();
    EXPECT_TRUE(Reachable(Text("SayHello-", i)));
  }
  ASSERT_THAT(Pods(), SizeIs(1));
  EXPECT_EQ(UidOf(cluster_.Object(kinds::kPod, Pods().front())), UidOf(before));
  EXPECT_THAT(cluster_.Agent(Pods().front()).started, SizeIs(5));
  Stop("SayHello-5");
  Pass(settings_.idle_pod - absl::Seconds(2));
  EXPECT_THAT(Pods(), SizeIs(1));
  Pass(absl::Seconds(5));
  EXPECT_THAT(Pods(), IsEmpty());
}

TEST_F(KubernetesFleetTest, OtherResourcesAreAnotherPlaceAndTheOldOneGoesWithItsReplicas) {
  Deploy(Hello());
  Start("SayHello-1");
  Settle();
  const std::string old_place = PlaceOfUnit();
  FleetDeployment larger = Hello();
  larger.units[0].resources.set_cpus(2);
  larger.units.insert(larger.units.begin(), Hello().units[0]);  // what is live stays
  Deploy(larger);
  fleet_->Start(SpecOf(larger, 1, "SayHello-2"));
  Settle();
  const std::string new_place = PlaceOfUnit(1);
  ASSERT_NE(old_place, new_place);
  EXPECT_EQ(ReplicasOf(old_place), 1);
  EXPECT_EQ(ReplicasOf(new_place), 1);
  EXPECT_TRUE(Reachable("SayHello-1"));
  EXPECT_TRUE(Reachable("SayHello-2"));
  larger.units.erase(larger.units.begin());
  Deploy(larger);
  Settle();
  EXPECT_EQ(ReplicasOf(old_place), 1) << "it has a replica";
  Stop("SayHello-1");
  Settle();
  EXPECT_EQ(ReplicasOf(old_place), -1) << "it is gone";
  EXPECT_TRUE(Reachable("SayHello-2"));
}

TEST_F(KubernetesFleetTest, WhatTheClusterHasNoAnswerToEndsAtOnceWithWhatToDo) {
  Deploy(Transcribe());
  Start("Recognizer-1");
  Start("Transcriber-1", 1);
  Settle();
  ASSERT_NE(ExitOf("Recognizer-1"), nullptr);
  EXPECT_FALSE(ExitOf("Recognizer-1")->asked);
  EXPECT_THAT(ExitOf("Recognizer-1")->how,
              AllOf(HasSubstr("pocketsphinx-en-us"), HasSubstr("chains image")));
  // The others run.
  EXPECT_TRUE(Reachable("Transcriber-1"));
}

TEST_F(KubernetesFleetTest, AReplicaOfNoDeploymentEndsAtOnce) {
  Deploy(Hello());
  fleet_->Start(SpecOf(Poems(), 1, "PoemGenerator-1"));
  Settle();
  ASSERT_THAT(exits_, SizeIs(1));
  EXPECT_THAT(exits_[0].how, HasSubstr("could not be started"));
}

TEST_F(KubernetesFleetTest, WhatIsRemovedIsGoneFromTheCluster) {
  Deploy(Hello());
  Start("SayHello-1");
  Settle();
  fleet_->Remove(Hello().id);
  deployed_.clear();
  Pass(absl::Seconds(2));
  for (const ObjectKind kind : {kinds::kConfigMap, kinds::kSecret, kinds::kService,
                                kinds::kDeployment, kinds::kDisruptionBudget}) {
    EXPECT_EQ(cluster_.Objects(kind).size(), 0u) << kind.kind;
  }
}

TEST_F(KubernetesFleetTest, WhatNobodyKnowsIsRemovedAndNothingOfOthers) {
  Deploy(Hello());
  Settle();
  const Json other = {
      {"apiVersion", "v1"},
      {"kind", "ConfigMap"},
      {"metadata",
       {{"name", "state"},
        {"namespace", "chains"},
        {"labels",
         {{"app.kubernetes.io/managed-by", "chains"}, {"chains.dev/deployment", "k3j2d9xa"}}}}}};
  ASSERT_TRUE(cluster_.Ask(api_.Create(other)).ok());
  Kill();
  deployed_.clear();
  Platform();
  fleet_->RemoveUnknown({"another"});
  Settle();
  std::vector<std::string> left;
  for (const Json& object : cluster_.Objects(kinds::kConfigMap)) left.push_back(NameOf(object));
  EXPECT_THAT(left, ElementsAre("state"));
  EXPECT_EQ(cluster_.Objects(kinds::kDeployment).size(), 0u);
}

TEST_F(KubernetesFleetTest, WhatSomebodyDeletesComesBack) {
  Deploy(Hello());
  Start("SayHello-1");
  Settle();
  cluster_.Delete(kinds::kService, UnitName(Hello(), Hello().units[0]));
  Settle();
  EXPECT_FALSE(cluster_.Object(kinds::kService, UnitName(Hello(), Hello().units[0])).is_null());
  cluster_.Delete(kinds::kConfigMap, OwnerName(Hello()));
  Pass(absl::Seconds(5));
  const Json owner = cluster_.Object(kinds::kConfigMap, OwnerName(Hello()));
  ASSERT_FALSE(owner.is_null());
  EXPECT_EQ(StringAt(cluster_.Object(kinds::kDeployment, PlaceOfUnit()),
                     "/metadata/ownerReferences/0/uid"),
            UidOf(owner));
}

TEST_F(KubernetesFleetTest, WhoScalesByHandIsCorrected) {
  Deploy(Hello());
  Start("SayHello-1");
  Settle();
  Json patch = {{"spec", {{"replicas", 3}}}};
  ASSERT_TRUE(cluster_
                  .Ask(cluster_.api.Merge(kinds::kDeployment, "chains", PlaceOfUnit(),
                                          std::move(patch), ""))
                  .ok());
  Pass(absl::Seconds(1));
  EXPECT_EQ(ReplicasOf(PlaceOfUnit()), 1);
  EXPECT_EQ(cluster_.Agent(cluster_.PodOf("SayHello-1")).started,
            std::vector<std::string>{"SayHello-1"});
}

TEST_F(KubernetesFleetTest, OutputIsTakenInOrderOnceAndAcknowledged) {
  Deploy(Hello());
  Start("SayHello-1");
  Settle();
  FakeAgent& agent = cluster_.Agent(Pods().front());
  const auto write = [&](uint64_t offset, const std::string& data) {
    agent.report().clear_output();
    v1::OutputPiece& piece = *agent.report().add_output();
    piece.set_replica("SayHello-1");
    piece.set_offset(offset);
    piece.set_data(data);
    agent.Say();
    Settle();
  };
  write(0, "one ");
  EXPECT_EQ(agent.orders().output_kept().at("SayHello-1"), 4u);
  write(0, "one two ");  // the acknowledgement was lost
  write(4, "two ");
  write(8, "three");
  write(std::numeric_limits<uint64_t>::max(), "overflow");
  EXPECT_EQ(output_["SayHello-1"], "one two three");
  EXPECT_EQ(agent.orders().output_kept().at("SayHello-1"), 13u);
}

TEST_F(KubernetesFleetTest, WhoHasNoTokenLearnsNothing) {
  Deploy(Hello());
  Start("SayHello-1");
  Settle();
  for (const std::string token : {"", "wrong", "token-of-k3j2d9xb"}) {
    v1::PodReport report;
    report.set_deployment(Hello().id);
    report.set_pod("mine");
    FakeAgent agent(clock_, report, token);
    agent.Attach(fleet_->pods());
    Settle();
    EXPECT_EQ(agent.status().code(), absl::StatusCode::kPermissionDenied);
  }
  v1::PodReport report;
  report.set_deployment("nothing");
  report.set_pod("mine");
  FakeAgent agent(clock_, report, "");
  agent.Attach(fleet_->pods());
  Settle();
  EXPECT_EQ(agent.status().code(), absl::StatusCode::kPermissionDenied);
}

TEST_F(KubernetesFleetTest, WhoOnlySaysThatHeIsAPodGetsNoReplica) {
  Deploy(Hello());
  v1::PodReport report;
  report.set_deployment(Hello().id);
  report.set_pod("no-pod-of-the-cluster");
  report.set_place(PlaceOfUnit());
  FakeAgent agent(clock_, report, Hello().token);
  agent.Attach(fleet_->pods());
  cluster_.runs_pods = false;
  Start("SayHello-1");
  Settle();
  EXPECT_FALSE(agent.orders().has_run());
}

TEST_F(KubernetesFleetTest, APodThatAttachesAgainLeavesItsEarlierStream) {
  Deploy(Hello());
  Start("SayHello-1");
  Settle();
  FakeAgent& agent = cluster_.Agent(Pods().front());
  FakeAgent again(clock_, agent.report(), Hello().token);
  again.Attach(fleet_->pods());
  Settle();
  EXPECT_EQ(agent.status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(again.orders().run().replica(), "SayHello-1");
  EXPECT_THAT(exits_, IsEmpty());
}

}  // namespace
}  // namespace chains::deploy
