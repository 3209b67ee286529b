// KubernetesFleet: what was there before, and looking again and again.
#include "chains/core/root.h"
#include "chains/core/text.h"
#include "deploy/fleets/kubernetes/kubernetes_fleet_impl.h"
#include "deploy/fleets/kubernetes/labels.h"
#include "deploy/fleets/kubernetes/pod_facts.h"

namespace chains::deploy {
namespace {

constexpr size_t kMostAtATime = 16;
// What no informer watches, or somebody else may have edited, is applied again.
constexpr absl::Duration kSyncEvery = absl::Minutes(10);

class Tick final : public Loop::Timer {
 public:
  explicit Tick(Notice& notice) : notice_(notice) {}
  void Fire() override { notice_.Give(); }

 private:
  Notice& notice_;
};

}  // namespace

// What runs as long as Run() does.
class KubernetesFleet::Impl::Working {
 public:
  Working(Impl& impl, Loop& loop) : impl_(impl) {
    impl.work_.emplace(loop, kMostAtATime, impl.state_.changed);
    for (Informer* const informer :
         {&impl.owners_, &impl.services_, &impl.places_, &impl.budgets_, &impl.pods_, &impl.slices_,
          &impl.events_, impl.autoscalers_ ? &*impl.autoscalers_ : nullptr}) {
      if (informer == nullptr) continue;
      informers_.push_back(std::make_unique<chains::internal::Root<void>>(
          loop, Context(), informer->Run(), [](const auto&) {}));
      informers_.back()->Start();
    }
  }
  Working(const Working&) = delete;
  ~Working() { impl_.work_.reset(); }

 private:
  Impl& impl_;
  std::vector<std::unique_ptr<chains::internal::Root<void>>> informers_;
};

Task<std::vector<FoundReplica>> KubernetesFleet::Impl::Find() {
  const absl::Time now = (co_await chains::internal::Here()).loop().Now();
  ObjectList listed =
      co_await api_.List(kinds::kPod, settings_.in_namespace, std::string(labels::kOurs));
  std::vector<FoundReplica> found;
  for (const Json& pod : listed.items) {
    std::optional<ReplicaNote> note = ReadNote(pod);
    if (!note || HasEnded(pod)) continue;
    found.push_back(FoundIn(pod, *note));
    FleetReplica replica;
    replica.deployment = found.back().deployment;
    replica.order.set_replica(note->replica);
    replica.place = LabelOf(pod, labels::kPlace);
    replica.pod = NameOf(pod);
    replica.pod_uid = UidOf(pod);
    replica.noted = replica.told = replica.found = true;
    replica.note = *std::move(note);
    AgentPod agent;
    agent.uid = replica.pod_uid;
    agent.place = replica.place;
    agent.gone_since = now;
    state_.pods[{replica.deployment, replica.pod}] = std::move(agent);
    state_.replicas[{replica.deployment, replica.note.replica}] = std::move(replica);
  }
  co_return found;
}

void KubernetesFleet::Impl::ApplyAllAgain(absl::Time next) {
  next_sync_ = next;
  for (auto& [id, known] : state_.deployments) {
    for (WantedObject& wanted : known.objects) wanted.applied.clear();
  }
}

Task<void> KubernetesFleet::Impl::Run() {
  chains::internal::Here::Place here = co_await chains::internal::Here();
  Loop& loop = here.loop();
  const Working working(*this, loop);
  Tick tick(state_.changed);
  next_sync_ = loop.Now() + kSyncEvery;
  while (true) {
    again_ = false;
    const absl::Time now = loop.Now();
    if (now >= next_sync_) ApplyAllAgain(now + kSyncEvery);
    this_look_ = now;
    next_look_ = next_sync_;
    if (pods_.synced() && places_.synced() && owners_.synced()) {
      Look(now);
      Assign(now);
      Apply(now);
      Scale(now);
      NotePods();
      CleanUp();
      FollowScale();
    }
    TellExits();
    TellReachable();
    TellPlaced();
    if (again_) continue;
    loop.Arm(tick, next_look_);
    co_await state_.changed.Wait();
  }
}

void KubernetesFleet::Impl::Stop(const std::string& deployment, const std::string& name,
                                 absl::Duration patience) {
  FleetReplica* const replica = state_.Find(deployment, name);
  if (replica == nullptr) return;
  replica->stopping = true;
  replica->patience = patience;
  replica->give_up = absl::InfiniteFuture();  // the next look says when
  Changed();
}

}  // namespace chains::deploy
