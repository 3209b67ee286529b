// Autoscaler: how many replicas a chainlet should have, from what is in flight to it.
//
//   Autoscaler scaler(chainlet.autoscaling(), running, now);
//   scaler.Observe(now, in_flight);              // whenever it is known
//   Autoscaler::Decision decision = scaler.Decide(now);   // about once a second
//   if (decision.changed) Start or end replicas, and show decision.why
//
// A pure function of its samples and times; no clock, no I/O. README.md has plots of it.
//
// The formula: ⌈in flight ÷ (concurrency_target × target_utilization_percentage)⌉, within
// [min_replica, max_replica], where "in flight" is the average over autoscaling_window.
//
// Up: at once. An average over a minute is slow to tell of a burst, so a short window (a tenth of
// the window, from 2 to 10 s) counts as well, alone, when it shows at least twice what the replicas
// are meant for, and for as long as a window after there was no replica. From zero any demand
// counts as it is now, and makes at least one replica.
//
// Down: to the highest number that was wanted at any time in the last scale_down_delay; each step
// takes away at most max_scale_down_rate percent (one replica at least), and steps are a short
// window apart, however often Decide() is called. The last replica goes when nothing was in flight
// for scale_down_delay, and for autoscaling_window where that is longer; the others then go as
// well, in such steps.
//
// Bounds: a number out of [min_replica, max_replica] is put right at once, without any delay.
//
// Not thread-safe. Its memory is bounded (about 10 KiB), whatever it observes.
#pragma once

#include <string>

#include "absl/time/time.h"
#include "chains/v1/manifest.pb.h"
#include "deploy/autoscaler/load_history.h"
#include "deploy/autoscaler/recent_peak.h"
#include "deploy/autoscaler/settings.h"

namespace chains::deploy {

class Autoscaler {
 public:
  struct Decision {
    int wanted = 0;
    // For people: "4.2 in flight over 60s ÷ (1 × 70 %) = 6, at most 3".
    std::string why;
    bool changed = false;  // since the last decision
  };

  // `settings` are valid (ValidateAutoscaling). `current` is how many replicas there are; they
  // count as wanted until now, so they stay for scale_down_delay at least.
  Autoscaler(const v1::Autoscaling& settings, int current, absl::Time now);

  // A window or delay that differs begins anew.
  void SetSettings(const v1::Autoscaling& settings);

  // What runs, is queued, or waits at callers, summed over replicas. Stands until the next sample;
  // where times go backwards, as of the last.
  void Observe(absl::Time now, double in_flight);
  // There was demand that no sample shows: calls that came and ended between two of them, or a
  // request to wake the chainlet up. At the next decision there is a replica, and the last one
  // stays from now on as if something had been in flight.
  void Wake(absl::Time now);

  Decision Decide(absl::Time now);
  int wanted() const { return wanted_; }

 private:
  struct Desire {
    int replicas;
    std::string why;
  };

  absl::Duration window() const;
  absl::Duration delay() const;
  absl::Duration short_window() const;
  double PerReplica() const;
  int Formula(double in_flight) const;
  int Bounded(int replicas) const;
  bool IsBurst() const;
  bool IsIdle() const;

  Desire FromZero() const;
  Desire FromLoad() const;
  Desire Explained(double in_flight, const std::string& over) const;
  Desire Lower(const Desire& desire) const;

  v1::Autoscaling settings_;
  int wanted_;
  absl::Time now_;  // the latest that it was told
  LoadHistory load_;
  RecentPeak desired_;
  absl::Time used_;                            // when something was in flight last
  bool woken_ = false;                         // since the last decision
  absl::Time hurried_ = absl::InfinitePast();  // a burst, or the first replica
  absl::Time stepped_down_ = absl::InfinitePast();
};

}  // namespace chains::deploy
