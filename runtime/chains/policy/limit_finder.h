// LimitFinder: how many calls a chainlet should run at a time, found by measuring.
//
//   LimitFinder finder({.min = 4, .max = 256});
//   gate.SetLimit(finder.limit());
//   … size_t limit = finder.Next(turn);      // with every turn of a full gate
//
// Pure: it knows what it is told, and no clock. The rule is the gradient of Netflix'
// concurrency-limits (Gradient2) and of Envoy's adaptive concurrency filter: as long as a stay at
// the limit takes no longer than it does below it, more run at a time; where it takes longer, they
// only wait for each other, and fewer do:
//
//   limit' = limit × min(1, kTolerance × unloaded / stay) + √limit
//
// `unloaded` is measured anew every now and then, at half the limit, so that it is right after
// whatever changed. The first steps double, until a stay takes longer.
#pragma once

#include <cstddef>

#include "absl/time/time.h"
#include "chains/core/turn_over.h"

namespace chains {

class LimitFinder {
 public:
  struct Options {
    int min = 4;    // at least 1
    int max = 256;  // at least min
    // Whether it may lower the limit to measure. A trial, whose limit binds nobody, may not.
    bool probes = true;
    absl::Duration probe_every = absl::Seconds(30);
  };
  static constexpr double kTolerance = 1.5;  // of stays that take longer without a queue behind it
  static constexpr size_t kEnough = 10;      // stays that a decision takes, at least …
  static constexpr absl::Duration kLongEnough = absl::Milliseconds(50);  // … and how long

  explicit LimitFinder(Options options);

  // How many may run at a time; between min and max.
  size_t limit() const;
  // What it is after `turn`, in which so many ran at a time.
  size_t Next(const Turn& turn);
  // Of a stay while few run; zero: not known yet.
  absl::Duration unloaded() const { return unloaded_; }

 private:
  void Decide(absl::Duration stay, absl::Time now);
  void SetLimit(double limit);
  void StartWindow();

  const Options options_;
  double limit_;
  double before_probe_ = 0;  // 0: this is no probe
  bool doubles_ = true;
  bool settles_ = false;  // what ran when the limit changed is still in the next turn
  absl::Duration unloaded_;
  absl::Duration smoothed_;
  absl::Time next_probe_ = absl::InfinitePast();
  // The window since the last decision.
  size_t left_ = 0;
  absl::Duration stays_;  // of all that left
  absl::Duration took_;
};

}  // namespace chains
