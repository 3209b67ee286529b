// VitalsMonitor: looks again and again whether this process has what it needs.
//
//   VitalsMonitor monitor(reactor, reader, kPeriod, [&](const Judgement& found) {
//     server.Refuse(found.fit.ok() ? found.fit : RefusalOf(name, found.fit));
//   });
#pragma once

#include <functional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "chains/chain/vitals.h"
#include "chains/core/loop.h"

namespace chains::internal {

// Tells `report` whenever one of the answers changes, first when one is not OK. For the loop's
// thread, or before the loop runs.
class VitalsMonitor final : private Loop::Timer {
 public:
  using Read = std::function<Vitals()>;
  using Report = std::function<void(const Judgement& found)>;
  VitalsMonitor(Loop& loop, Read read, absl::Duration period, Report report)
      : loop_(loop), read_(std::move(read)), period_(period), report_(std::move(report)) {
    loop_.Arm(*this, loop_.Now());
  }

 private:
  void Fire() override;

  Loop& loop_;
  const Read read_;
  const absl::Duration period_;
  const Report report_;
  VitalsJudge judge_;
  bool was_fit_ = true;
  bool was_strained_ = false;
};

// What calls get meanwhile: UNAVAILABLE, to be tried again soon, and elsewhere before.
absl::Status RefusalOf(const std::string& replica, const absl::Status& fit);

}  // namespace chains::internal
