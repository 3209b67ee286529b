// Batch functions that tests of Batcher share, and what they saw.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "chains/batch/batcher.h"
#include "chains/core/timing.h"
#include "chains/testing/fake_clock.h"
#include "chains/testing/running.h"

namespace chains {

using Doubler = Batcher<int, int>;

// A function that takes `takes` on the loop's clock and doubles what it is given; -1 is an error of
// its own. For one loop.
class Doubling {
 public:
  explicit Doubling(absl::Duration takes) : takes_(takes) {}
  auto AsFunction() {
    return [this](std::vector<int> requests) { return Double(*this, std::move(requests)); };
  }

  std::vector<std::vector<int>> batches;  // in the order in which they began
  int answered = 0;                       // batches

 private:
  static Task<Doubler::Replies> Double(Doubling& self, std::vector<int> requests) {
    self.batches.push_back(requests);
    co_await Sleep(self.takes_);
    ++self.answered;
    Doubler::Replies replies;
    for (int request : requests) {
      if (request == -1) {
        replies.push_back(absl::NotFoundError("no double of -1"));
      } else {
        replies.push_back(2 * request);
      }
    }
    co_return replies;
  }
  const absl::Duration takes_;
};

// Calls of a Batcher on a fake clock.
template <typename T>
class BatcherOnClock {
 public:
  template <typename F>
  void Make(BatchOptions options, F function) {
    auto made = T::Create(std::move(options), std::move(function));
    batcher = *std::move(made);
  }
  template <typename Request>
  std::unique_ptr<testing::Running<int>> Start(Request request, BatchCall how = {},
                                               Context context = {}) {
    return std::make_unique<testing::Running<int>>(clock, batcher->Run(std::move(request), how),
                                                   std::move(context));
  }
  Context Within(absl::Duration time) { return Context().WithDeadline(clock.Now() + time); }
  void Pass(absl::Duration time) {
    clock.Advance(time);
    clock.Settle();
  }

  testing::FakeClock clock;
  std::unique_ptr<T> batcher;
};

}  // namespace chains
