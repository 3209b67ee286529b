// What an edge may be told of failing and slow callees, and a chainlet of being busy: the settings
// that a chain declares (Needs, Limits), as the policies read them.
#pragma once

#include "absl/time/time.h"

namespace chains {

// A second attempt beside the first, when that takes long: of idempotent unary methods. Whichever
// answers first is the answer, the other is dropped with all that it waits for.
struct Hedging {
  bool on = false;
  double percentile = 95;  // of this edge's recent calls: so long the first attempt is alone
  absl::Duration at_least = absl::Milliseconds(2);  // … but at least this
  double max_extra = 0.05;                          // second attempts, as a part of all calls
};

// Of further attempts, retries and hedges together: how many there may be, as a part of the calls
// that were answered well. Nothing is repeated while a budget is spent.
struct RetryBudget {
  double ratio = 0.1;
  // Further attempts that a caller may make before it earned any; no more are ever kept. A replica
  // that is gone takes a third of 300 calls with it where there are three.
  int burst = 100;
};

// Stops calling who fails, for a while.
struct Circuit {
  bool on = false;
  int consecutive_failures = 5;  // opens it; so does:
  double failure_ratio = 0.5;    // … of at least
  int min_calls = 20;            // … so many calls in
  absl::Duration window = absl::Seconds(10);
  absl::Duration open_for = absl::Seconds(5);  // then probes go through; doubles, up to 8 times
  int probes = 1;                              // at a time; all of them well: closed
  bool dry_run = false;                        // only counts what it would have refused
};

// Which of several replicas a call takes, and which are left out for a while. Left out is, too, who
// does not answer before calls' deadlines, and who loses to second attempts.
struct Balancing {
  int failures_to_eject = 3;   // in a row that did not reach it: nothing listens; 0: never
  double failure_ratio = 0.5;  // it fails so often, and twice as often as the others; over 1: never
  int min_calls = 20;          // … of at least so many in the last seconds
  double latency_factor = 5;   // it takes so many times as long as the others; 0: never
  absl::Duration latency_margin = absl::Milliseconds(5);  // … and so much longer
  absl::Duration ejected_for = absl::Seconds(1);          // then it is probed; doubles, …
  absl::Duration ejected_at_most = absl::Seconds(30);     // … up to this
  double panic_above = 0.5;  // more than this part of all left out: who can be reached is not
  absl::Duration warm_up =
      absl::Seconds(10);    // a new one's share of calls grows so long; 0: at once
  bool prefer_zone = true;  // replicas of the caller's own zone, as long as they are not busier
  friend bool operator==(const Balancing&, const Balancing&) = default;
};

// What a chainlet does with a call whose time is too short for how long such calls take, as far as
// was learned.
enum class LateCalls {
  kRefuse,  // at once, with DEADLINE_EXCEEDED
  kCount,   // lets it in, and counts
  kAllow,   // nothing is learned
};

// How many calls a chainlet runs at a time, found by measuring.
struct AdaptiveLimit {
  bool on = false;
  int min = 4;           // the limit is between these;
  int max = 0;           // 0: concurrency_limit
  bool dry_run = false;  // only counts what it would have refused
};

}  // namespace chains
