// VitalsMonitor: looks again and again whether this process has what it needs.
//
//   VitalsMonitor monitor(
//       reactor, {.all = [&] { return reader.Read(); }, .memory = [&] { return reader.Memory(); }},
//       kPeriod, [&](const Judgement& found) {
//         server.Refuse(found.fit.ok() ? found.fit : RefusalOf(name, found.fit));
//       });
//
// Memory is what fills fastest, and what ends a process that has none left. So it is looked at the
// more often the less of it is left (LookAgainIn), and what it grew by between two such looks is
// asked for as room beside the usual reserve: a process whose calls take 25 MiB each must refuse
// before it has only 25 MiB.
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
  struct Read {
    std::function<Vitals()> all;    // each period
    std::function<Vital()> memory;  // between, as often as that asks for
  };
  using Report = std::function<void(const Judgement& found)>;
  VitalsMonitor(Loop& loop, Read read, absl::Duration period, Report report)
      : loop_(loop), read_(std::move(read)), period_(period), report_(std::move(report)) {
    loop_.Arm(*this, loop_.Now());
  }

 private:
  void Fire() override;
  void Look(absl::Time now);

  Loop& loop_;
  const Read read_;
  const absl::Duration period_;
  const Report report_;
  VitalsJudge judge_;
  Vitals seen_;
  MemoryGrowth growth_;
  absl::Time all_due_ = absl::InfinitePast();
  bool was_fit_ = true;
  bool was_strained_ = false;
};

// What calls get meanwhile: UNAVAILABLE, to be tried again soon, and elsewhere before.
absl::Status RefusalOf(const std::string& replica, const absl::Status& fit);

}  // namespace chains::internal
