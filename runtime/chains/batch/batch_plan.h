// When a batch closes, and who is in it: the rules of a Batcher as functions of made-up times.
//
//   BatchPlan plan = PlanBatch(options, waiting, now, estimate.Value(), /*idle=*/true);
//   Refuse(plan.expired);                                  // places in `waiting`
//   plan.members.empty() ? WaitUntil(plan.look_again) : Run(plan.members);
//
// Pure: nothing here knows threads, loops or requests.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace chains {

// What a Batcher is told when it is made.
struct BatchOptions {
  std::string name = "batcher";  // in its refusals
  size_t max_batch = 8;          // members of a batch, at least 1
  // The most that the costs of a batch's members may add up to; a call that costs more is refused.
  uint64_t max_cost = std::numeric_limits<uint64_t>::max();
  // A batch closes when its oldest member has waited so long for others; later only while
  // max_running others run. 0: it never waits.
  absl::Duration max_wait = absl::Milliseconds(2);
  size_t max_queued = 1024;  // calls that wait for a batch; more are refused at once
  size_t max_running = 1;    // batches that run at a time
  // A batch does not wait for others while no batch runs. Off by default: a function that takes as
  // long for one member as for many (or nobody would batch) is then kept busy by the first call of
  // a burst, alone, and all others wait for it: eight callers in a loop, a kernel of 5 ms: 6 times
  // the calls of no batching instead of 8, less where the callers are far away. Turn it on where
  // calls are rare and max_wait hurts more, or where the time grows with the members. With
  // max_running = 1 it is the same as max_wait = 0.
  bool close_when_idle = false;
  // Priorities are 0 (the lowest, and the default of a call) to priorities - 1.
  int priorities = 1;
  // A call counts as one priority higher for each such time that it has waited. So it starves no
  // longer than (priorities - 1 - its own) × promote_after: from then on only those are before it
  // that are at the top already and came earlier, at most max_queued.
  absl::Duration promote_after = absl::Milliseconds(100);
  // What a deadline leaves for the way back, beside the estimate of the function's time.
  absl::Duration margin = absl::Milliseconds(1);
  // How long the function takes, for the first batch; later ones are reckoned from those before.
  absl::Duration expected_run = absl::ZeroDuration();
};

// INVALID_ARGUMENT with the option's name and what it may be.
absl::Status CheckBatchOptions(const BatchOptions& options);

// A call that waits.
struct WaitingCall {
  absl::Time arrived = absl::Time();
  absl::Time deadline = absl::InfiniteFuture();
  uint64_t cost = 1;
  int priority = 0;
};

// The latest moment to close a batch with this member: max_wait after it arrived, or earlier, so
// that a function that takes `estimate` answers by its deadline.
absl::Time CloseBy(const BatchOptions& options, const WaitingCall& call, absl::Duration estimate);

// Numbers are places in the queue that was given. There are no members where no batch closes now.
struct BatchPlan {
  std::vector<size_t> expired;  // their deadline has passed: in no batch, and to be refused
  std::vector<size_t> members;  // of the one batch that closes now, the first to be served first
  // With neither more calls nor an end of a batch: when to plan again, and for whom.
  absl::Time look_again = absl::InfiniteFuture();
  size_t look_again_for = 0;
};

// What to do now, when one more batch may run. `waiting` is in order of arrival, each of them valid
// by itself (cost at most max_cost, priority in range); `idle` says that no batch runs. Members are
// taken by priority, waiting counted in, and then by arrival, up to the first that does not fit: a
// large call is not overtaken by small ones for ever.
BatchPlan PlanBatch(const BatchOptions& options, std::span<const WaitingCall> waiting,
                    absl::Time now, absl::Duration estimate, bool idle);

// How long the next batch will take, from those that ended: a moving average and four times the
// mean deviation from it, as TCP reckons the time of a round trip (RFC 6298).
class RunEstimate {
 public:
  explicit RunEstimate(absl::Duration expected) : mean_(expected) {}
  void Add(absl::Duration taken);
  absl::Duration Value() const { return mean_ + 4 * deviation_; }

 private:
  bool any_ = false;
  absl::Duration mean_;
  absl::Duration deviation_;
};

}  // namespace chains
