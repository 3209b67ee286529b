// Report: what a run of the load generator found.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "deploy/load/histogram.h"

namespace chains::load {

struct Report {
  int64_t calls = 0;   // answered well, warm-up and uncounted payloads left out
  int64_t errors = 0;  // failed, uncounted payloads included
  // By what went wrong: "HTTP 503", "connect", "closed", "timeout", "bad response", "late" (could
  // not start in time) or a code of gRPC, as in "UNAVAILABLE".
  std::map<std::string, int64_t> errors_by_kind = {};
  std::string first_error = {};  // its words, empty without errors
  // In flight when a closed loop ended. An open loop waits for its calls.
  int64_t unfinished = 0;

  double rate = 0;  // as in the plan
  absl::Duration elapsed = absl::ZeroDuration();
  // Of the calls that were answered well, from their start; in an open loop from when they were
  // due.
  Histogram latencies = {};
  // Open loop: by how much calls started after they were due, because all in flight were busy, or
  // because this process did not get the processor.
  Histogram lateness = {};

  // Spent while measuring: this process, then those of the plan.
  std::vector<absl::Duration> processor_times = {};

  double calls_per_second() const;
};

// One line: {"calls", "per_second", "rate", "p50_us", "p99_us", "p999_us", "max_us", "late_p99_us",
// "errors", "errors_by_kind", "first_error", "unfinished", "cpu_us"}. `cpu_us` is a list: the
// processor time a call (or error) of this process, then of those of the plan.
std::string ToJson(const Report& report);

}  // namespace chains::load
