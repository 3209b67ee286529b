#include "deploy/fleets/kubernetes/why_waiting.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "deploy/fleets/kubernetes/pod_facts.h"

namespace chains::deploy {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

// What kubectl shows of real pods, as JSON; the parts that are read.
Json Pod(const std::string& status, const std::string& limits = R"({"memory": "400Mi"})",
         const std::string& spec = "{}") {
  Json pod = Json::parse(R"({"apiVersion": "v1", "kind": "Pod",
      "metadata": {"name": "hello-1-abc-xk2p7", "namespace": "chains"}})");
  pod["spec"] = Json::parse(spec);
  pod["spec"]["containers"] = Json::array();
  Json container = {{"name", "replica"}, {"image", "r.example/chains/replica-cpu:1"}};
  container["resources"]["limits"] = Json::parse(limits);
  container["resources"]["requests"] = Json::parse(limits);
  container["resources"]["requests"]["cpu"] = "4";
  pod["spec"]["containers"].push_back(std::move(container));
  pod["status"] = Json::parse(status);
  return pod;
}

Json Unschedulable(const std::string& message, const std::string& limits = "{}",
                   const std::string& spec = "{}") {
  Json pod = Pod(R"({"phase": "Pending", "conditions": [{"type": "PodScheduled",
      "status": "False", "reason": "Unschedulable"}]})",
                 limits, spec);
  pod["status"]["conditions"][0]["message"] = message;
  return pod;
}

Json ContainerWaits(const std::string& reason, const std::string& message) {
  Json pod = Pod(R"({"phase": "Pending", "conditions": [{"type": "PodScheduled",
      "status": "True"}], "containerStatuses": [{"name": "replica", "restartCount": 0,
      "state": {"waiting": {}}}]})");
  pod["status"]["containerStatuses"][0]["state"]["waiting"] = {{"reason", reason},
                                                               {"message", message}};
  return pod;
}

std::string Why(const Json& pod, const std::string& gpu = "", bool optional = false) {
  Waiting waiting;
  waiting.pod = &pod;
  waiting.gpu = gpu;
  waiting.gpu_optional = optional;
  const std::string why = WhyWaiting(waiting);
  EXPECT_THAT(why, Not(HasSubstr("\n")));
  return why;
}

TEST(WhyWaiting, NoNodeHasAGpu) {
  const Json pod = Unschedulable(
      "0/3 nodes are available: 1 node(s) had untolerated taint(s), 2 Insufficient "
      "nvidia.com/gpu. no new claims to deallocate, preemption: 0/3 nodes are available: 3 "
      "Preemption is not helpful for scheduling.",
      R"({"memory": "1Gi", "nvidia.com/gpu": "2"})",
      R"({"nodeSelector": {"nvidia.com/gpu.product": "NVIDIA-A10G"}})");
  EXPECT_THAT(Why(pod, "A10G"),
              AllOf(HasSubstr("no node has a free nvidia.com/gpu (it asks for 2, for a GPU of type "
                              "A10G, on nodes with nvidia.com/gpu.product=NVIDIA-A10G): add such "
                              "a node"),
                    HasSubstr("0/3 nodes are available"), Not(HasSubstr("runs on CPUs"))));
  EXPECT_THAT(Why(pod, "A10G", /*optional=*/true), HasSubstr("it runs on CPUs where gpus"));
}

TEST(WhyWaiting, NoNodeHasAPartOfAGpu) {
  EXPECT_THAT(Why(Unschedulable("0/1 nodes are available: 1 Insufficient nvidia.com/mig-1g.10gb.",
                                R"({"nvidia.com/mig-1g.10gb": "1"})"),
                  "A100-10g"),
              HasSubstr("no node has a free nvidia.com/mig-1g.10gb (it asks for 1"));
}

TEST(WhyWaiting, NoNodeIsOfThatType) {
  EXPECT_THAT(Why(Unschedulable("0/2 nodes are available: 2 node(s) didn't match Pod's node "
                                "affinity/selector.",
                                R"({"nvidia.com/gpu": "1"})",
                                R"({"nodeSelector": {"nvidia.com/gpu.product": "NVIDIA-H100"}})"),
                  "H100"),
              AllOf(HasSubstr("the labels nvidia.com/gpu.product=NVIDIA-H100"),
                    HasSubstr("correct gpus.H100.nodeSelector")));
}

