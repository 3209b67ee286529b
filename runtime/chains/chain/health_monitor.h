// HealthMonitor: asks the Healthy() hooks of a loop's chainlets, again and again.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "chains/chain/assembly.h"
#include "chains/core/loop.h"

namespace chains::internal {

// Tells `report` of every hook that it asked, at once and then every `period`. A hook runs on the
// loop, so it must not block; one that throws is not healthy. For the loop's thread, or before the
// loop runs.
class HealthMonitor final : private Loop::Timer {
 public:
  using Report = std::function<void(const std::string& contract, const absl::Status& health)>;
  HealthMonitor(Loop& loop, std::vector<Assembly::HealthHook> hooks, absl::Duration period,
                Report report)
      : loop_(loop), hooks_(std::move(hooks)), period_(period), report_(std::move(report)) {
    if (!hooks_.empty()) loop_.Arm(*this, loop_.Now());
  }

 private:
  void Fire() override;

  Loop& loop_;
  const std::vector<Assembly::HealthHook> hooks_;
  const absl::Duration period_;
  const Report report_;
};

}  // namespace chains::internal
