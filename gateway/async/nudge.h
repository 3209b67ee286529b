// Nudge: a coroutine that looks for work now and then is told that there is some.
//
//   while (true) {
//     const uint64_t seen = nudge.count();
//     …looks…
//     co_await nudge.Wait(seen, absl::Seconds(1));   // at once, where one came since
//   }
#pragma once

#include <cstdint>

#include "absl/time/time.h"
#include "chains/core/notice.h"
#include "chains/core/task.h"
#include "chains/core/timing.h"

namespace chains::gateway {

// For the loop's thread.
class Nudge {
 public:
  void Give() {
    ++count_;
    notice_.Give();
  }
  uint64_t count() const { return count_; }

  // Until there were more than `seen`, at most for `longest`.
  Task<void> Wait(uint64_t seen, absl::Duration longest) {
    if (count_ != seen || longest <= absl::ZeroDuration()) co_return;
    (co_await Outcome(WithTimeout(Next(), longest))).status().IgnoreError();
  }

 private:
  Task<void> Next() { co_await notice_.Wait(); }

  uint64_t count_ = 0;
  Notice notice_;
};

}  // namespace chains::gateway
