// Plan: how often something is called, and for how long.
//
//   Plan closed{.in_flight = 16, .duration = absl::Seconds(10)};            // each answer makes
//   room Plan open{.in_flight = 64, .rate = 2000, .duration = absl::Seconds(10)};  // come what may
//
// A closed loop says what a server can do; its latencies say little, because a server that stalls
// is asked less. An open loop calls at a stated rate, whether or not earlier calls were answered,
// and counts each from when it was due, so a stall is charged for every call that it delays (no
// coordinated omission).
#pragma once

#include <cstdint>
#include <string>
#include <sys/types.h>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace chains::load {

struct Plan {
  // Calls at a time: connections of HTTP/1.1, streams of gRPC. In an open loop calls that are due
  // while all are busy wait here, and that time counts.
  int in_flight = 1;
  // Calls a second; 0 is a closed loop.
  double rate = 0;

  // What ends the measuring, whichever comes first; zero is no bound, and one is needed.
  absl::Duration duration = absl::ZeroDuration();
  int64_t calls = 0;  // answered or failed
  // The run also ends once so many calls failed; 0: it goes on and counts them.
  int64_t max_errors = 0;

  // Calls in a closed loop before the measuring, not counted: they connect, and warm caches.
  int64_t warm_up = 200;
  // Of each call, from when it started or was due. A call that could not start by then fails, too.
  absl::Duration timeout = absl::Seconds(60);

  // Whose processor time is told beside the generator's own: servers on this machine.
  std::vector<pid_t> processes = {};
};

// What one call sends. Payloads are sent in turn.
struct Payload {
  std::string body = {};
  // Whether its answer enters the latencies and the count of calls; its failure counts anyway.
  bool counted = true;
};

// INVALID_ARGUMENT, naming the field.
absl::Status Validate(const Plan& plan);

}  // namespace chains::load
