// KubernetesFleet: objects that are not as they should be are applied, and those that nobody wants
// are deleted.
#include <algorithm>

#include "chains/core/text.h"
#include "deploy/fleets/kubernetes/kubernetes_fleet_impl.h"
#include "deploy/fleets/kubernetes/labels.h"
#include "deploy/fleets/kubernetes/objects.h"

namespace chains::deploy {
namespace {

std::string KeyOf(const char* verb, ObjectKind kind, const std::string& name) {
  return Text(verb, " ", kind.kind, " ", name);
}

WantedObject* FindIn(KnownDeployment& known, ObjectKind kind, const std::string& name) {
  const auto found = std::find_if(
      known.objects.begin(), known.objects.end(),
      [&](const WantedObject& each) { return each.kind == kind && NameOf(each.object) == name; });
  return found == known.objects.end() ? nullptr : &*found;
}

}  // namespace

Informer* KubernetesFleet::Impl::InformerOf(ObjectKind kind) {
  if (kind == kinds::kConfigMap) return &owners_;
  if (kind == kinds::kService) return &services_;
  if (kind == kinds::kDeployment) return &places_;
  if (kind == kinds::kDisruptionBudget) return &budgets_;
  if (kind == kinds::kPod) return &pods_;
  const bool scales = kind == kinds::kAutoscaler || kind == kinds::kScaledObject;
  return scales && autoscalers_ ? &*autoscalers_ : nullptr;
}

// The owner first: all others name it by its uid, so that they go with it.
void KubernetesFleet::Impl::Apply(absl::Time) {
  for (auto& [id, known] : state_.deployments) {
    const Json* const owner = owners_.Find(OwnerName(known.wanted));
    known.owner_uid = owner == nullptr || IsBeingDeleted(*owner) ? "" : UidOf(*owner);
    for (WantedObject& wanted : known.objects) {
      const bool is_owner = wanted.kind == kinds::kConfigMap;
      if (!is_owner && known.owner_uid.empty()) continue;
      ApplyOne(id, wanted, is_owner ? "" : known.owner_uid);
    }
  }
}

void KubernetesFleet::Impl::ApplyOne(const std::string& deployment, WantedObject& wanted,
                                     const std::string& owner) {
  const std::string name = NameOf(wanted.object);
  const Informer* const informer = InformerOf(wanted.kind);
  const bool is_gone = informer != nullptr && informer->synced() && informer->Find(name) == nullptr;
  if (!is_gone && wanted.applied == wanted.digest + owner) return;
  work_->Start(KeyOf("apply", wanted.kind, name),
               [=, this, kind = wanted.kind] { return ApplyNow(deployment, kind, name); });
}

Task<void> KubernetesFleet::Impl::ApplyNow(std::string deployment, ObjectKind kind,
                                           std::string name) {
  const absl::Time now = (co_await chains::internal::Here()).loop().Now();
  const auto known = state_.deployments.find(deployment);
  if (known == state_.deployments.end()) co_return;
  const WantedObject* wanted = FindIn(known->second, kind, name);
  if (wanted == nullptr) co_return;
  Json object = wanted->object;
  const std::string owner = kind == kinds::kConfigMap ? "" : known->second.owner_uid;
  const std::string applied = wanted->digest + owner;
  if (!owner.empty()) SetOwner(object, known->second.wanted, owner);
  if (kind == kinds::kDeployment && !ScaledByOthers(name)) {
    // Fewer than there are is not decided here.
    const Json* const there = places_.Find(name);
    const int64_t are = there == nullptr ? 0 : IntAt(*there, "/spec/replicas");
    object["spec"]["replicas"] = std::max<int64_t>(NeedOf(name, now).total(), are);
  }
  ApplyOptions options;
  options.force = true;
  Json kept = co_await api_.Apply(std::move(object), std::move(options));
  if (Informer* const informer = InformerOf(kind)) informer->Note(std::move(kept));
  const auto still = state_.deployments.find(deployment);
  if (still == state_.deployments.end()) co_return;
  if (WantedObject* const now_wanted = FindIn(still->second, kind, name)) {
    now_wanted->applied = applied;
  }
}

// All that carries the labels of a deployment, and is not among what that has now. What belongs to
// a deployment that this platform does not know is left to RemoveUnknown().
void KubernetesFleet::Impl::CleanUp() {
  DeleteUnwanted(services_, kinds::kService);
  DeleteUnwanted(budgets_, kinds::kDisruptionBudget);
  DeleteUnwanted(places_, kinds::kDeployment);
  if (autoscalers_) {
    const bool hpa = settings_.scaling == ClusterSettings::Scaling::kHpa;
    DeleteUnwanted(*autoscalers_, hpa ? kinds::kAutoscaler : kinds::kScaledObject);
  }
  for (const auto& [name, owner] : owners_.objects()) {
    const std::string id = LabelOf(owner, labels::kDeployment);
    const bool unknown = known_ && !known_->contains(id) && !state_.deployments.contains(id);
    if (removed_.contains(id) || unknown) Delete(kinds::kConfigMap, owner);
  }
}

const KnownDeployment* KubernetesFleet::Impl::OwnerOf(const Json& object) const {
  const auto known = state_.deployments.find(LabelOf(object, labels::kDeployment));
  return known == state_.deployments.end() ? nullptr : &known->second;
}

void KubernetesFleet::Impl::DeleteUnwanted(const Informer& those, ObjectKind kind) {
  for (const auto& named : those.objects()) {  // clang captures no structured bindings
    const std::string& name = named.first;
    const Json& object = named.second;
    const KnownDeployment* const known = OwnerOf(object);
    if (known == nullptr) continue;
    const bool is_wanted = std::any_of(
        known->objects.begin(), known->objects.end(),
        [&](const WantedObject& each) { return each.kind == kind && NameOf(each.object) == name; });
    const bool is_used =
        std::any_of(state_.replicas.begin(), state_.replicas.end(), [&](const auto& each) {
          const FleetReplica& replica = each.second;
          if (kind == kinds::kDeployment) return replica.place == name;
          // What still runs in a place of no unit is called by way of that unit's Service.
          const bool is_old = !state_.places.contains(replica.place);
          return is_old && replica.deployment == known->wanted.id && kind == kinds::kService;
        });
    if (!is_wanted && !is_used) Delete(kind, object);
  }
}

void KubernetesFleet::Impl::Delete(ObjectKind kind, const Json& object) {
  if (IsBeingDeleted(object)) return;
  const std::string name = NameOf(object);
  work_->Start(KeyOf("delete", kind, name),
               [this, kind, name, uid = UidOf(object)] { return DeleteNow(kind, name, uid); });
}

Task<void> KubernetesFleet::Impl::DeleteNow(ObjectKind kind, std::string name, std::string uid) {
  DeleteOptions options;
  options.uid = std::move(uid);
  co_await api_.Delete(kind, settings_.in_namespace, std::move(name), std::move(options));
}

}  // namespace chains::deploy
