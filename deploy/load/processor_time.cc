#include "deploy/load/processor_time.h"

#include <ctime>
#include <unistd.h>

namespace chains::load {

absl::Duration ProcessorTime(pid_t process) {
  clockid_t clock{};
  timespec time{};
  if (clock_getcpuclockid(process, &clock) != 0 || clock_gettime(clock, &time) != 0) {
    return absl::ZeroDuration();
  }
  return absl::DurationFromTimespec(time);
}

std::vector<absl::Duration> ProcessorTimes(const std::vector<pid_t>& others) {
  std::vector<absl::Duration> times = {ProcessorTime(getpid())};
  for (pid_t process : others) times.push_back(ProcessorTime(process));
  return times;
}

}  // namespace chains::load
