#include "deploy/platform/controller.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_join.h"
#include "chains/core/loop.h"
#include "chains/core/text.h"
#include "deploy/platform/names.h"

namespace chains::deploy {
namespace {

constexpr absl::Duration kScaleEvery = absl::Milliseconds(500);
// Who has not said that he follows by then is not waited for any longer.
constexpr absl::Duration kPatienceWithRoutes = absl::Seconds(5);
constexpr absl::Duration kFirstPause = absl::Milliseconds(200);
constexpr absl::Duration kLongestPause = absl::Seconds(30);
// Who was ready for so long did not crash at its start.
constexpr absl::Duration kStable = absl::Seconds(10);

absl::Duration PauseAfter(int crashes) {
  absl::Duration pause = kFirstPause;
  for (int i = 1; i < crashes && pause < kLongestPause; ++i) pause *= 2;
  return std::min(pause, kLongestPause);
}

state::DeploymentRecord WithoutPending(state::DeploymentRecord record) {
  record.clear_pending_bundle();
  record.clear_pending_revision();
  record.clear_pending_replaces();
  record.clear_promote_to();
  return record;
}

ReplicaExit HowOnly(std::string how) {
  ReplicaExit exit;
  exit.how = std::move(how);
  return exit;
}

// Wakes the controller at a time. It leaves the loop with the coroutine that armed it.
class Tick final : public Loop::Timer {
 public:
  explicit Tick(Notice& notice) : notice_(notice) {}
  void Fire() override { notice_.Give(); }

