// What both callers share: their options, the count of calls, and the figures they print.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <sys/types.h>
#include <vector>

#include "absl/time/time.h"

namespace bench {

struct CallerOptions {
  std::string kind;     // "echo", "hello-all" or "repeat"
  std::string address;  // of the server
  int in_flight = 1;
  int64_t calls = 0;     // to measure; 0: as many as fit into `seconds`
  double seconds = 1.0;  // only without `calls`
  int64_t warm_up = 200;
  int size = 30;       // bytes of an echo, or of an item of a stream; names of a HelloAll
  int items = 10'000;  // of a stream
  bool alone = false;  // small calls of the runtime share no stream
  std::vector<pid_t> pids;
};

// Exits with a message when the words make no sense.
CallerOptions ParseCaller(int argc, char** argv);

// Closed loop: each answer makes room for the next call. For one thread.
class ClosedLoop {
 public:
  explicit ClosedLoop(const CallerOptions& options);
  // Whether one more call may start; counts it.
  bool Next();
  // A call was answered, well or not; the first failure ends the run.
  void Done(bool ok, const std::string& failure);
  bool failed() const { return !failure_.empty(); }
  // Prints one line of JSON, or the failure; the exit code.
  int Report() const;

 private:
  using Clock = std::chrono::steady_clock;
  void Begin();

  const CallerOptions& options_;
  int64_t started_ = 0;
  int64_t ended_ = 0;
  int64_t measured_ = 0;
  bool measuring_ = false;
  bool over_ = false;
  Clock::time_point begin_;
  Clock::time_point end_;
  std::vector<absl::Duration> cpu_begin_;
  std::vector<absl::Duration> cpu_end_;
  std::string failure_;
};

}  // namespace bench
