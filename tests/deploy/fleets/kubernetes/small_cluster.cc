#include "tests/deploy/fleets/kubernetes/small_cluster.h"

#include <algorithm>
#include <tuple>

#include "absl/strings/match.h"
#include "chains/core/text.h"
#include "deploy/fleets/kubernetes/labels.h"
#include "deploy/fleets/kubernetes/pod_facts.h"
#include "deploy/fleets/kubernetes/replica_note.h"

namespace chains::deploy {

void FakeAgent::Attach(v1::Pods& pods) {
  running_.emplace(clock_, Follow(&pods),
                   Context(absl::InfiniteFuture(), "", {{"chains-token", token_}}));
  Say();
}

void FakeAgent::Say() {
  news_ = true;
  noticed_.Give();
}

void FakeAgent::End(bool asked, const std::string& how) {
  v1::ReplicaEnded& ended = *report_.add_ended();
  ended.set_replica(report_.replica());
  ended.set_asked(asked);
  ended.set_how(how);
  ended.add_last_lines("the last line of " + report_.replica());
  report_.clear_replica();
  report_.clear_pid();
}

void FakeAgent::Crash(const std::string& how) {
  End(/*asked=*/false, how);
  Say();
}

void FakeAgent::Forget() {
  running_.reset();
  report_.clear_replica();
  report_.clear_pid();
  report_.clear_ended();
  orders_.Clear();
}

void FakeAgent::Leave() {
  if (report_.leaving()) return;
  report_.set_leaving(true);
  if (!report_.replica().empty()) End(/*asked=*/true, "exited with 0");
  Say();
}

void FakeAgent::Obey() {
  const std::string& wanted = orders_.run().replica();
  bool news = false;
  if (!runs().empty() && runs() != wanted) {
    End(/*asked=*/true, "exited with 0");
    news = true;
  }
  auto& ended = *report_.mutable_ended();
  const auto is_told = [&wanted](const v1::ReplicaEnded& each) { return each.replica() != wanted; };
  // Orders that came after the report that has them.
  if (!news && std::any_of(ended.begin(), ended.end(), is_told)) {
    ended.erase(std::remove_if(ended.begin(), ended.end(), is_told), ended.end());
    news = true;
  }
  const bool has_ended = std::any_of(
      ended.begin(), ended.end(), [&wanted](const auto& each) { return each.replica() == wanted; });
  if (!wanted.empty() && runs().empty() && !has_ended && !report_.leaving()) {
    report_.set_replica(wanted);
    report_.set_pid(starts ? 42 : 0);
    report_.set_doing(starts ? "" : "fetching 1.0 of 2.0 MiB");
    started.push_back(wanted);
    news = true;
  }
  if (news) Say();
}

Stream<v1::PodReport> FakeAgent::Reports() {
  while (true) {
    while (!news_) co_await noticed_.Wait();
    news_ = false;
    v1::PodReport report = report_;
    co_yield std::move(report);
  }
}

Task<void> FakeAgent::Follow(v1::Pods* pods) {
  Stream<v1::PodOrders> orders = pods->Host(Reports());
  while (std::optional<v1::PodOrders> next = co_await orders.Next()) {
    orders_ = *std::move(next);
    if (obeys) Obey();
  }
}

SmallCluster::SmallCluster(chains::testing::FakeClock& clock) : clock_(clock) {
  server.With([](fake::ApiCore& core) { core.MakeNamespace("chains"); });
}

std::vector<Json> SmallCluster::Objects(ObjectKind kind) {
  return server.With([kind](fake::ApiCore& core) {
    std::vector<Json> objects;
    for (const auto& [key, stored] : core.store().all()) {
      if (key.resource->kind == kind.kind) objects.push_back(stored.object);
    }
    return objects;
  });
}

Json SmallCluster::Object(ObjectKind kind, const std::string& name) {
  const fake::ObjectKey key{fake::FindKind(kind.api_version, kind.kind), "chains", name};
  return server.With([&key](fake::ApiCore& core) {
    const fake::Stored* const stored = core.store().Find(key);
    return stored == nullptr ? Json() : stored->object;
  });
}

std::string SmallCluster::PodOf(const std::string& replica) {
  for (const auto& [pod, agent] : agents_) {
    if (agent->runs() == replica) return pod;
  }
  return "";
}

void SmallCluster::SetStatus(const std::string& pod, Json patch) {
  Json status = {{"status", std::move(patch)}};
  (void)Ask(api.Merge(kinds::kPod, "chains", pod, std::move(status), "status"));
}

// As the scheduler's binding does: no request may change it otherwise.
void SmallCluster::Bind(const std::string& pod) {
  server.With([&](fake::ApiCore& core) {
    const fake::ObjectKey key{fake::FindKind("v1", "Pod"), "chains", pod};
    const fake::Stored* const stored = core.store().Find(key);
    if (stored == nullptr) return;
    fake::Stored bound = *stored;
    bound.object["spec"]["nodeName"] = "node1";
    core.store().Put(key, std::move(bound), clock_.Now());
  });
}

void SmallCluster::RestartContainer(const std::string& pod, const std::string& reason, int code) {
  const int64_t restarts = RestartsOf(Object(kinds::kPod, pod));
  Json status = {{"name", "replica"},
                 {"restartCount", restarts + 1},
                 {"ready", false},
                 {"image", "i"},
                 {"imageID", "i"}};
  status["state"]["running"] = {{"startedAt", fake::TimeText(clock_.Now())}};
  status["lastState"]["terminated"] = {{"exitCode", code}, {"reason", reason}};
  Json patch = {{"containerStatuses", Json::array({status})}};
  SetStatus(pod, std::move(patch));
}

void SmallCluster::Vanish(const std::string& pod) {
  agents_.erase(pod);
  DeleteOptions options;
  options.grace_seconds = 0;
  (void)Ask(api.Delete(kinds::kPod, "chains", pod, std::move(options)));
}

void SmallCluster::Delete(ObjectKind kind, const std::string& name) {
  (void)Ask(api.Delete(kind, "chains", name, DeleteOptions()));
}

bool SmallCluster::Step(v1::Pods* platform, const std::map<std::string, std::string>& tokens) {
  bool changed = server.With([this](fake::ApiCore& core) {
    return fake::Writer(core.store(), clock_.Now()).CollectGarbage();
  });
  if (makes_pods) {
    for (const Json& deployment : Objects(kinds::kDeployment)) changed |= Follow(deployment);
  }
  for (const Json& pod : Objects(kinds::kPod)) changed |= Run(pod, platform, tokens);
  std::erase_if(agents_,
                [this](const auto& named) { return Object(kinds::kPod, named.first).is_null(); });
  for (const Json& service : Objects(kinds::kService)) changed |= FollowEndpoints(service);
  return changed;
}

// Who goes first is as in kubernetes, pkg/controller/controller_utils.go: ActivePodsWithRanks.
bool SmallCluster::Follow(const Json& deployment) {
  std::vector<Json> pods;
  for (Json& pod : Objects(kinds::kPod)) {
    const bool is_its = LabelOf(pod, labels::kPlace) == NameOf(deployment);
    if (is_its && !IsBeingDeleted(pod) && !HasEnded(pod)) pods.push_back(std::move(pod));
  }
  const size_t wanted = static_cast<size_t>(IntAt(deployment, "/spec/replicas", 1));
  const auto rank = [](const Json& pod) {
    const std::string cost = AnnotationOf(pod, annotations::kDeletionCost);
    return std::make_tuple(!IsPending(pod), IsReady(pod), cost.empty() ? 0 : std::stoi(cost));
  };
  std::stable_sort(pods.begin(), pods.end(),
                   [&rank](const Json& a, const Json& b) { return rank(a) < rank(b); });
  for (size_t i = pods.size(); i < wanted; ++i) MakePod(deployment);
  for (size_t i = wanted; i < pods.size(); ++i) Delete(kinds::kPod, NameOf(pods[i - wanted]));
  return pods.size() != wanted;
}

void SmallCluster::MakePod(const Json& deployment) {
  Json pod = At(deployment, "/spec/template");
  pod["apiVersion"] = "v1";
  pod["kind"] = "Pod";
  pod["metadata"]["name"] = Text(NameOf(deployment), "-p", ++made_);
  pod["metadata"]["namespace"] = "chains";
  (void)Ask(api.Create(std::move(pod)));
}

bool SmallCluster::Run(const Json& pod, v1::Pods* platform,
                       const std::map<std::string, std::string>& tokens) {
  const std::string name = NameOf(pod);
  const auto found = agents_.find(name);
  if (IsBeingDeleted(pod)) {
    if (found != agents_.end() && found->second->attached() && !found->second->runs().empty()) {
      found->second->Leave();
      return true;
    }
    if (found != agents_.end() && !found->second->runs().empty()) return false;  // cut off
    Vanish(name);
    return true;
  }
  if (!runs_pods || HasEnded(pod)) return false;
  if (found == agents_.end()) {
    v1::PodReport report;
    report.set_deployment(LabelOf(pod, labels::kDeployment));
    report.set_pod(name);
    report.set_uid(UidOf(pod));
    report.set_node("node1");
    report.set_place(LabelOf(pod, labels::kPlace));
    const auto token = tokens.find(report.deployment());
    agents_[name] = std::make_unique<FakeAgent>(clock_, std::move(report),
                                                token == tokens.end() ? "" : token->second);
    Json patch = {{"phase", "Running"}, {"podIP", "10.0.0.7"}};
    Json status = {{"name", "replica"},
                   {"restartCount", 0},
                   {"ready", false},
                   {"image", "i"},
                   {"imageID", "i"}};
    status["state"]["running"] = {{"startedAt", fake::TimeText(clock_.Now())}};
    patch["containerStatuses"] = Json::array({status});
    Bind(name);
    SetStatus(name, std::move(patch));
    if (platform != nullptr) agents_[name]->Attach(*platform);
    return true;
  }
  const bool ready = found->second->report().pid() != 0;
  if (!tells_ready || ready == IsReady(pod)) return false;
  const Json condition = {{"type", "Ready"}, {"status", ready ? "True" : "False"}};
  Json patch = {{"conditions", Json::array({condition})}};
  SetStatus(name, std::move(patch));
  return true;
}

bool SmallCluster::FollowEndpoints(const Json& service) {
  Json endpoints = Json::array();
  for (const Json& pod : Objects(kinds::kPod)) {
    const auto selector = StringsAt(service, "/spec/selector");
    const bool is_its = std::all_of(selector.begin(), selector.end(), [&pod](const auto& label) {
      return LabelOf(pod, label.first) == label.second;
    });
    if (!is_its) continue;
    const bool terminating = IsBeingDeleted(pod);
    Json endpoint = {{"addresses", Json::array({"10.0.0.7"})}};
    endpoint["conditions"] = {{"ready", IsReady(pod) && !terminating},
                              {"terminating", terminating}};
    endpoint["targetRef"] = {{"kind", "Pod"}, {"name", NameOf(pod)}, {"uid", UidOf(pod)}};
    endpoints.push_back(std::move(endpoint));
  }
  const std::string name = NameOf(service) + "-s";
  const Json before = Object(kinds::kEndpointSlice, name);
  if (!before.is_null() && At(before, "/endpoints") == endpoints) return false;
  Json slice = {{"apiVersion", "discovery.k8s.io/v1"}, {"kind", "EndpointSlice"}};
  slice["metadata"] = {{"name", name}, {"namespace", "chains"}};
  slice["metadata"]["labels"] = StringsAt(service, "/metadata/labels");
  slice["metadata"]["labels"]["kubernetes.io/service-name"] = NameOf(service);
  slice["addressType"] = "IPv4";
  slice["endpoints"] = endpoints;
  slice["ports"] = Json::array();
  const absl::StatusOr<Json> kept = Ask(api.Apply(std::move(slice), ApplyOptions()));
  return kept.ok() && !endpoints.empty();
}

}  // namespace chains::deploy
