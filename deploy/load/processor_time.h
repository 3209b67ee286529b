// Processor time of processes on this machine.
#pragma once

#include <sys/types.h>
#include <vector>

#include "absl/time/time.h"

namespace chains::load {

// Of a process since it began, its threads together. Zero where there is none, or it may not be
// asked.
absl::Duration ProcessorTime(pid_t process);

// Of this process first, then of `others` in their order.
std::vector<absl::Duration> ProcessorTimes(const std::vector<pid_t>& others);

}  // namespace chains::load
