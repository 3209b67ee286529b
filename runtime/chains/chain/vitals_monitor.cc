#include "chains/chain/vitals_monitor.h"

#include "chains/contract/push_back.h"
#include "chains/core/text.h"

namespace chains::internal {
namespace {

// Until somebody looks again whether there is room.
constexpr absl::Duration kComeAgain = absl::Milliseconds(500);

}  // namespace

void VitalsMonitor::Fire() {
  const Judgement found = judge_.Judge(read_());
  const bool fit = found.fit.ok();
  const bool strained = !found.strained.ok();
  const bool changed = fit != was_fit_ || strained != was_strained_;
  was_fit_ = fit;
  was_strained_ = strained;
  if (changed) report_(found);
  loop_.Arm(*this, loop_.Now() + period_);
}

absl::Status RefusalOf(const std::string& replica, const absl::Status& fit) {
  return WithRetryAfter(
      absl::UnavailableError(
          Text("the replica ", replica, " takes no calls at present: ", MessageOf(fit))),
      kComeAgain);
}

}  // namespace chains::internal
