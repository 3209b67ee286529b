// Deployment: what a platform knows of one pushed version of a chain, and of its replicas.
//
// All of it belongs to the platform's loop.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "chains/v1/control.pb.h"
#include "deploy/autoscaler/autoscaler.h"
#include "deploy/fleets/fleet.h"
#include "deploy/platform/plan.h"
#include "deploy/platform/revision.h"
#include "deploy/state/state.pb.h"

namespace chains::deploy {

// How far somebody follows the tables that he is sent: a replica its orders, a gateway its routes.
struct Follower {
  uint64_t looked = 0;  // the model's version for which his table was made last
  uint64_t sent = 0;    // of the last table that differed from the one before
  uint64_t seen = 0;    // of the last that he says he follows

  // Whether nothing that left the model at `version` can still be used by him. What was sent before
  // may have left it out already; as long as he does not follow that, he uses an older one.
  bool IsPast(uint64_t version) const { return looked >= version && seen >= sent; }
};

struct Replica {
  enum class State { kStarting, kReady, kUnhealthy };

  // It said that it is ready, and could be called, at least once.
  bool has_started() const { return state != State::kStarting && was_reachable; }
  bool is_ready() const { return state == State::kReady && reachable; }

  std::string name;
  std::string unit;
  uint64_t revision = 0;  // the last one that it was part of
  std::string bundle;     // whose folder it runs from
  std::vector<std::string> chainlets;
  v1::Resources resources;
  std::vector<int> gpus;
  absl::Time started;

  State state = State::kStarting;
  absl::Time ready_since = absl::InfiniteFuture();
  absl::Time unhealthy_since = absl::InfiniteFuture();
  v1::ReplicaReport report;  // the last one
  absl::Time reported = absl::InfinitePast();
  uint64_t stream = 0;  // on which it attached last; 0: it is not attached
  // Whether the network leads to it. False until the fleet says so, where that tells.
  bool reachable = true;
  bool was_reachable = true;                              // once
  absl::Time unreachable_since = absl::InfiniteFuture();  // after it was
  ReplicaPlace place;                                     // as the fleet says
  absl::Time waited_until = absl::InfinitePast();         // it had a problem there until then
  Follower follower;

  bool draining = false;  // in no table any more
  uint64_t left_at = 0;   // the model's version since which it is in none
  absl::Time drains_since;
  bool stopped = false;  // the fleet was told to end it
};

// A unit's replicas that ended by themselves.
struct Crashes {
  int in_a_row = 0;
  absl::Time next_start = absl::InfinitePast();
  std::string report = {};  // of the last one; empty once a replica is ready
};

// Answers of a deployment, as gateways count them.
struct Traffic {
  uint64_t answered = 0;
  uint64_t failed = 0;  // of these, for no fault of the caller's
};

struct Scaler {
  v1::Autoscaling settings;  // in force
  Autoscaler autoscaler;
  std::deque<v1::ScaleChange> changes;  // newest first
  // Somebody else decides (Fleet::OnScaled): so many.
  std::optional<int> by_others = std::nullopt;

  int wanted() const { return by_others.value_or(autoscaler.wanted()); }

  // The last few are kept.
  void Note(absl::Time now, int from, std::string why);
};

class Deployment {
 public:
  explicit Deployment(state::DeploymentRecord kept) : record(std::move(kept)) {}

  const std::string& id() const { return record.id(); }
  bool active() const { return !record.deactivated() && record.failure().empty(); }

  // How many processes a unit should have.
  int WantedOf(const Unit& unit) const;
  // Larger than that of any that it had or tried.
  uint64_t NextRevision() const;
  // What there is to plan with.
  Wanted MakeWanted() const;
  std::vector<RunningReplica> MakeRunning(absl::Time now) const;
  // The revision by whose rules a replica calls others.
  const Revision* RevisionOf(const Replica& replica) const;
  // Those that may be called, of a unit.
  std::vector<const Replica*> Callable(std::string_view unit, absl::Time now) const;
  // Every chainlet has at least one replica to come.
  void WakeUp(absl::Time now);
  // Calls of a chainlet that run or wait: as its replicas see them or as its callers do, whichever
  // is more; `at_gateways` are requests of the entrypoint that gateways have.
  double InFlightOf(const std::string& chainlet, double at_gateways) const;
  // The settings in force, with those of the environment it is in and its own. What no environment
  // points at may fall asleep, whatever its code says.
  v1::Autoscaling AutoscalingOf(const v1::Chainlet& chainlet,
                                const state::EnvironmentRecord* environment) const;
  v1::Resources ResourcesOf(const v1::Chainlet& chainlet) const;
  // Of one process of a unit.
  v1::Resources ResourcesOf(const Revision& revision, const Unit& unit) const;
  // A revision is what all scalers follow from now on. A chainlet that had none begins with the
  // replicas that it has, at least with `at_first`.
  void ScaleBy(const Revision& revision, const state::EnvironmentRecord* environment,
               absl::Time now, int at_first);
  // How many replicas serve a chainlet, whatever their state.
  int Running(const std::string& chainlet) const;
  // Chainlets are called in the pending revision from now on.
  void TakePendingLive();
  // There is no pending revision any more: it is given up, or another takes its place.
  void RetirePending();
  // Forgets what no replica needs: of revisions that were, and of units that none has.
  void ForgetRetired();
  // Whether every replica has said, after `since`, that nothing runs or waits in it.
  bool IsIdleSince(absl::Time since) const;
  // All that it has may go, until it is woken.
  void FallAsleep(absl::Time now);

  bool IsUnfit(const Replica& replica, absl::Time now) const;

  state::DeploymentRecord record;
  std::map<std::string, v1::ScalingChange> scaling;  // in force, by chainlet
  std::shared_ptr<const Revision> live;
  std::shared_ptr<const Revision> pending;
  std::string pending_failure;  // why the last one that was pending never became live
  uint64_t failed_revision = 0;
  std::map<uint64_t, std::shared_ptr<const Revision>> retired;  // whose replicas drain
  std::map<std::string, Replica> replicas;                      // by name
  std::map<std::string, Crashes> crashes;                       // by unit
  std::map<std::string, std::string> no_room;                   // by unit: what it waits for
  std::map<std::string, Scaler> scalers;                        // by chainlet

  // What gateways say of its answers, since a canary began or ended in an environment of its chain.
  Traffic traffic;

  // Another deployment is to take its place where both do not fit. New requests wait in gateways,
  // and once those that were in it have ended, the units that yield have no replicas.
  bool held = false;
  absl::Time held_since;
  uint64_t held_at = 0;            // the model's version since which it is
  std::set<std::string> yielding;  // keys
};

}  // namespace chains::deploy
