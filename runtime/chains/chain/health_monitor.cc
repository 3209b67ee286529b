#include "chains/chain/health_monitor.h"

#include <exception>

#include "absl/strings/str_cat.h"

namespace chains::internal {
namespace {

absl::Status Ask(const std::function<absl::Status()>& healthy) {
  try {
    return healthy();
  } catch (const std::exception& e) {
    return absl::InternalError(absl::StrCat("Healthy() threw: ", e.what()));
  } catch (...) {
    return absl::InternalError("Healthy() threw something unknown");
  }
}

}  // namespace

void HealthMonitor::Fire() {
  for (const Assembly::HealthHook& hook : hooks_) report_(hook.contract, Ask(hook.healthy));
  loop_.Arm(*this, loop_.Now() + period_);
}

}  // namespace chains::internal