 private:
  Notice& notice_;
};

}  // namespace

Controller::Controller(Model& model, Keeper& keeper, Fleet& fleet, Options options, Hooks hooks)
    : model_(model),
      keeper_(keeper),
      fleet_(fleet),
      options_(std::move(options)),
      hooks_(std::move(hooks)),
      liveness_(options_.liveness_timeout) {
  model_.scheduled = fleet_.schedules();
}

Task<void> Controller::Run() {
  chains::internal::Here::Place here = co_await chains::internal::Here();
  Tick tick(model_.changed());
  while (true) {
    const uint64_t seen = model_.version();
    const absl::Time now = here.loop().Now();
    liveness_.Look(now);
    if (now >= next_scaling_) Scale(now);
    ReleaseForgotten();
    TellFleetOfDeleted();
    std::vector<std::string> ids;
    for (const auto& [id, deployment] : model_.deployments) ids.push_back(id);
    for (const std::string& id : ids) {
      absl::StatusOr<internal::Unit> stepped = co_await Outcome(Step(id));
      if (!stepped.ok()) NoteTrouble(id, stepped.status());
    }
    // What could not be kept is tried again with the next change or tick.
    const absl::StatusOr<internal::Unit> ended = co_await Outcome(EndCanaries());
    ended.status().IgnoreError();
    if (model_.version() != seen) continue;
    here.loop().Arm(tick, next_scaling_);
    co_await model_.changed().Wait();
  }
}

// The disk is full, say. It is tried again with the next change or tick, and told meanwhile.
void Controller::NoteTrouble(const std::string& id, const absl::Status& trouble) {
  Deployment* const deployment = model_.Find(id);
  std::string text(MessageOf(trouble));
  if (deployment == nullptr || deployment->pending_failure == text) return;
  deployment->pending_failure = std::move(text);
  model_.Touch();
}

void Controller::Scale(absl::Time now) {
  next_scaling_ = now + kScaleEvery;
  for (const auto& [id, deployment] : model_.deployments) {
    if (deployment->active()) ScaleOne(*deployment, now);
  }
}

void Controller::ScaleOne(Deployment& deployment, absl::Time now) {
  const std::string entrypoint =
      deployment.live == nullptr ? "" : deployment.live->manifest.entrypoint();
  for (auto& [chainlet, scaler] : deployment.scalers) {
    const double waiting =
        chainlet == entrypoint ? static_cast<double>(model_.AtGateways(deployment.id())) : 0;
    scaler.autoscaler.Observe(now, deployment.InFlightOf(chainlet, waiting));
    const int before = scaler.wanted();
    // A revision that is not live yet has what it starts with.
    if (deployment.pending != nullptr) continue;
    Autoscaler::Decision decision = scaler.autoscaler.Decide(now);
    if (!decision.changed || scaler.by_others) continue;
    scaler.Note(now, before, std::move(decision.why));
    model_.Touch();
  }
}

Task<void> Controller::Step(std::string id) {
  chains::internal::Here::Place here = co_await chains::internal::Here();
  const absl::Time now = here.loop().Now();
  Deployment* const deployment = model_.Find(id);
  if (deployment == nullptr) co_return;
  TellFleet(*deployment);
  EndLateStarts(*deployment, now);
  ReplaceSilent(*deployment, now);
  deployment->no_room.clear();
  const Actions actions = MakePlan(deployment->MakeWanted(), deployment->MakeRunning(now));
  for (const std::string& name : actions.drain) Drain(deployment->replicas.at(name), now);
  for (const Actions::Start& start : actions.start) {
    StartReplica(*deployment, start.unit, start.of_pending, now);
  }
  StopDrained(*deployment, now);
  deployment->ForgetRetired();
  if (deployment->pending == nullptr || !deployment->active()) co_return;
  const uint64_t revision = deployment->pending->number;
  std::string blocked = MakeRoom(*deployment, now);
  if (!blocked.empty()) {
    co_await GiveUp(std::move(id), revision, std::move(blocked));
  } else if (actions.pending_is_ready) {
    co_await BringLive(std::move(id), revision);
  } else if (std::string why = FailureOfPending(*deployment, now); !why.empty()) {
    co_await GiveUp(std::move(id), revision, std::move(why));
  }
}

void Controller::StartReplica(Deployment& deployment, const std::string& key, bool of_pending,
                              absl::Time now) {
  const std::shared_ptr<const Revision>& revision =
      of_pending ? deployment.pending : deployment.live;
  const Unit& unit = *revision->Find(key);
  const Crashes& crashes = deployment.crashes[key];
  if (crashes.next_start > now) return;
  const v1::Resources resources = deployment.ResourcesOf(*revision, unit);
  absl::StatusOr<std::vector<int>> gpus = std::vector<int>();
  if (!model_.scheduled) gpus = model_.Reservations().MakeRoom(resources, model_.capacity);
  if (!gpus.ok()) {
    deployment.no_room[key] = std::string(MessageOf(gpus.status()));
    return;
  }
  absl::StatusOr<ReplicaSpec> spec = SpecOf(deployment, *revision, unit, *gpus);
  Replica replica;
  replica.name = spec.ok() ? spec->name : Text(ShortNames(unit.chainlets), "-0");
  replica.unit = key;
  replica.revision = revision->number;
  replica.bundle = revision->bundle;
  replica.chainlets = unit.chainlets;
  replica.resources = resources;
  replica.gpus = *std::move(gpus);
  replica.started = now;
  replica.reachable = replica.was_reachable = !fleet_.tells_reachable();
  if (!spec.ok()) {
    Crashed(deployment, replica, HowOnly(Text("could not be started: ", MessageOf(spec.status()))),
            now);
    return;
  }
  deployment.replicas.emplace(replica.name, replica);
  fleet_.Start(*std::move(spec));
  model_.Touch();
}

// A replica's folder is named by it alone, whatever the replica serves.
absl::StatusOr<std::string> Controller::FreeSuffix(const Deployment& deployment) {
  while (true) {
    absl::StatusOr<std::string> suffix = NewReplicaSuffix();
    if (!suffix.ok()) return suffix;
    const bool taken =
        std::any_of(deployment.replicas.begin(), deployment.replicas.end(),
                    [&suffix](const auto& named) { return named.first.ends_with("-" + *suffix); });
    if (!taken) return suffix;
  }
}

absl::StatusOr<ReplicaSpec> Controller::SpecOf(const Deployment& deployment,
                                               const Revision& revision, const Unit& unit,
                                               std::vector<int> gpus) const {
  ReplicaSpec spec;
  spec.deployment = deployment.id();
  absl::StatusOr<std::string> suffix = FreeSuffix(deployment);
  if (!suffix.ok()) return suffix.status();
  spec.name = Text(ShortNames(unit.chainlets), "-", *suffix);
  spec.chain = deployment.record.chain();
  spec.unit = unit.key;
  spec.revision = revision.number;
  spec.chainlets = unit.chainlets;
  spec.development = deployment.record.development();
  spec.bundle = revision.bundle;
  spec.folder = hooks_.folder_of(revision.bundle);
  spec.program = revision.program;
  spec.environment = EnvironmentOf(deployment);
  spec.token = deployment.record.token();
  spec.platform = options_.replicas_attach_at;
  spec.mtls = options_.mtls;
  spec.resources = deployment.ResourcesOf(revision, unit);
  spec.gpus = std::move(gpus);
  for (const std::string& name : unit.chainlets) {
    const v1::Chainlet& chainlet = *revision.Chainlet(name);
    for (const std::string& secret : chainlet.secrets()) {
      absl::StatusOr<std::string> value = hooks_.secret(secret);
      if (!value.ok()) return value.status();
      spec.secrets[secret] = *std::move(value);
    }
    for (const v1::Asset& asset : chainlet.assets()) {
      spec.assets[asset.name()] = Text(spec.folder, "/assets/", asset.name());
    }
  }
  return spec;
}

// What its chainlets are told.
std::string Controller::EnvironmentOf(const Deployment& deployment) const {
  if (deployment.record.development()) return "development";
  if (!deployment.record.promote_to().empty()) return deployment.record.promote_to();
  const std::vector<std::string> environments = model_.EnvironmentsOf(deployment);
  return environments.empty() ? "" : environments.front();
}

void Controller::Drain(Replica& replica, absl::Time now) {
  replica.draining = true;
  replica.drains_since = now;
  replica.left_at = model_.Touch();
}

void Controller::StopDrained(Deployment& deployment, absl::Time now) {
  for (auto& [name, replica] : deployment.replicas) {
    if (!replica.draining || replica.stopped) continue;
    // One that never took calls has nobody to wait for.
    const absl::Duration waited = now - replica.drains_since;
    const bool may_be_called = !model_.AllArePast(replica.left_at, deployment);
    if (replica.state != Replica::State::kStarting && waited < kPatienceWithRoutes && may_be_called)
      continue;
    replica.stopped = true;
    fleet_.Stop(deployment.id(), name, options_.drain_timeout);
  }
}

// Who waits for a place does not start yet: another one would wait for it as well.
void Controller::EndLateStarts(Deployment& deployment, absl::Time now) {
  for (auto& [name, replica] : deployment.replicas) {
    if (replica.draining || replica.has_started()) continue;
    if (!replica.place.problem.empty()) continue;
    const absl::Time began = std::max(replica.started, replica.waited_until);
    if (now - began < options_.start_timeout) continue;
    const std::string_view what = replica.state == Replica::State::kStarting
                                      ? "was not ready within "
                                      : "says that it is ready, but could not be reached within ";
    Crashed(deployment, replica, HowOnly(Text(what, absl::FormatDuration(options_.start_timeout))),
            now);
    Drain(replica, now);
  }
}

void Controller::ReplaceSilent(Deployment& deployment, absl::Time now) {
  for (auto& [name, replica] : deployment.replicas) {
    if (!liveness_.IsSilent(replica, now)) continue;
    Crashed(deployment, replica,
            HowOnly(Text("did not answer for ", absl::FormatDuration(liveness_.timeout()))), now);
    Drain(replica, now);
  }
}

// Empty while there is hope.
std::string Controller::FailureOfPending(const Deployment& deployment, absl::Time now) const {
  const bool in_place = deployment.live != nullptr && deployment.record.pending_replaces();
  const int starts = in_place ? options_.starts_in_place : options_.starts;
  for (const Unit& unit : deployment.pending->units) {
    if (deployment.live != nullptr && deployment.live->Find(unit.key) != nullptr) continue;
    if (deployment.pending->IsDispensable(unit)) continue;
    const auto found = deployment.crashes.find(unit.key);
    if (found != deployment.crashes.end() && found->second.in_a_row >= starts) {
      return Text(ShortNames(unit.chainlets), " did not become ready in ", starts,
                  starts == 1 ? " attempt: " : " attempts: ", found->second.report);
    }
    for (const auto& [name, replica] : deployment.replicas) {
      if (replica.unit != unit.key || replica.draining || replica.place.problem.empty()) continue;
      if (now - replica.started < options_.start_timeout) continue;
      return Text(ShortNames(unit.chainlets), " did not start within ",
                  absl::FormatDuration(options_.start_timeout), ": ", replica.place.problem);
    }
    const auto no_room = deployment.no_room.find(unit.key);
    if (no_room != deployment.no_room.end() && !deployment.record.pending_replaces()) {
      return Text("there is no room for ", ShortNames(unit.chainlets), ": ", no_room->second,
                  ". Free some (chains deactivate), or push with --replace: requests then wait "
                  "while it takes the place of the old one");
    }
  }
  return "";
}

// Null when it has gone, or another has taken its place, since it was looked at.
Deployment* Controller::StillPending(const std::string& id, uint64_t revision) {
  Deployment* const deployment = model_.Find(id);
  const bool is = deployment != nullptr && deployment->pending != nullptr &&
                  deployment->pending->number == revision;
  return is ? deployment : nullptr;
}

// The route changes with the model, at once and for all; the disk knew of it before.
Task<void> Controller::BringLive(std::string id, uint64_t revision) {
  chains::internal::Here::Place here = co_await chains::internal::Here();
  const Permit changing = co_await keeper_.Begin();
  const absl::Time now = here.loop().Now();
  Deployment* const deployment = StillPending(id, revision);
  if (deployment == nullptr) co_return;
  // Somebody may have deactivated it meanwhile, or a replica may have ended.
  if (!MakePlan(deployment->MakeWanted(), deployment->MakeRunning(now)).pending_is_ready) co_return;
  Store::Change change;
  state::DeploymentRecord record = WithoutPending(deployment->record);
  record.set_bundle(deployment->record.pending_bundle());
  record.set_revision(revision);
  std::string environment = deployment->record.promote_to();
  const state::EnvironmentRecord* production = model_.Environment(record.chain(), "production");
  if (environment.empty() && !record.development() &&
      (production == nullptr || production->deployment().empty())) {
    environment = "production";  // the first one that is published
  }
  if (!environment.empty()) {
    change.put_environments.push_back(Promoted(model_, record.chain(), environment, id));
  }
  change.put_deployments.push_back(std::move(record));
  Keeper::Then then = [this, deployment, now] {
    deployment->TakePendingLive();
    model_.FollowSettings(deployment->record.chain(), now);
    Release(*deployment, now, /*taken=*/true);
  };
  co_await keeper_.Keep(std::move(change), std::move(then));
}

// What was live stays it.
Task<void> Controller::GiveUp(std::string id, uint64_t revision, std::string why) {
  chains::internal::Here::Place here = co_await chains::internal::Here();
  const Permit changing = co_await keeper_.Begin();
  const absl::Time now = here.loop().Now();
  Deployment* const deployment = StillPending(id, revision);
  if (deployment == nullptr) co_return;
  state::DeploymentRecord record = WithoutPending(deployment->record);
  if (deployment->live == nullptr) record.set_failure(why);
  Store::Change change;
  change.put_deployments.push_back(std::move(record));
  Keeper::Then then = [this, deployment, revision, now, why] {
    deployment->pending_failure = why;
    deployment->failed_revision = revision;
    deployment->RetirePending();
    model_.FollowSettings(deployment->record.chain(), now);
    Release(*deployment, now, /*taken=*/false);
  };
  co_await keeper_.Keep(std::move(change), std::move(then));
}

void Controller::Exited(const ReplicaExit& exit, absl::Time now) {
  Deployment* const deployment = model_.Find(exit.deployment);
  if (deployment == nullptr) return fleet_.Forget(exit.deployment, exit.name);
  const auto found = deployment->replicas.find(exit.name);
  if (found == deployment->replicas.end()) return fleet_.Forget(exit.deployment, exit.name);
  const Replica replica = std::move(found->second);
  deployment->replicas.erase(found);
  if (!exit.asked && !replica.draining) Crashed(*deployment, replica, exit, now);
  fleet_.Forget(exit.deployment, exit.name);
  model_.Touch();
}

void Controller::Crashed(Deployment& deployment, const Replica& replica, const ReplicaExit& exit,
                         absl::Time now) {
  // Those of deployments that are gone are forgotten.
  std::erase_if(restarts_,
                [this](const auto& each) { return model_.Find(each.first.first) == nullptr; });
  for (const std::string& chainlet : replica.chainlets) ++restarts_[{deployment.id(), chainlet}];
  Crashes& crashes = deployment.crashes[replica.unit];
  if (now - replica.ready_since > kStable) crashes.in_a_row = 0;
  ++crashes.in_a_row;
  crashes.next_start = now + PauseAfter(crashes.in_a_row);
  crashes.report = Text(replica.name, " ", exit.how);
  if (exit.last_lines.empty()) return;
  crashes.report += Text("; its last lines:\n", absl::StrJoin(exit.last_lines, "\n"));
}

}  // namespace chains::deploy