TEST(WhyWaiting, NodesAreFullWithNumbers) {
  EXPECT_THAT(Why(Unschedulable("0/1 nodes are available: 1 Insufficient cpu.")),
              HasSubstr("no node has 4 CPUs free: add a node, or declare fewer"));
  EXPECT_THAT(Why(Unschedulable("0/1 nodes are available: 1 Insufficient memory.",
                                R"({"memory": "16Gi"})")),
              HasSubstr("no node has 16Gi of memory free"));
  EXPECT_THAT(Why(Unschedulable("0/1 nodes are available: 1 Too many pods.")),
              HasSubstr("as many pods as they take"));
}

TEST(WhyWaiting, NodesAreReservedOrNone) {
  EXPECT_THAT(
      Why(Unschedulable("0/1 nodes are available: 1 node(s) had untolerated taint "
                        "{node-role.kubernetes.io/control-plane: }.")),
      AllOf(HasSubstr("reserved by taints: add to tolerations"), HasSubstr("control-plane")));
  EXPECT_THAT(Why(Unschedulable("no nodes available to schedule pods")),
              HasSubstr("the cluster has no nodes"));
  EXPECT_THAT(Why(Unschedulable("0/1 nodes are available: 1 node(s) had volume node affinity "
                                "conflict.")),
              HasSubstr("no node can take it; the scheduler says"));
  EXPECT_THAT(Why(Unschedulable("0/1 nodes are available: pod has unbound immediate "
                                "PersistentVolumeClaims.")),
              HasSubstr("not bound to a disk"));
}

TEST(WhyWaiting, AnImageCannotBePulled) {
  EXPECT_THAT(
      Why(ContainerWaits(
          "ImagePullBackOff",
          "Back-off pulling image \"r.example/chains/replica-cpu:1\": ErrImagePull: rpc error: "
          "code = NotFound desc = failed to pull and unpack image: not found")),
      AllOf(HasSubstr("the image r.example/chains/replica-cpu:1 cannot be pulled "
                      "(ImagePullBackOff): the registry does not have it: push it there"),
            HasSubstr("failed to pull and unpack")));
  EXPECT_THAT(Why(ContainerWaits("ErrImagePull",
                                 "pull access denied, repository does not exist or "
                                 "may require authorization")),
              HasSubstr("name a Secret for it in images.pullSecrets"));
  EXPECT_THAT(Why(ContainerWaits("ErrImagePull", "dial tcp: lookup r.example: no such host")),
              HasSubstr("the node cannot reach the registry"));
  EXPECT_THAT(
      Why(ContainerWaits("ErrImageNeverPull",
                         "Container image \"r.example/chains/replica-cpu:1\" is not present "
                         "with pull policy of Never")),
      AllOf(HasSubstr("is not on the node"), HasSubstr("pullPolicy"),
            HasSubstr("load it on all nodes")));
  EXPECT_THAT(Why(ContainerWaits("InvalidImageName", "couldn't parse image name")),
              HasSubstr("is no name of an image"));
}

TEST(WhyWaiting, ItsAgentEndsAgainAndAgain) {
  Json pod = ContainerWaits("CrashLoopBackOff", "back-off 40s restarting failed container");
  Json& status = pod["status"]["containerStatuses"][0];
  status["restartCount"] = 4;
  status["lastState"]["terminated"] = {
      {"exitCode", 2}, {"reason", "Error"}, {"message", "no token"}};
  EXPECT_THAT(Why(pod), AllOf(HasSubstr("ends again and again: its container ended with 2: no "
                                        "token"),
                              HasSubstr("kubectl logs --previous hello-1-abc-xk2p7")));
  status["lastState"]["terminated"] = {{"exitCode", 137}, {"reason", "OOMKilled"}};
  EXPECT_THAT(Why(pod),
              HasSubstr("it used more memory than its limit of 400Mi (OOMKilled); declare "
                        "more: Resources{.memory"));
}

