#include "deploy/platform/plan.h"

#include <algorithm>
#include <set>

namespace chains::deploy {
namespace {

class Planner {
 public:
  Planner(const Wanted& wanted, const std::vector<RunningReplica>& replicas)
      : wanted_(wanted), replicas_(replicas) {}

  Actions Make() {
    if (wanted_.live != nullptr) Fill(*wanted_.live, /*of_pending=*/false);
    if (wanted_.pending != nullptr) Fill(*wanted_.pending, /*of_pending=*/true);
    Retire();
    actions_.pending_is_ready = wanted_.pending != nullptr && IsReady(*wanted_.pending);
    return std::move(actions_);
  }

 private:
  int WantedOf(const std::string& unit) const {
    const auto found = wanted_.replicas.find(unit);
    return found == wanted_.replicas.end() ? 0 : found->second;
  }

  // Exchanged in place: the pending revision has another unit for the same chainlets.
  bool MakesRoom(const Unit& unit) const {
    if (!wanted_.replace || wanted_.pending == nullptr) return false;
    return wanted_.pending->Find(unit.key) == nullptr;
  }

  void Fill(const Revision& revision, bool of_pending) {
    for (const Unit& unit : revision.units) {
      if (!filled_.insert(unit.key).second) continue;
      const int count = !of_pending && MakesRoom(unit) ? 0 : WantedOf(unit.key);
      if (of_pending && wanted_.replace && OldStillThere(revision, unit)) continue;
      FillUnit(unit, count, of_pending);
    }
  }

  // Of a chainlet of `unit`, in another unit, draining or not.
  bool OldStillThere(const Revision& revision, const Unit& unit) const {
    if (wanted_.live == nullptr || wanted_.live->Find(unit.key) != nullptr) return false;
    for (const std::string& chainlet : unit.chainlets) {
      const Unit* const old = wanted_.live->UnitOf(chainlet);
      if (old == nullptr || revision.Find(old->key) != nullptr) continue;
      for (const RunningReplica& replica : replicas_) {
        if (replica.unit == old->key) return true;
      }
    }
    return false;
  }

  void FillUnit(const Unit& unit, int count, bool of_pending) {
    std::vector<const RunningReplica*> fit;  // the least useful first: not ready, then the newest
    std::vector<const RunningReplica*> unfit;
    for (const RunningReplica& replica : replicas_) {
      if (replica.unit != unit.key || replica.draining) continue;
      (replica.unfit ? unfit : fit).insert((replica.unfit ? unfit : fit).begin(), &replica);
    }
    std::stable_partition(fit.begin(), fit.end(),
                          [](const RunningReplica* replica) { return !replica->ready; });
    for (int i = static_cast<int>(fit.size()); i < count; ++i) {
      actions_.start.push_back({.unit = unit.key, .of_pending = of_pending});
    }
    for (int i = 0; i < static_cast<int>(fit.size()) - count; ++i) {
      actions_.drain.push_back(fit[i]->name);
    }
    const auto ready = std::count_if(fit.begin(), fit.end(),
                                     [](const RunningReplica* replica) { return replica->ready; });
    // Who is unfit stays until another has taken its place, if he is of use meanwhile.
    for (const RunningReplica* replica : unfit) {
      if (ready >= count || replica->starting) actions_.drain.push_back(replica->name);
    }
  }

  bool IsKept(const RunningReplica& replica) const {
    return (wanted_.live != nullptr && wanted_.live->Find(replica.unit) != nullptr) ||
           (wanted_.pending != nullptr && wanted_.pending->Find(replica.unit) != nullptr);
  }

  // Replicas of no revision that is wanted: callers first.
  void Retire() {
    for (const RunningReplica& replica : replicas_) {
      if (replica.draining || IsKept(replica)) continue;
      if (!HasCallers(replica)) actions_.drain.push_back(replica.name);
    }
  }

  bool HasCallers(const RunningReplica& callee) const {
    const auto found = wanted_.retired.find(callee.revision);
    if (found == wanted_.retired.end()) return false;
    const Revision& revision = *found->second;
    const Unit* const unit = revision.Find(callee.unit);
    if (unit == nullptr) return false;
    for (const RunningReplica& caller : replicas_) {
      if (&caller == &callee || IsKept(caller)) continue;
      const Unit* const of = revision.Find(caller.unit);
      if (of == nullptr || of == unit) continue;
      const std::vector<std::string> called = revision.DependenciesOf(*of);
      for (const std::string& chainlet : unit->chainlets) {
        if (std::find(called.begin(), called.end(), chainlet) != called.end()) return true;
      }
    }
    return false;
  }

  bool IsReady(const Revision& revision) const {
    for (const Unit& unit : revision.units) {
      if (revision.IsDispensable(unit)) continue;
      const auto ready =
          std::count_if(replicas_.begin(), replicas_.end(), [&unit](const RunningReplica& replica) {
            return replica.unit == unit.key && replica.ready && !replica.draining && !replica.unfit;
          });
      if (ready < WantedOf(unit.key)) return false;
    }
    return true;
  }

  const Wanted& wanted_;
  const std::vector<RunningReplica>& replicas_;
  Actions actions_;
  std::set<std::string> filled_;
};

}  // namespace

Actions MakePlan(const Wanted& wanted, const std::vector<RunningReplica>& replicas) {
  return Planner(wanted, replicas).Make();
}

}  // namespace chains::deploy
