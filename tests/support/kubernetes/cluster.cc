#include "tests/support/kubernetes/cluster.h"

#include <algorithm>
#include <utility>

#include "chains/core/text.h"

namespace chains::deploy::fake {

Cluster::Cluster(chains::testing::FakeClock& clock, ApiServer& server, uint64_t seed, Start start)
    : clock_(clock), server_(server), random_(seed), start_(std::move(start)) {}
Cluster::~Cluster() = default;

bool Cluster::Step() {
  std::vector<Action> actions;
  ForDeployments(actions);
  ForReplicaSets(actions);
  ForPods(actions);
  ForEndpoints(actions);
  ForGarbage(actions);
  if (actions.empty()) return false;
  actions[std::uniform_int_distribution<size_t>(0, actions.size() - 1)(random_)]();
  return true;
}

const std::vector<Json>& Cluster::Objects(const std::string& api_version,
                                          const std::string& plural) const {
  const Resource* const resource = FindResource(api_version, plural);
  Copy& copy = copies_[resource];
  server_.With([&](ApiCore& core) {
    if (copy.version == core.store().version()) return;
    copy.version = core.store().version();
    copy.objects.clear();
    const auto& all = core.store().all();
    for (auto each = all.lower_bound({resource, "", ""});
         each != all.end() && each->first.resource == resource; ++each) {
      copy.objects.push_back(each->second.object);
    }
  });
  return copy.objects;
}

namespace {

ObjectKey KeyOf(const Json& object) {
  return {FindKind(StringAt(object, "/apiVersion"), StringAt(object, "/kind")), NamespaceOf(object),
          NameOf(object)};
}

}  // namespace

void Cluster::Put(const Json& object) {
  server_.With(
      [&](ApiCore& core) { core.store().Put(KeyOf(object), {.object = object}, clock_.Now()); });
}

void Cluster::Change(const Json& object, const std::function<void(Json&)>& change) {
  server_.With([&](ApiCore& core) {
    const Stored* const found = core.store().Find(KeyOf(object));
    if (found == nullptr || UidOf(found->object) != UidOf(object)) return;
    Stored next = *found;
    change(next.object);
    if (next.object != found->object)
      core.store().Put(KeyOf(object), std::move(next), clock_.Now());
  });
}

void Cluster::Delete(const Json& object, Json options) {
  options["preconditions"]["uid"] = UidOf(object);
  server_.With([&](ApiCore& core) {
    Writer(core.store(), clock_.Now()).Delete(KeyOf(object), options, false);
  });
}

std::string Cluster::RandomSuffix() {
  static constexpr std::string_view kLetters = "bcdfghjklmnpqrstvwxz2456789";
  std::string suffix;
  for (int i = 0; i < 5; ++i) suffix += kLetters[random_() % kLetters.size()];
  return suffix;
}

void Cluster::LoseNode(const std::string& name) {
  nodes_.at(name).up = false;
  for (const Json& pod : Objects("v1", "pods")) {
    if (StringAt(pod, "/spec/nodeName") == name) programs_.erase(UidOf(pod));
  }
}

void Cluster::DeletePod(const std::string& name, bool force) {
  const std::vector<Json> pods = Objects("v1", "pods");
  for (const Json& pod : pods) {
    if (NameOf(pod) != name) continue;
    if (force) programs_.erase(UidOf(pod));
    Delete(pod, force ? Json({{"gracePeriodSeconds", 0}}) : Json::object());
  }
}

void Cluster::FailContainer(const std::string& name, const std::string& reason, int code) {
  const std::vector<Json> pods = Objects("v1", "pods");
  for (const Json& pod : pods) {
    if (NameOf(pod) != name || programs_.erase(UidOf(pod)) == 0) continue;
    const absl::Time now = clock_.Now();
    Change(pod, [&](Json& changed) {
      Json& status = changed["status"]["containerStatuses"][0];
      const Json ended = {
          {"terminated", {{"exitCode", code}, {"reason", reason}, {"finishedAt", TimeText(now)}}}};
      status["lastState"] = ended;
      status["state"] = ended;
      status["ready"] = false;
      status["restartCount"] = IntAt(status, "/restartCount") + 1;
      SetCondition(changed, "Ready", false, "ContainersNotReady", "", now);
    });
  }
}

std::vector<std::string> Cluster::RunningPods() const {
  std::vector<std::string> names;
  for (const Json& pod : Objects("v1", "pods")) {
    if (programs_.count(UidOf(pod)) != 0) names.push_back(NameOf(pod));
  }
  return names;
}

PodProgram* Cluster::ProgramOf(const std::string& name) const {
  for (const Json& pod : Objects("v1", "pods")) {
    const auto found = programs_.find(UidOf(pod));
    if (NameOf(pod) == name && found != programs_.end()) return found->second.get();
  }
  return nullptr;
}

absl::Time Cluster::NotReadySince(const std::string& pod_uid) const {
  const auto found = not_ready_since_.find(pod_uid);
  return found == not_ready_since_.end() ? absl::InfiniteFuture() : found->second;
}

void SetCondition(Json& object, const std::string& type, bool value, const std::string& reason,
                  const std::string& message, absl::Time now) {
  Json& conditions = object["status"]["conditions"];
  if (!conditions.is_array()) conditions = Json::array();
  Json next = {{"type", type}, {"status", value ? "True" : "False"}};
  if (!reason.empty()) next["reason"] = reason;
  if (!message.empty()) next["message"] = message;
  for (Json& each : conditions) {
    if (each["type"] != type) continue;
    const bool same = each["status"] == next["status"];
    next["lastTransitionTime"] = same ? each["lastTransitionTime"] : Json(TimeText(now));
    each = std::move(next);
    return;
  }
  next["lastTransitionTime"] = TimeText(now);
  conditions.push_back(std::move(next));
}

bool HasCondition(const Json& object, const std::string& type) {
  for (const Json& each : At(object, "/status/conditions")) {
    if (StringAt(each, "/type") == type) return StringAt(each, "/status") == "True";
  }
  return false;
}

}  // namespace chains::deploy::fake