TEST(WhyWaiting, ItsContainerCannotBeMade) {
  EXPECT_THAT(Why(ContainerWaits("CreateContainerConfigError", "secret \"hello-1\" not found")),
              HasSubstr("(CreateContainerConfigError): secret \"hello-1\" not found"));
  EXPECT_THAT(
      Why(ContainerWaits("RunContainerError", "exec: \"chains-agent\": not found in $PATH")),
      HasSubstr("chains-agent"));
  EXPECT_THAT(Why(ContainerWaits("ContainerCreating", "")), IsEmpty());
}

TEST(WhyWaiting, OnlyAnEventTellsIt) {
  const Json pod = ContainerWaits("ContainerCreating", "");
  Json event = {{"reason", "FailedMount"},
                {"message",
                 "MountVolume.SetUp failed for volume \"token\" : secret \"hello-1\" "
                 "not found\n"}};
  Waiting waiting;
  waiting.pod = &pod;
  waiting.events = {&event};
  EXPECT_THAT(WhyWaiting(waiting),
              HasSubstr("a volume of its pod cannot be mounted: MountVolume.SetUp failed"));
  event = {{"reason", "FailedCreatePodSandBox"}, {"message", "plugin type=\"bridge\" failed"}};
  EXPECT_THAT(WhyWaiting(waiting), HasSubstr("network plugin"));
}

std::string WhyNotMade(const std::string& message) {
  Json place = {{"kind", "Deployment"}};
  place["status"]["conditions"] = Json::array({{{"type", "ReplicaFailure"},
                                                {"status", "True"},
                                                {"reason", "FailedCreate"},
                                                {"message", message}}});
  Waiting waiting;
  waiting.deployment = &place;
  const std::string of_condition = WhyWaiting(waiting);
  Json event = {{"reason", "FailedCreate"}, {"message", message}};
  Waiting by_event;
  by_event.events = {&event};
  EXPECT_EQ(WhyWaiting(by_event), of_condition);
  EXPECT_THAT(of_condition, HasSubstr(message.substr(0, 40)));
  return of_condition;
}

TEST(WhyWaiting, KubernetesRefusesToMakeThePod) {
  EXPECT_THAT(
      WhyNotMade("pods \"hello-1-abc-xk2p7\" is forbidden: exceeded quota: team, requested: "
                 "requests.cpu=1, used: requests.cpu=8, limited: requests.cpu=8"),
      AllOf(HasSubstr("quota is used up"), HasSubstr("limited: requests.cpu=8")));
  EXPECT_THAT(
      WhyNotMade("pods \"hello-1-abc-xk2p7\" is forbidden: failed quota: team: must specify "
                 "limits.cpu for: replica"),
      HasSubstr("name defaults in a LimitRange"));
  EXPECT_THAT(WhyNotMade("pods \"hello-1-abc-xk2p7\" is forbidden: maximum memory usage per "
                         "Container is 1Gi, but limit is 2Gi"),
              HasSubstr("LimitRange of the namespace does not allow"));
  EXPECT_THAT(WhyNotMade("pods \"hello-1-abc-xk2p7\" is forbidden: violates PodSecurity "
                         "\"restricted:latest\": hostPath volumes"),
              HasSubstr("Pod Security level"));
  EXPECT_THAT(WhyNotMade("pods \"hello-1-abc-\" is forbidden: error looking up service account "
                         "chains/chains-replica: serviceaccount \"chains-replica\" not found"),
              HasSubstr("its service account is missing"));
  EXPECT_THAT(WhyNotMade("pods \"hello-1-abc-xk2p7\" is forbidden: no PriorityClass with name "
                         "serving was found"),
              HasSubstr("correct priorityClass"));
  EXPECT_THAT(WhyNotMade("pods \"hello-1-abc-xk2p7\" is forbidden: pod rejected: RuntimeClass "
                         "\"nvidia\" not found"),
              HasSubstr("correct gpuRuntimeClass"));
  EXPECT_THAT(WhyNotMade("admission webhook \"policy.example\" denied the request: no"),
              HasSubstr("admission webhook of the cluster refuses"));
  EXPECT_THAT(WhyNotMade("something that nobody has thought of, but it is long enough"),
              HasSubstr("Kubernetes does not make its pod: something"));
}

