// FailureLog: a line for each served call that failed as it should not have, so many a second.
#pragma once

#include <functional>
#include <mutex>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "chains/contract/method.h"
#include "chains/core/context.h"

namespace chains::internal {

// What a chainlet's author did not foresee: INTERNAL (exceptions among them), UNKNOWN, DATA_LOSS.
// Thread-safe.
class FailureLog {
 public:
  struct Options {
    int lines_a_second = 100;  // the rest are counted, and said to have been left out
  };
  using Write = std::function<void(const std::string& line)>;
  FailureLog(Options options, Write write) : options_(options), write_(std::move(write)) {}

  // A served call failed at `now`.
  void Note(const Context& context, const Method& method, const absl::Status& failure,
            absl::Time now);
  // Says how many were left out in a second that is over. From time to time, so that it is said
  // also when nothing fails any more.
  void Tick(absl::Time now);

 private:
  void BeginSecond(absl::Time now);

  const Options options_;
  const Write write_;
  std::mutex mutex_;
  absl::Time second_ = absl::InfinitePast();  // when the current one began; guarded by mutex_
  int lines_ = 0;                             // in it; guarded by mutex_
  int left_out_ = 0;                          // in it; guarded by mutex_
};

}  // namespace chains::internal
