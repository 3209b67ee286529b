#include "chains/batch/batch_plan.h"

#include <algorithm>

#include "chains/core/text.h"

namespace chains {
namespace {

// Of deviations and averages, as RFC 6298 has them.
constexpr int kMeanWeight = 8;
constexpr int kDeviationWeight = 4;

absl::Status Refuse(const BatchOptions& options, std::string_view what) {
  return absl::InvalidArgumentError(Text("batcher '", options.name, "': ", what));
}

// By priority, waiting counted in.
int Level(const BatchOptions& options, const WaitingCall& call, absl::Time now) {
  absl::Duration rest;
  const int64_t promoted = absl::IDivDuration(now - call.arrived, options.promote_after, &rest);
  const int64_t top = options.priorities - 1;
  return static_cast<int>(std::clamp<int64_t>(promoted, 0, top - call.priority)) + call.priority;
}

// Gathers members until one does not fit.
class Gathering {
 public:
  explicit Gathering(const BatchOptions& options) : options_(options) {}
  // False when it does not fit: then the batch is full.
  bool Add(size_t place, const WaitingCall& call) {
    full_ = members_.size() == options_.max_batch || call.cost > options_.max_cost - cost_;
    if (full_) return false;
    members_.push_back(place);
    cost_ += call.cost;
    full_ = members_.size() == options_.max_batch || cost_ == options_.max_cost;
    return true;
  }
  bool full() const { return full_; }
  std::vector<size_t>& members() { return members_; }

 private:
  const BatchOptions& options_;
  std::vector<size_t> members_;
  uint64_t cost_ = 0;
  bool full_ = false;
};

// Level by level from the top. There are few levels, and a batch is full early.
Gathering Gather(const BatchOptions& options, std::span<const WaitingCall> waiting,
                 absl::Time now) {
  Gathering gathering(options);
  for (int level = options.priorities - 1; level >= 0; --level) {
    for (size_t i = 0; i < waiting.size(); ++i) {
      if (waiting[i].deadline <= now || Level(options, waiting[i], now) != level) continue;
      if (!gathering.Add(i, waiting[i])) return gathering;
    }
  }
  return gathering;
}

}  // namespace

absl::Status CheckBatchOptions(const BatchOptions& options) {
  const absl::Duration zero = absl::ZeroDuration();
  if (options.max_batch == 0) return Refuse(options, "max_batch is 0; it is at least 1");
  if (options.max_cost == 0) return Refuse(options, "max_cost is 0; it is at least 1");
  if (options.max_queued == 0) return Refuse(options, "max_queued is 0; it is at least 1");
  if (options.max_running == 0) return Refuse(options, "max_running is 0; it is at least 1");
  if (options.priorities < 1 || options.priorities > 16) {
    return Refuse(options, Text("priorities is ", options.priorities, "; it is 1 to 16"));
  }
  if (options.max_wait < zero || options.max_wait == absl::InfiniteDuration()) {
    return Refuse(options, "max_wait is negative or infinite; a lone call would wait for ever");
  }
  if (options.promote_after <= zero || options.promote_after == absl::InfiniteDuration()) {
    return Refuse(options, "promote_after is not a time above 0; the lowest priority could starve");
  }
  if (options.margin < zero || options.expected_run < zero) {
    return Refuse(options, "margin or expected_run is negative; they are at least 0");
  }
  return absl::OkStatus();
}

absl::Time CloseBy(const BatchOptions& options, const WaitingCall& call, absl::Duration estimate) {
  return std::min(call.arrived + options.max_wait, call.deadline - estimate - options.margin);
}

BatchPlan PlanBatch(const BatchOptions& options, std::span<const WaitingCall> waiting,
                    absl::Time now, absl::Duration estimate, bool idle) {
  BatchPlan plan;
  for (size_t i = 0; i < waiting.size(); ++i) {
    if (waiting[i].deadline <= now) {
      plan.expired.push_back(i);
      continue;
    }
    const absl::Time close_by = CloseBy(options, waiting[i], estimate);
    if (close_by < plan.look_again) {
      plan.look_again = close_by;
      plan.look_again_for = i;
    }
  }
  Gathering gathering = Gather(options, waiting, now);
  const bool closes =
      gathering.full() || plan.look_again <= now || (idle && options.close_when_idle);
  if (closes) plan.members = std::move(gathering.members());
  return plan;
}

void RunEstimate::Add(absl::Duration taken) {
  if (!any_) {
    any_ = true;
    mean_ = taken;
    deviation_ = taken / 2;
    return;
  }
  deviation_ += (absl::AbsDuration(taken - mean_) - deviation_) / kDeviationWeight;
  mean_ += (taken - mean_) / kMeanWeight;
}

}  // namespace chains
