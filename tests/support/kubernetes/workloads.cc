// Cluster: what the controllers of Deployments, ReplicaSets and EndpointSlices do, and the garbage
// collector.
#include <algorithm>
#include <functional>
#include <tuple>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_format.h"
#include "chains/core/text.h"
#include "tests/support/kubernetes/cluster.h"
#include "tests/support/kubernetes/defaults.h"

namespace chains::deploy::fake {
namespace {

std::string TemplateHash(const Json& deployment) {
  return absl::StrFormat(
      "%08x", std::hash<std::string>()(At(deployment, "/spec/template").dump()) & 0xffffffff);
}

bool IsActive(const Json& pod) {
  const std::string phase = StringAt(pod, "/status/phase");
  return phase != "Failed" && phase != "Succeeded" && !IsBeingDeleted(pod);
}

bool OwnedBy(const Json& object, const Json& owner) {
  for (const Json& each : At(object, "/metadata/ownerReferences")) {
    if (StringAt(each, "/uid") == UidOf(owner)) return true;
  }
  return false;
}

Json OwnerReference(const Json& owner) {
  return Json::array({{{"apiVersion", StringAt(owner, "/apiVersion")},
                       {"kind", StringAt(owner, "/kind")},
                       {"name", NameOf(owner)},
                       {"uid", UidOf(owner)},
                       {"controller", true},
                       {"blockOwnerDeletion", true}}});
}

int64_t DeletionCost(const Json& pod) {
  int64_t cost = 0;
  const std::string text = AnnotationOf(pod, "controller.kubernetes.io/pod-deletion-cost");
  return absl::SimpleAtoi(text, &cost) ? cost : 0;
}

}  // namespace

void Cluster::ForDeployments(std::vector<Action>& actions) {
  const std::vector<Json>& sets = Objects("apps/v1", "replicasets");
  for (const Json& deployment : Objects("apps/v1", "deployments")) {
    if (IsBeingDeleted(deployment)) continue;
    const std::string hash = TemplateHash(deployment);
    const int64_t wanted = IntAt(deployment, "/spec/replicas", 1);
    bool there = false;
    for (const Json& set : sets) {
      if (!OwnedBy(set, deployment)) continue;
      const bool current = LabelOf(set, "pod-template-hash") == hash;
      there |= current;
      const int64_t should = current ? wanted : 0;
      if (IntAt(set, "/spec/replicas") == should) continue;
      actions.push_back([this, its = &set, should] {
        Change(*its, [should](Json& next) { next["spec"]["replicas"] = should; });
      });
    }
    if (!there) actions.push_back([this, its = &deployment] { MakeReplicaSet(*its); });
    int64_t pods = 0, ready = 0;
    for (const Json& set : sets) {
      if (!OwnedBy(set, deployment)) continue;
      for (const Json* const pod : PodsOf(set)) {
        ++pods;
        ready += HasCondition(*pod, "Ready");
      }
    }
    const Json status = {{"observedGeneration", IntAt(deployment, "/metadata/generation")},
                         {"replicas", pods},
                         {"updatedReplicas", pods},
                         {"readyReplicas", ready},
                         {"availableReplicas", ready}};
    if (At(deployment, "/status") == status) continue;
    actions.push_back([this, its = &deployment, status] {
      Change(*its, [&status](Json& next) { next["status"] = status; });
    });
  }
}

void Cluster::MakeReplicaSet(const Json& deployment) {
  const std::string hash = TemplateHash(deployment);
  Json set = {{"apiVersion", "apps/v1"}, {"kind", "ReplicaSet"}};
  set["metadata"] = {{"name", Text(NameOf(deployment), "-", hash)},
                     {"namespace", NamespaceOf(deployment)},
                     {"labels", At(deployment, "/spec/template/metadata/labels")},
                     {"ownerReferences", OwnerReference(deployment)}};
  set["metadata"]["labels"]["pod-template-hash"] = hash;
  set["spec"] = {{"replicas", IntAt(deployment, "/spec/replicas", 1)},
                 {"template", At(deployment, "/spec/template")}};
  Put(set);
}

std::vector<const Json*> Cluster::PodsOf(const Json& set) const {
  std::vector<const Json*> pods;
  for (const Json& pod : Objects("v1", "pods")) {
    if (OwnedBy(pod, set) && IsActive(pod)) pods.push_back(&pod);
  }
  return pods;
}

void Cluster::ForReplicaSets(std::vector<Action>& actions) {
  for (const Json& set : Objects("apps/v1", "replicasets")) {
    if (IsBeingDeleted(set)) continue;
    const std::vector<const Json*> pods = PodsOf(set);
    const auto wanted = static_cast<size_t>(IntAt(set, "/spec/replicas"));
    if (pods.size() < wanted) actions.push_back([this, its = &set] { MakePod(*its); });
    if (pods.size() > wanted) actions.push_back([this, pods] { DeleteOne(pods); });
  }
}

void Cluster::MakePod(const Json& set) {
  Json pod = At(set, "/spec/template");
  pod["apiVersion"] = "v1";
  pod["kind"] = "Pod";
  pod["metadata"]["name"] = Text(NameOf(set), "-", RandomSuffix());
  pod["metadata"]["namespace"] = NamespaceOf(set);
  pod["metadata"]["labels"]["pod-template-hash"] = LabelOf(set, "pod-template-hash");
  pod["metadata"]["ownerReferences"] = OwnerReference(set);
  pod["status"] = {{"phase", "Pending"}};
  SetDefaults(pod);
  Put(pod);
}

// As ActivePodsWithRanks in kubernetes, pkg/controller/controller_utils.go: unassigned before
// assigned, pending before running, not ready before ready, the cheaper before the dearer.
void Cluster::DeleteOne(const std::vector<const Json*>& pods) {
  const auto rank = [](const Json& pod) {
    return std::make_tuple(!StringAt(pod, "/spec/nodeName").empty(),
                           StringAt(pod, "/status/phase") == "Running", HasCondition(pod, "Ready"),
                           DeletionCost(pod));
  };
  std::vector<const Json*> equal;
  for (const Json* const pod : pods) {
    if (!equal.empty() && rank(*pod) < rank(*equal.front())) equal.clear();
    if (equal.empty() || rank(*pod) == rank(*equal.front())) equal.push_back(pod);
  }
  const Json victim = *equal[random_() % equal.size()];
  Delete(victim, Json::object());
}

void Cluster::ForEndpoints(std::vector<Action>& actions) {
  const std::vector<Json>& pods = Objects("v1", "pods");
  const std::vector<Json>& slices = Objects("discovery.k8s.io/v1", "endpointslices");
  for (const Json& service : Objects("v1", "services")) {
    const Selector selector = Selector::OfSpec({{"matchLabels", At(service, "/spec/selector")}});
    Json endpoints = Json::array();
    for (const Json& pod : pods) {
      const std::string address = StringAt(pod, "/status/podIP");
      if (address.empty() || !selector.Matches(pod)) continue;
      const bool ready = HasCondition(pod, "Ready"), going = IsBeingDeleted(pod);
      Json conditions = {{"ready", ready && !going}, {"serving", ready}, {"terminating", going}};
      endpoints.push_back({{"addresses", Json::array({address})},
                           {"conditions", std::move(conditions)},
                           {"nodeName", StringAt(pod, "/spec/nodeName")},
                           {"targetRef",
                            {{"kind", "Pod"},
                             {"name", NameOf(pod)},
                             {"namespace", NamespaceOf(pod)},
                             {"uid", UidOf(pod)}}}});
    }
    const auto slice = std::find_if(slices.begin(), slices.end(),
                                    [&](const Json& each) { return OwnedBy(each, service); });
    if (slice != slices.end() && At(*slice, "/endpoints") == endpoints) continue;
    Json next = slice != slices.end() ? *slice : Json::object();
    if (slice == slices.end()) {
      next = {{"apiVersion", "discovery.k8s.io/v1"}, {"kind", "EndpointSlice"}};
      next["addressType"] = "IPv4";
      next["metadata"] = {{"name", Text(NameOf(service), "-", RandomSuffix())},
                          {"namespace", NamespaceOf(service)},
                          {"labels", At(service, "/metadata/labels")},
                          {"ownerReferences", OwnerReference(service)}};
      next["metadata"]["labels"]["kubernetes.io/service-name"] = NameOf(service);
      next["ports"] = Json::array();
    }
    next["endpoints"] = endpoints;
    actions.push_back([this, next] {
      for (const Json& endpoint : At(next, "/endpoints")) {
        const std::string uid = StringAt(endpoint, "/targetRef/uid");
        const bool ready = BoolAt(endpoint, "/conditions/ready");
        absl::Time& since = not_ready_since_.try_emplace(uid, absl::InfiniteFuture()).first->second;
        if (ready) since = absl::InfinitePast();
        if (!ready && since == absl::InfinitePast()) since = clock_.Now();
      }
      Put(next);
    });
  }
}

void Cluster::ForGarbage(std::vector<Action>& actions) {
  const bool some = server_.With(
      [this](ApiCore& core) { return Writer(core.store(), clock_.Now()).HasGarbage(); });
  if (!some) return;
  actions.push_back([this] {
    server_.With([this](ApiCore& core) { Writer(core.store(), clock_.Now()).CollectGarbage(); });
  });
}

}  // namespace chains::deploy::fake