TEST(WhyWaiting, NothingIsSaidWhereNothingIsKnown) {
  EXPECT_THAT(WhyWaiting({}), IsEmpty());
  EXPECT_THAT(Why(Pod(R"({"phase": "Pending"})")), IsEmpty());
  EXPECT_THAT(Why(Pod(R"({"phase": "Running", "containerStatuses": [{"restartCount": 0,
      "state": {"running": {}}}]})")),
              IsEmpty());
  EXPECT_THAT(Why(Pod("{}")), IsEmpty());
  EXPECT_THAT(Why(Pod(R"({"containerStatuses": {"a": 1}, "conditions": "none"})")), IsEmpty());
}

TEST(WhyWaiting, WhatIsSaidHasAnEnd) {
  EXPECT_THAT(WhyRefused(std::string(10'000, 'x')), SizeIs(::testing::Lt(700u)));
}

std::string Ended(const std::string& status) { return HowItEnded(Pod(status)); }

TEST(PodFacts, HowAPodEnded) {
  EXPECT_THAT(Ended(R"({"phase": "Failed", "reason": "Evicted",
                        "message": "The node was low on resource: ephemeral-storage."})"),
              AllOf(HasSubstr("was evicted by its node: The node was low on resource"),
                    HasSubstr("bundleSpace")));
  EXPECT_THAT(Ended(R"({"phase": "Failed", "conditions": [{"type": "DisruptionTarget",
      "status": "True", "reason": "PreemptionByScheduler", "message": "to accommodate"}]})"),
              AllOf(HasSubstr("was preempted"), HasSubstr("priorityClass")));
  EXPECT_THAT(Ended(R"({"conditions": [{"type": "DisruptionTarget", "status": "True",
      "reason": "EvictionByEvictionAPI", "message": "Eviction API: evicting"}]})"),
              HasSubstr("its node is being emptied"));
  EXPECT_THAT(Ended(R"({"conditions": [{"type": "DisruptionTarget", "status": "True",
      "reason": "DeletionByTaintManager"}]})"),
              HasSubstr("lost or not ready"));
  EXPECT_THAT(Ended(R"({"conditions": [{"type": "DisruptionTarget", "status": "True",
      "reason": "DeletionByPodGC"}]})"),
              HasSubstr("lost with its node"));
  EXPECT_THAT(Ended(R"({"conditions": [{"type": "DisruptionTarget", "status": "True",
      "reason": "TerminationByKubelet"}]})"),
              HasSubstr("short of memory or disk"));
  EXPECT_THAT(Ended(R"({"phase": "Running", "containerStatuses": [{"restartCount": 1,
      "state": {"running": {}}, "lastState": {"terminated": {"exitCode": 137,
      "reason": "OOMKilled"}}}]})"),
              HasSubstr("limit of 400Mi (OOMKilled)"));
  EXPECT_EQ(Ended(R"({"phase": "Failed", "containerStatuses": [{"state": {"terminated":
      {"exitCode": 137, "reason": "Error"}}}]})"),
            "its container ended with 137 (killed)");
  EXPECT_EQ(Ended(R"({"phase": "Failed", "reason": "NodeLost", "message": "gone"})"),
            "its pod ended: NodeLost: gone");
  EXPECT_EQ(Ended("{}"), "its pod ended");
}

TEST(PodFacts, WhenAPodHasHadAllItsTime) {
  Json pod = Pod("{}");
  EXPECT_EQ(EndOfGrace(pod), absl::InfiniteFuture());
  pod["metadata"]["deletionTimestamp"] = "2026-01-02T03:04:05Z";
  EXPECT_EQ(EndOfGrace(pod),
            absl::FromCivil(absl::CivilSecond(2026, 1, 2, 3, 4, 5), absl::UTCTimeZone()));
  pod["metadata"]["deletionTimestamp"] = "soon";
  EXPECT_EQ(EndOfGrace(pod), absl::InfinitePast());
}

}  // namespace
}  // namespace chains::deploy
