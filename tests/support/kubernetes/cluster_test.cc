#include "tests/support/kubernetes/cluster.h"

#include "tests/support/kubernetes/api_server_fixture.h"

namespace chains::deploy::fake {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

class PlainProgram final : public PodProgram {
 public:
  bool ready() const override { return is_ready && !told; }
  void Terminate() override { told = true; }
  bool ended() const override { return told && obeys; }

  bool is_ready = true, told = false, obeys = true;
};

class ClusterTest : public ApiServerTest {
 protected:
  ClusterTest() { cluster_.AddNode({.name = "node1", .cpus = 2, .gpus = 1}); }

  void Run() {
    for (int i = 0; cluster_.Step(); ++i) ASSERT_LT(i, 1000) << "it does not come to rest";
  }
  std::vector<Json> Pods() { return cluster_.Objects("v1", "pods"); }
  Json OnlyPod() { return Pods().size() == 1 ? Pods()[0] : Json(); }
  PlainProgram& Program(const Json& pod) {
    return dynamic_cast<PlainProgram&>(*cluster_.ProgramOf(NameOf(pod)));
  }

  Cluster cluster_{clock_, server_, 7,
                   [](const Json&) { return std::make_unique<PlainProgram>(); }};
};

TEST_F(ClusterTest, ADeploymentBecomesPodsThatRun) {
  Apply(SampleDeployment("a", 2), "us");
  Apply(SampleService("a"), "us");
  Run();
  ASSERT_THAT(Pods(), SizeIs(2));
  EXPECT_TRUE(HasCondition(Pods()[0], "Ready"));
  EXPECT_THAT(NameOf(Pods()[0]), ::testing::MatchesRegex("a-[0-9a-f]+-[a-z0-9]+"));
  EXPECT_EQ(IntAt(Get(SampleDeployment("a")).body, "/status/readyReplicas"), 2);
  const std::vector<Json> slices = cluster_.Objects("discovery.k8s.io/v1", "endpointslices");
  ASSERT_THAT(slices, SizeIs(1));
  EXPECT_EQ(slices[0]["endpoints"].size(), 2);
  EXPECT_TRUE(BoolAt(slices[0], "/endpoints/0/conditions/ready"));
  EXPECT_EQ(LabelOf(slices[0], "kubernetes.io/service-name"), "a");
}

TEST_F(ClusterTest, WhoIsNotReadyHasNoCalls) {
  Apply(SampleDeployment("a"), "us");
  Apply(SampleService("a"), "us");
  Run();
  Program(OnlyPod()).is_ready = false;
  Run();
  EXPECT_FALSE(BoolAt(cluster_.Objects("discovery.k8s.io/v1", "endpointslices")[0],
                      "/endpoints/0/conditions/ready"));
}

TEST_F(ClusterTest, WhatDoesNotFitWaitsAndSaysWhy) {
  Json wanted = SampleDeployment("a", 2);
  wanted["spec"]["template"]["spec"]["containers"][0]["resources"]["limits"] = {
      {"nvidia.com/gpu", 1}};
  Apply(wanted, "us");
  Run();
  ASSERT_THAT(Pods(), SizeIs(2));
  const std::vector<Json> pods = Pods();
  const Json& waits = StringAt(pods[0], "/spec/nodeName").empty() ? pods[0] : pods[1];
  EXPECT_THAT(waits.dump(), HasSubstr("0/1 nodes are available: 1 Insufficient nvidia.com/gpu."));
}

TEST_F(ClusterTest, TheCheapestOfThoseThatAreEqualGoesFirst) {
  Apply(SampleDeployment("a", 3), "us");
  Run();
  const std::string cheap = NameOf(Pods()[1]);
  Send("PATCH", Text("/api/v1/namespaces/chains/pods/", cheap),
       {{"metadata", {{"annotations", {{"controller.kubernetes.io/pod-deletion-cost", "-1"}}}}}},
       "application/merge-patch+json");
  Apply(SampleDeployment("a", 2), "us");
  Run();
  ASSERT_THAT(Pods(), SizeIs(2));
  for (const Json& pod : Pods()) EXPECT_NE(NameOf(pod), cheap);
}

TEST_F(ClusterTest, APodThatDoesNotEndIsEndedAfterItsGrace) {
  Apply(SampleDeployment("a"), "us");
  Run();
  Program(OnlyPod()).obeys = false;
  Apply(SampleDeployment("a", 0), "us");
  Run();
  EXPECT_TRUE(IsBeingDeleted(OnlyPod()));
  clock_.Advance(absl::Seconds(31));
  Run();
  EXPECT_THAT(Pods(), SizeIs(0));
}

TEST_F(ClusterTest, AContainerThatIsKilledIsStartedAnew) {
  Apply(SampleDeployment("a"), "us");
  Run();
  const std::string uid = UidOf(OnlyPod());
  cluster_.FailContainer(NameOf(OnlyPod()), "OOMKilled", 137);
  Run();
  EXPECT_EQ(UidOf(OnlyPod()), uid);
  EXPECT_EQ(IntAt(OnlyPod(), "/status/containerStatuses/0/restartCount"), 1);
  EXPECT_EQ(StringAt(OnlyPod(), "/status/containerStatuses/0/lastState/terminated/reason"),
            "OOMKilled");
  EXPECT_TRUE(HasCondition(OnlyPod(), "Ready"));
}

TEST_F(ClusterTest, WhatRanOnALostNodeRunsElsewhere) {
  Apply(SampleDeployment("a"), "us");
  Run();
  const std::string uid = UidOf(OnlyPod());
  cluster_.AddNode({.name = "node2"});
  cluster_.LoseNode("node1");
  Run();
  EXPECT_NE(UidOf(OnlyPod()), uid);
  EXPECT_EQ(StringAt(OnlyPod(), "/spec/nodeName"), "node2");
}

TEST_F(ClusterTest, ImagesThatCannotBePulledAreSaidAndTriedAgain) {
  cluster_.BreakRegistry(true);
  Apply(SampleDeployment("a"), "us");
  Run();
  EXPECT_EQ(StringAt(OnlyPod(), "/status/containerStatuses/0/state/waiting/reason"),
            "ImagePullBackOff");
  cluster_.BreakRegistry(false);
  Run();
  EXPECT_TRUE(HasCondition(OnlyPod(), "Ready"));
}

TEST_F(ClusterTest, WhatADeploymentMadeGoesWithIt) {
  Apply(SampleDeployment("a", 2), "us");
  Run();
  Send("DELETE", PathOf(SampleDeployment("a")));
  Run();
  EXPECT_THAT(Pods(), SizeIs(0));
  EXPECT_THAT(cluster_.Objects("apps/v1", "replicasets"), SizeIs(0));
}

}  // namespace
}  // namespace chains::deploy::fake
