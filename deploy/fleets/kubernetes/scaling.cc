// KubernetesFleet: how many pods each place has, which of them go first, and what is written on
// them.
#include <algorithm>

#include "chains/core/text.h"
#include "deploy/fleets/kubernetes/kubernetes_fleet_impl.h"
#include "deploy/fleets/kubernetes/labels.h"
#include "deploy/fleets/kubernetes/objects.h"
#include "deploy/fleets/kubernetes/pod_facts.h"

namespace chains::deploy {
namespace {

constexpr char kCheap[] = "-1000";
constexpr int64_t kMostReplicas = 100'000;
// A replica that crashed may get another attempt in its pod: the platform's longest pause is 30 s.
constexpr absl::Duration kAfterCrash = absl::Seconds(40);
// So long after a Deployment was told to have fewer pods, one that is spare may be about to go.
constexpr absl::Duration kDoomed = absl::Seconds(5);
constexpr absl::Duration kWhileAsking = absl::Seconds(20);

bool IsAlive(const Json& pod) { return !IsBeingDeleted(pod) && !HasEnded(pod); }

}  // namespace

// A place that no unit has any more shrinks as its replicas leave: nobody else looks after it.
bool KubernetesFleet::Impl::ScaledByOthers(const std::string& place) const {
  return settings_.scaling != ClusterSettings::Scaling::kPlatform && state_.places.contains(place);
}

KubernetesFleet::Impl::Need KubernetesFleet::Impl::NeedOf(const std::string& place,
                                                          absl::Time now) {
  Need need;
  std::set<std::string> taken;
  for (const auto& [key, replica] : state_.replicas) {
    if (replica.place != place) continue;
    ++need.replicas;
    taken.insert(replica.pod);
  }
  for (const auto& [key, agent] : state_.pods) {
    if (agent.place != place || taken.contains(key.second) || !IsFree(key, agent, now)) continue;
    const auto known = state_.deployments.find(key.first);
    if (known == state_.deployments.end() || !state_.places.contains(place)) continue;
    const absl::Duration kept = known->second.wanted.development ? settings_.idle_pod
                                : agent.crashed                  ? kAfterCrash
                                                                 : absl::ZeroDuration();
    if (agent.free_since + kept <= now) continue;
    WakeAt(agent.free_since + kept);
    ++need.idle;
    taken.insert(key.second);
  }
  for (const auto& [name, pod] : pods_.objects()) {
    if (LabelOf(pod, labels::kPlace) != place || !IsAlive(pod)) continue;
    ++need.pods;
    if (!taken.contains(name) && !IsPending(pod)) need.spare.push_back(&pod);
  }
  return need;
}

void KubernetesFleet::Impl::Scale(absl::Time now) {
  cheap_.clear();
  for (const auto& [name, deployment] : places_.objects()) {
    const bool is_ours = OwnerOf(deployment) != nullptr && !IsBeingDeleted(deployment);
    if (is_ours && !ScaledByOthers(name)) ScaleOne(deployment, now);
  }
}

// Kubernetes ends pods that are pending first, then those that are not ready, then cheap ones
// (kubernetes, pkg/controller/controller_utils.go: ActivePodsWithRanks). A program that is still
// starting makes a pod that is not ready either; so before there are fewer, pods without a program
// are seen not to be ready, and to be cheaper than any other.
void KubernetesFleet::Impl::ScaleOne(const Json& deployment, absl::Time now) {
  const std::string place = NameOf(deployment);
  const Need need = NeedOf(place, now);
  const int64_t are = IntAt(deployment, "/spec/replicas", 1);
  bool may_go = true;
  std::vector<std::string> doomed;
  if (need.pods > need.total()) {
    for (const Json* const pod : need.spare) {
      cheap_.insert(NameOf(*pod));
      doomed.push_back(NameOf(*pod));
      may_go = may_go && !IsReady(*pod) && AnnotationOf(*pod, annotations::kDeletionCost) == kCheap;
    }
  }
  const std::pair<int, int64_t> ask(need.total(), IntAt(deployment, "/metadata/generation"));
  if (need.total() == are) {
    asked_.erase(place);
    return;
  }
  const auto asked = asked_.find(place);
  if (asked != asked_.end() && asked->second == ask) return;  // the watch is about to bring it
  if (need.total() < are && !may_go) return;
  if (need.total() > are) doomed.clear();
  work_->Start(Text("scale ", place), [=, this] { return ScaleNow(place, ask, doomed, now); });
}

Task<void> KubernetesFleet::Impl::ScaleNow(std::string place, std::pair<int, int64_t> ask,
                                           std::vector<std::string> doomed, absl::Time now) {
  chains::internal::Here::Place here = co_await chains::internal::Here();
  const auto doom_until = [&](absl::Time until) {
    for (auto& [key, agent] : state_.pods) {
      const bool is_doomed = std::find(doomed.begin(), doomed.end(), key.second) != doomed.end();
      if (is_doomed) agent.doomed_until = until;
    }
  };
  doom_until(now + kWhileAsking);
  Json patch = {{"spec", {{"replicas", ask.first}}}};
  co_await api_.Merge(kinds::kDeployment, settings_.in_namespace, place, std::move(patch), "scale");
  doom_until(here.loop().Now() + kDoomed);
  asked_[place] = ask;
}

void KubernetesFleet::Impl::NotePods() {
  for (const auto& [name, pod] : pods_.objects()) {
    const KnownDeployment* const known = OwnerOf(pod);
    if (known == nullptr || !IsAlive(pod)) continue;
    FleetReplica* const replica = state_.InPod(known->wanted.id, name);
    const std::string note = replica == nullptr ? "" : WriteNote(replica->note);
    const bool cheap = replica == nullptr && cheap_.contains(name);
    const bool is_so = AnnotationOf(pod, annotations::kReplica) == note &&
                       AnnotationOf(pod, annotations::kDeletionCost) == (cheap ? kCheap : "");
    if (!is_so) {
      work_->Start(Text("note ", name), [this, name = name, uid = UidOf(pod), note, cheap] {
        return NoteNow(name, uid, note, cheap);
      });
    } else if (replica != nullptr && !replica->noted) {
      replica->noted = true;
      Changed();
    }
  }
}

Task<void> KubernetesFleet::Impl::NoteNow(std::string pod, std::string uid, std::string note,
                                          bool cheap) {
  Json annotated = Json::object();
  annotated[std::string(annotations::kReplica)] = note.empty() ? Json() : Json(note);
  annotated[std::string(annotations::kDeletionCost)] = cheap ? Json(kCheap) : Json();
  Json patch = {{"metadata", {{"uid", uid}, {"annotations", std::move(annotated)}}}};
  Json kept = co_await api_.Merge(kinds::kPod, settings_.in_namespace, pod, std::move(patch), "");
  pods_.Note(std::move(kept));
}

// Fewer are told once the pods are gone from the count: the cluster chose which, and the platform
// is to see those leave rather than choose others.
void KubernetesFleet::Impl::FollowScale() {
  if (settings_.scaling == ClusterSettings::Scaling::kPlatform || hooks_.on_scaled == nullptr) {
    return;
  }
  std::map<FleetState::Key, std::pair<std::string, const FleetUnit*>> newest;
  for (const auto& [id, known] : state_.deployments) {
    for (const FleetUnit& unit : known.wanted.units) {
      newest[{id, ChainletsText(unit)}] = {PlaceName(known.wanted, unit, settings_), &unit};
    }
  }
  for (const auto& [key, its] : newest) {
    const std::string& place = its.first;
    const Json* const deployment = places_.Find(place);
    if (deployment == nullptr) continue;
    const int replicas = static_cast<int>(
        std::clamp<int64_t>(IntAt(*deployment, "/spec/replicas", 1), 0, kMostReplicas));
    const auto is_alive = [&place](const auto& named) {
      return LabelOf(named.second, labels::kPlace) == place && IsAlive(named.second);
    };
    const auto alive = std::count_if(pods_.objects().begin(), pods_.objects().end(), is_alive);
    const auto told = told_scale_.find(key);
    if (told != told_scale_.end() && told->second == replicas) continue;
    if (told != told_scale_.end() && replicas < told->second && alive > replicas) continue;
    told_scale_[key] = replicas;
    hooks_.on_scaled(key.first, its.second->chainlets, replicas);
  }
}

}  // namespace chains::deploy
