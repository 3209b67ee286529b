#include "deploy/platform/deployment.h"

#include <algorithm>
#include <utility>

namespace chains::deploy {
namespace {

const state::EnvironmentRecord& NoEnvironment() {
  static const state::EnvironmentRecord* const none = new state::EnvironmentRecord();
  return *none;
}

absl::Duration Seconds(double seconds) { return absl::Seconds(seconds); }

constexpr size_t kChangesKept = 20;
// Who cannot be reached for so long, though he says that he is well, is replaced.
constexpr absl::Duration kUnreachable = absl::Seconds(30);

}  // namespace

void Scaler::Note(absl::Time now, int from, std::string why) {
  v1::ScaleChange change;
  change.set_unix_ms(absl::ToUnixMillis(now));
  change.set_from(from);
  change.set_to(wanted());
  change.set_why(std::move(why));
  changes.push_front(std::move(change));
  if (changes.size() > kChangesKept) changes.pop_back();
}

uint64_t Deployment::NextRevision() const {
  uint64_t last = std::max({record.revision(), record.pending_revision(), failed_revision});
  if (!retired.empty()) last = std::max(last, retired.rbegin()->first);
  return last + 1;
}

int Deployment::WantedOf(const Unit& unit) const {
  if (!active()) return 0;
  if (yielding.contains(unit.key)) return 0;
  int most = 0;
  for (const std::string& chainlet : unit.chainlets) {
    const auto found = scalers.find(chainlet);
    if (found != scalers.end()) most = std::max(most, found->second.wanted());
  }
  return most;
}

Wanted Deployment::MakeWanted() const {
  Wanted wanted{.live = active() ? live.get() : nullptr,
                .pending = active() ? pending.get() : nullptr,
                .replace = record.pending_replaces(),
                .replicas = {},
                .retired = {}};
  for (const Revision* revision : {wanted.live, wanted.pending}) {
    if (revision == nullptr) continue;
    for (const Unit& unit : revision->units) wanted.replicas[unit.key] = WantedOf(unit);
  }
  for (const auto& [number, revision] : retired) wanted.retired[number] = revision.get();
  for (const auto& revision : {live, pending}) {
    if (revision != nullptr) wanted.retired[revision->number] = revision.get();
  }
  return wanted;
}

std::vector<RunningReplica> Deployment::MakeRunning(absl::Time now) const {
  std::vector<const Replica*> by_age;
  for (const auto& [name, replica] : replicas) by_age.push_back(&replica);
  std::stable_sort(by_age.begin(), by_age.end(),
                   [](const Replica* a, const Replica* b) { return a->started < b->started; });
  std::vector<RunningReplica> running;
  for (const Replica* replica : by_age) {
    running.push_back({.name = replica->name,
                       .unit = replica->unit,
                       .revision = replica->revision,
                       .ready = replica->is_ready(),
                       .starting = !replica->has_started(),
                       .unfit = IsUnfit(*replica, now),
                       .draining = replica->draining});
  }
  return running;
}

// Unhealthy for longer than its chainlets may be, out of reach, or started with other resources
// than it is to have now.
bool Deployment::IsUnfit(const Replica& replica, absl::Time now) const {
  for (const auto& revision : {live, pending}) {
    const Unit* const unit = revision == nullptr ? nullptr : revision->Find(replica.unit);
    if (unit == nullptr) continue;
    const v1::Resources wanted = ResourcesOf(*revision, *unit);
    if (wanted.cpus() != replica.resources.cpus() ||
        wanted.memory_bytes() != replica.resources.memory_bytes()) {
      return true;
    }
    if (now - replica.unreachable_since >= kUnreachable) return true;
    if (replica.state != Replica::State::kUnhealthy) return false;
    for (const std::string& name : replica.chainlets) {
      const double after = revision->Chainlet(name)->health().restart_after_sec();
      if (now - replica.unhealthy_since >= Seconds(after)) return true;
    }
    return false;
  }
  return false;
}

const Revision* Deployment::RevisionOf(const Replica& replica) const {
  for (const auto& revision : {live, pending}) {
    if (revision != nullptr && revision->Find(replica.unit) != nullptr) return revision.get();
  }
  const auto found = retired.find(replica.revision);
  return found == retired.end() ? nullptr : found->second.get();
}

std::vector<const Replica*> Deployment::Callable(std::string_view unit, absl::Time now) const {
  std::vector<const Replica*> callable;
  for (const auto& [name, replica] : replicas) {
    if (replica.unit != unit || replica.draining) continue;
    if (replica.state == Replica::State::kStarting || !replica.reachable) continue;
    if (replica.state == Replica::State::kUnhealthy) {
      const Revision* const revision = RevisionOf(replica);
      bool stops = revision == nullptr;
      for (const std::string& chainlet : replica.chainlets) {
        if (revision == nullptr || revision->Chainlet(chainlet) == nullptr) continue;
        const double after = revision->Chainlet(chainlet)->health().stop_traffic_after_sec();
        stops |= now - replica.unhealthy_since >= Seconds(after);
      }
      if (stops) continue;
    }
    callable.push_back(&replica);
  }
  return callable;
}

void Deployment::WakeUp(absl::Time now) {
  for (auto& [chainlet, scaler] : scalers) {
    scaler.autoscaler.Wake(now);
    if (scaler.autoscaler.wanted() > 0) continue;
    scaler.autoscaler.Decide(now);
    scaler.Note(now, 0, "a request came, or `wake`");
  }
}

double Deployment::InFlightOf(const std::string& chainlet, double at_gateways) const {
  double seen = 0;
  double sent = at_gateways;
  for (const auto& [name, replica] : replicas) {
    for (const v1::ChainletLoad& load : replica.report.loads()) {
      if (load.chainlet() == chainlet) seen += static_cast<double>(load.in_flight());
    }
    for (const v1::Demand& demand : replica.report.demands()) {
      if (demand.chainlet() != chainlet) continue;
      sent += static_cast<double>(demand.waiting() + demand.in_flight());
    }
  }
  return std::max(seen, sent);
}

v1::Autoscaling Deployment::AutoscalingOf(const v1::Chainlet& chainlet,
                                          const state::EnvironmentRecord* environment) const {
  v1::Autoscaling settings = chainlet.autoscaling();
  if (environment == nullptr && live != nullptr) settings.set_min_replica(0);
  const state::EnvironmentRecord& of = environment == nullptr ? NoEnvironment() : *environment;
  for (const auto* changes : {&of.scaling(), &record.scaling()}) {
    const auto found = changes->find(chainlet.name());
    if (found != changes->end()) settings = WithChange(settings, found->second);
  }
  if (record.development()) {
    settings.set_max_replica(1);
    settings.set_min_replica(std::min(settings.min_replica(), 1));
  }
  return settings;
}

v1::Resources Deployment::ResourcesOf(const v1::Chainlet& chainlet) const {
  v1::Resources resources = chainlet.resources();
  const auto found = scaling.find(chainlet.name());
  if (found == scaling.end()) return resources;
  if (found->second.has_cpus()) resources.set_cpus(found->second.cpus());
  if (found->second.has_memory_bytes()) resources.set_memory_bytes(found->second.memory_bytes());
  return resources;
}

v1::Resources Deployment::ResourcesOf(const Revision& revision, const Unit& unit) const {
  v1::Resources sum = unit.resources;
  sum.clear_cpus();
  sum.clear_memory_bytes();
  for (const std::string& name : unit.chainlets) {
    const v1::Resources of = ResourcesOf(*revision.Chainlet(name));
    sum.set_cpus(sum.cpus() + of.cpus());
    sum.set_memory_bytes(sum.memory_bytes() + of.memory_bytes());
  }
  return sum;
}

void Deployment::ScaleBy(const Revision& revision, const state::EnvironmentRecord* environment,
                         absl::Time now, int at_first) {
  scaling.clear();
  const state::EnvironmentRecord& of = environment == nullptr ? NoEnvironment() : *environment;
  for (const auto* changes : {&of.scaling(), &record.scaling()}) {
    for (const auto& [chainlet, change] : *changes) scaling[chainlet].MergeFrom(change);
  }
  for (const v1::Chainlet& chainlet : revision.manifest.chainlets()) {
    const v1::Autoscaling settings = AutoscalingOf(chainlet, environment);
    const auto found = scalers.find(chainlet.name());
    if (found != scalers.end()) {
      found->second.autoscaler.SetSettings(settings);
      found->second.settings = settings;
      continue;
    }
    const int first = std::clamp(std::max(at_first, Running(chainlet.name())),
                                 settings.min_replica(), std::max(1, settings.max_replica()));
    scalers.emplace(chainlet.name(), Scaler{.settings = settings,
                                            .autoscaler = Autoscaler(settings, first, now),
                                            .changes = {}});
  }
  for (auto scaler = scalers.begin(); scaler != scalers.end();) {
    const bool used = revision.Chainlet(scaler->first) != nullptr ||
                      (live != nullptr && live->Chainlet(scaler->first) != nullptr) ||
                      (pending != nullptr && pending->Chainlet(scaler->first) != nullptr);
    scaler = used ? std::next(scaler) : scalers.erase(scaler);
  }
}

bool Deployment::IsIdleSince(absl::Time since) const {
  return std::all_of(replicas.begin(), replicas.end(), [since](const auto& named) {
    const Replica& replica = named.second;
    if (replica.state == Replica::State::kStarting) return true;
    const auto& loads = replica.report.loads();
    return replica.reported > since &&
           std::all_of(loads.begin(), loads.end(),
                       [](const v1::ChainletLoad& load) { return load.in_flight() == 0; });
  });
}

void Deployment::FallAsleep(absl::Time now) {
  for (auto& [chainlet, scaler] : scalers) {
    v1::Autoscaling settings = scaler.settings;
    scaler.autoscaler = Autoscaler(settings, settings.min_replica(), now);
  }
}

int Deployment::Running(const std::string& chainlet) const {
  return static_cast<int>(
      std::count_if(replicas.begin(), replicas.end(), [&chainlet](const auto& named) {
        const std::vector<std::string>& serves = named.second.chainlets;
        return std::find(serves.begin(), serves.end(), chainlet) != serves.end();
      }));
}

void Deployment::TakePendingLive() {
  if (live != nullptr) retired[live->number] = std::move(live);
  live = std::exchange(pending, nullptr);
  pending_failure.clear();
  // Once it is no part of what is live, a replica calls those it called last.
  for (auto& [name, replica] : replicas) {
    if (live->Find(replica.unit) != nullptr) replica.revision = live->number;
  }
}

void Deployment::RetirePending() {
  if (pending == nullptr) return;
  const uint64_t number = pending->number;
  retired[number] = std::exchange(pending, nullptr);
}

void Deployment::ForgetRetired() {
  std::erase_if(retired, [this](const auto& numbered) {
    return std::none_of(replicas.begin(), replicas.end(), [&numbered](const auto& named) {
      return named.second.revision == numbered.first;
    });
  });
  const auto is_gone = [this](const auto& by_unit) {
    return (live == nullptr || live->Find(by_unit.first) == nullptr) &&
           (pending == nullptr || pending->Find(by_unit.first) == nullptr);
  };
  std::erase_if(crashes, is_gone);
  std::erase_if(no_room, is_gone);
}

}  // namespace chains::deploy
