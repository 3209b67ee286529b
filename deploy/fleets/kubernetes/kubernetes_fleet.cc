#include "deploy/fleets/kubernetes/kubernetes_fleet.h"

#include <google/protobuf/util/message_differencer.h>

#include "chains/core/text.h"
#include "deploy/bundle/digest.h"
#include "deploy/fleets/kubernetes/kubernetes_fleet_impl.h"
#include "deploy/fleets/kubernetes/labels.h"
#include "deploy/fleets/kubernetes/objects.h"

namespace chains::deploy {
namespace {

using google::protobuf::util::MessageDifferencer;

constexpr ObjectKind kKinds[] = {kinds::kConfigMap,   kinds::kSecret,           kinds::kService,
                                 kinds::kDeployment,  kinds::kDisruptionBudget, kinds::kAutoscaler,
                                 kinds::kScaledObject};

ObjectKind KindOf(const Json& object) {
  const std::string kind = StringAt(object, "/kind");
  for (const ObjectKind& each : kKinds) {
    if (each.kind == kind) return each;
  }
  return kinds::kConfigMap;
}

v1::ReplicaOrder OrderOf(const ReplicaSpec& spec) {
  v1::ReplicaOrder order;
  order.set_replica(spec.name);
  order.set_chain(spec.chain);
  order.set_unit(spec.unit);
  order.set_revision(spec.revision);
  for (const std::string& chainlet : spec.chainlets) order.add_chainlets(chainlet);
  order.set_bundle(spec.bundle);
  order.set_program(spec.program);
  order.set_environment(spec.environment);
  for (const auto& [name, value] : spec.secrets) (*order.mutable_secrets())[name] = value;
  for (const auto& [name, path] : spec.assets) order.add_assets(name);
  return order;
}

ReplicaNote NoteOf(const ReplicaSpec& spec) {
  ReplicaNote note;
  note.replica = spec.name;
  note.chain = spec.chain;
  note.unit = spec.unit;
  note.revision = spec.revision;
  note.chainlets = spec.chainlets;
  note.bundle = spec.bundle;
  return note;
}

// Replaces what was there of the same kind and name; what was applied of that stays known.
void Put(std::vector<WantedObject>& objects, Json object, const KnownDeployment* before) {
  WantedObject wanted;
  wanted.kind = KindOf(object);
  wanted.digest = Hex(Sha256Of(object.dump()));
  wanted.object = std::move(object);
  const auto is_same = [&wanted](const WantedObject& each) {
    return each.kind == wanted.kind && NameOf(each.object) == NameOf(wanted.object);
  };
  if (before != nullptr) {
    for (const WantedObject& each : before->objects) {
      if (is_same(each)) wanted.applied = each.applied;
    }
  }
  std::erase_if(objects, is_same);
  objects.push_back(std::move(wanted));
}

}  // namespace

KubernetesFleet::Impl::Impl(ApiClient& api, ClusterSettings settings, Hooks hooks)
    : api_(api),
      settings_(std::move(settings)),
      hooks_(std::move(hooks)),
      service_(state_, settings_.drain, hooks_.on_output),
      owners_(api, {kinds::kConfigMap, settings_.in_namespace, std::string(labels::kOwners)},
              state_.changed),
      services_(api, {kinds::kService, settings_.in_namespace, std::string(labels::kOurs)},
                state_.changed),
      places_(api, {kinds::kDeployment, settings_.in_namespace, std::string(labels::kOurs)},
              state_.changed),
      budgets_(api, {kinds::kDisruptionBudget, settings_.in_namespace, std::string(labels::kOurs)},
               state_.changed),
      pods_(api, {kinds::kPod, settings_.in_namespace, std::string(labels::kOurs)}, state_.changed),
      slices_(api, {kinds::kEndpointSlice, settings_.in_namespace, std::string(labels::kOurs)},
              state_.changed),
      events_(api, {kinds::kEvent, settings_.in_namespace}, state_.changed) {
  if (settings_.scaling == ClusterSettings::Scaling::kPlatform) return;
  const ObjectKind kind = settings_.scaling == ClusterSettings::Scaling::kHpa
                              ? kinds::kAutoscaler
                              : kinds::kScaledObject;
  autoscalers_.emplace(api,
                       Informer::What{kind, settings_.in_namespace, std::string(labels::kOurs)},
                       state_.changed);
}

void KubernetesFleet::Impl::Changed() {
  again_ = true;
  state_.changed.Give();
}

void KubernetesFleet::Impl::Deploy(const FleetDeployment& deployment) {
  const auto found = state_.deployments.find(deployment.id);
  const KnownDeployment* const before =
      found == state_.deployments.end() ? nullptr : &found->second;
  if (before != nullptr && before->wanted == deployment) return;
  KnownDeployment known;
  known.wanted = deployment;
  FleetDeployment bare = deployment;  // a unit that cannot be placed keeps no other from it
  bare.units.clear();
  absl::StatusOr<std::vector<Json>> own = OwnerObjects(bare, settings_);
  known.problem = own.status();
  if (own.ok()) {
    for (Json& object : *own) Put(known.objects, std::move(object), before);
  }
  std::erase_if(state_.places, [&deployment](const auto& place) {
    return place.second.deployment == deployment.id;
  });
  for (const FleetUnit& unit : deployment.units) {
    absl::StatusOr<std::vector<Json>> objects =
        UnitObjects(deployment, unit, settings_, std::nullopt, "");
    state_.places[PlaceName(deployment, unit, settings_)] =
        Place{deployment.id, unit, objects.status()};
    if (!objects.ok()) continue;
    for (Json& object : *objects) Put(known.objects, std::move(object), before);
  }
  state_.deployments[deployment.id] = std::move(known);
  removed_.erase(deployment.id);
  Changed();
}

void KubernetesFleet::Impl::Remove(const std::string& deployment) {
  state_.deployments.erase(deployment);
  std::erase_if(state_.places,
                [&](const auto& place) { return place.second.deployment == deployment; });
  std::erase_if(state_.replicas,
                [&](const auto& named) { return named.first.first == deployment; });
  std::erase_if(state_.pods, [&](const auto& named) { return named.first.first == deployment; });
  std::erase_if(told_scale_, [&](const auto& named) { return named.first.first == deployment; });
  removed_.insert(deployment);
  Changed();
}

void KubernetesFleet::Impl::RemoveUnknown(const std::vector<std::string>& known) {
  known_.emplace(known.begin(), known.end());
  Changed();
}

// Of several with these chainlets the last one that has these resources: units of what is pending
// come after those of what is live.
std::string KubernetesFleet::Impl::PlaceFor(const ReplicaSpec& spec) const {
  const auto known = state_.deployments.find(spec.deployment);
  if (known == state_.deployments.end()) return "";
  const std::vector<FleetUnit>& units = known->second.wanted.units;
  const FleetUnit* best = nullptr;
  for (const FleetUnit& unit : units) {
    if (unit.chainlets != spec.chainlets) continue;
    const bool same = MessageDifferencer::Equals(unit.resources, spec.resources);
    if (best == nullptr || same) best = &unit;
  }
  return best == nullptr ? "" : PlaceName(known->second.wanted, *best, settings_);
}

void KubernetesFleet::Impl::Start(ReplicaSpec spec) {
  FleetReplica replica;
  replica.deployment = spec.deployment;
  replica.place = PlaceFor(spec);
  replica.note = NoteOf(spec);
  replica.order = OrderOf(spec);
  replica.number = ++state_.last_number;
  const auto place = state_.places.find(replica.place);
  if (place == state_.places.end() || !place->second.problem.ok()) {
    const std::string why = place == state_.places.end()
                                ? "the cluster was not told of its deployment"
                                : std::string(MessageOf(place->second.problem));
    ReplicaExit exit;
    exit.deployment = spec.deployment;
    exit.name = spec.name;
    exit.how = Text("could not be started: ", why);
    state_.exits.push_back(std::move(exit));
  } else {
    state_.replicas.insert_or_assign({spec.deployment, spec.name}, std::move(replica));
  }
  Changed();
}

KubernetesFleet::KubernetesFleet(ApiClient& api, ClusterSettings settings, Hooks hooks)
    : impl_(std::make_unique<Impl>(api, std::move(settings), std::move(hooks))) {}
KubernetesFleet::~KubernetesFleet() = default;

Task<std::vector<FoundReplica>> KubernetesFleet::Find() { return impl_->Find(); }
Task<void> KubernetesFleet::Run() { return impl_->Run(); }
v1::Pods& KubernetesFleet::pods() { return impl_->pods(); }
void KubernetesFleet::Deploy(const FleetDeployment& deployment) { impl_->Deploy(deployment); }
void KubernetesFleet::Remove(const std::string& deployment) { impl_->Remove(deployment); }
void KubernetesFleet::Start(ReplicaSpec spec) { impl_->Start(std::move(spec)); }
void KubernetesFleet::Stop(const std::string& deployment, const std::string& name,
                           absl::Duration patience) {
  impl_->Stop(deployment, name, patience);
}
// Nothing of a replica stays in its pod: the agent sees to that.
void KubernetesFleet::Forget(const std::string&, const std::string&) {}
ReplicaPlace KubernetesFleet::PlaceOf(const std::string& deployment,
                                      const std::string& name) const {
  return impl_->PlaceOf(deployment, name);
}
void KubernetesFleet::RemoveUnknown(const std::vector<std::string>& known) {
  impl_->RemoveUnknown(known);
}

}  // namespace chains::deploy
