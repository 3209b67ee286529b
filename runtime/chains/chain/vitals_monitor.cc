#include "chains/chain/vitals_monitor.h"

#include <algorithm>

#include "chains/contract/push_back.h"
#include "chains/core/text.h"

namespace chains::internal {
namespace {

// Until somebody looks again whether there is room.
constexpr absl::Duration kComeAgain = absl::Milliseconds(500);
constexpr absl::Duration kLookWhenUnfit = absl::Milliseconds(50);

}  // namespace

void VitalsMonitor::Look(absl::Time now) {
  if (now >= all_due_) {
    seen_ = read_.all();
    all_due_ = now + period_;
  } else {
    seen_.memory = read_.memory();
  }
  seen_.memory_growth = growth_.Saw(seen_.memory.used, now);
}

void VitalsMonitor::Fire() {
  const absl::Time now = loop_.Now();
  Look(now);
  const Judgement found = judge_.Judge(seen_);
  const bool fit = found.fit.ok();
  const bool strained = !found.strained.ok();
  const bool changed = fit != was_fit_ || strained != was_strained_;
  was_fit_ = fit;
  was_strained_ = strained;
  if (changed) report_(found);
  // Who takes no calls grows no more, or only by what runs.
  const absl::Duration soon = LookAgainIn(seen_.memory);
  loop_.Arm(*this, std::min(all_due_, now + (fit ? soon : std::max(soon, kLookWhenUnfit))));
}

absl::Status RefusalOf(const std::string& replica, const absl::Status& fit) {
  return WithRetryAfter(
      absl::UnavailableError(
          Text("the replica ", replica, " takes no calls at present: ", MessageOf(fit))),
      kComeAgain);
}

}  // namespace chains::internal
