#include "chains/metrics/process_figures.h"

#include <ctime>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <sys/resource.h>
#include <system_error>
#include <unistd.h>

namespace chains {
namespace {

uint64_t ResidentBytes() {
  std::ifstream statm("/proc/self/statm");
  uint64_t all = 0;
  uint64_t resident = 0;
  statm >> all >> resident;
  return statm ? resident * static_cast<uint64_t>(sysconf(_SC_PAGESIZE)) : 0;
}

uint64_t OpenDescriptors() {
  uint64_t count = 0;
  std::error_code failed;
  std::filesystem::directory_iterator each("/proc/self/fd", failed);
  while (!failed && each != std::filesystem::directory_iterator()) {
    ++count;
    each.increment(failed);
  }
  return count > 0 ? count - 1 : 0;  // less the one that reads them
}

}  // namespace

ProcessFigures ReadProcessFigures() {
  ProcessFigures figures;
  rusage used = {};
  if (getrusage(RUSAGE_SELF, &used) == 0) {
    figures.processor =
        absl::DurationFromTimeval(used.ru_utime) + absl::DurationFromTimeval(used.ru_stime);
  }
  figures.resident_bytes = ResidentBytes();
  figures.open_descriptors = OpenDescriptors();
  return figures;
}

// proc(5): the 22nd field, in ticks since the machine started; the 2nd is a name in parentheses,
// which may have any.
absl::Time ProcessStart(absl::Time now) {
  std::ifstream file("/proc/self/stat");
  std::string text;
  std::getline(file, text);
  const size_t name_end = text.rfind(')');
  timespec up = {};
  if (name_end == text.npos || clock_gettime(CLOCK_BOOTTIME, &up) != 0) return now;
  std::istringstream rest(text.substr(name_end + 1));
  std::string field;
  for (int i = 3; i <= 21; ++i) rest >> field;
  uint64_t ticks = 0;
  rest >> ticks;
  const int64_t per_second = sysconf(_SC_CLK_TCK);
  if (!rest || per_second <= 0) return now;
  return now - (absl::DurationFromTimespec(up) -
                absl::Seconds(static_cast<double>(ticks) / static_cast<double>(per_second)));
}

}  // namespace chains
