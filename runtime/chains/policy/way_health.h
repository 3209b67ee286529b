// WayHealth: what is known of one of several ways to a chainlet, and whether it is left out for a
// while. Outliers compares the ways with each other. Neither has a clock.
//
// A way is left out when it
//   - was not reached several times in a row: nothing listens there,
//   - failed more often than the others did, or
//   - took much longer than the others did.
// What fails everywhere, or is slow everywhere, is nobody's fault here. When its time is over, one
// call at a time goes there as a probe; after a few good ones it is back, and warms up; a bad one
// leaves it out for twice as long.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "chains/policy/settings.h"

namespace chains::internal {

class WayHealth {
 public:
  enum class Fault : uint8_t { kNone, kNotReached, kFails, kSlow };

  // ---- For who chooses.

  // It takes calls like the others. If not, it is left out until out_until(), and then probed.
  bool in() const { return fault_ == Fault::kNone; }
  Fault fault() const { return fault_; }
  absl::Time out_until() const { return out_until_; }
  // Out, and a call may see whether it is well again, if none does so already.
  bool to_probe(absl::Time now) const { return now >= out_until_; }
  // It was not reached a moment ago: another is better, for a call that is repeated above all.
  bool doubtful(absl::Time now) const { return not_reached_ > 0 && now < doubted_until_; }

  // ---- For calls.

  enum class Change : uint8_t { kNone, kLeftOut, kBack };
  // How one ended that took `took`, the callee's doing.
  Change Ended(const absl::Status& status, absl::Duration took, absl::Time now,
               const Balancing& settings);
  // It was given up after `took`: because its caller left, which says little; because its deadline
  // passed; because another attempt that began later answered first.
  enum class Why : uint8_t { kLeft, kTooLate, kLost };
  Change GivenUp(Why why, absl::Duration took, absl::Time now, const Balancing& settings);

  // ---- For Outliers.

  void LeaveOut(Fault fault, absl::Time now, const Balancing& settings);
  // Calls and failures count half as much as before.
  void Fade();
  double calls() const { return calls_; }
  double failure_ratio() const { return calls_ > 0 ? failures_ / calls_ : 0; }
  // How long calls take, as a logarithm to base 2 of nanoseconds: the mean of logarithms, which one
  // call of a hundred that takes a thousand times as long hardly moves.
  double log_latency() const { return log_latency_; }
  int latencies() const { return latencies_; }
  // What a probe must stay below, as a logarithm; 0: nothing.
  void LimitProbes(double log_latency) { probe_limit_ = log_latency; }

 private:
  Change EndedOut(bool bad, absl::Duration took, absl::Time now, const Balancing& settings);
  void AddLatency(absl::Duration took);

  double calls_ = 0;  // lately
  double failures_ = 0;
  double log_latency_ = 0;
  int latencies_ = 0;  // up to a number that is enough
  int not_reached_ = 0;
  int good_probes_ = 0;
  int left_out_ = 0;  // times in a row
  Fault fault_ = Fault::kNone;
  absl::Time out_until_ = absl::InfinitePast();
  absl::Time doubted_until_ = absl::InfinitePast();
  double probe_limit_ = 0;
};

// Of nanoseconds, to base 2, right to 0.09; 0 for 1 ns and less.
double LogOf(absl::Duration duration);

// Looks at all ways of a channel now and then, and says which are left out.
class Outliers {
 public:
  using At = std::function<WayHealth&(size_t)>;

  // Whether it is time to Look().
  bool Due(absl::Time now) const { return now >= next_; }
  // Returns how many it left out.
  int Look(size_t count, const At& at, absl::Time now, const Balancing& settings);

  // So many are left out that the others could hardly carry the load: those that can be reached,
  // even if they fail or are slow, take calls all the same. Set by Look() and by Count().
  bool panic() const { return panic_; }
  // Counts anew who is left out: a way came, went, or was left out.
  void Count(size_t count, const At& at, const Balancing& settings);
  uint64_t panics() const { return panics_; }  // how often that began

 private:
  absl::Time next_ = absl::InfinitePast();
  absl::Time fade_ = absl::InfinitePast();
  bool panic_ = false;
  uint64_t panics_ = 0;
};

}  // namespace chains::internal
