#include "deploy/fleets/local/cpu_pins.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <iterator>
#include <sched.h>
#include <set>
#include <system_error>

#include "absl/strings/numbers.h"
#include "chains/core/text.h"

namespace chains::deploy {
namespace {

size_t WholeNumber(double wanted) {
  const bool whole = wanted >= 1 && wanted < CPU_SETSIZE && std::floor(wanted) == wanted;
  return whole ? static_cast<size_t>(wanted) : 0;
}

cpu_set_t MaskOf(const CpuSet& cpus) {
  cpu_set_t mask;
  CPU_ZERO(&mask);
  for (const int cpu : cpus) CPU_SET(static_cast<size_t>(cpu), &mask);
  return mask;
}

CpuSet Without(const CpuSet& cpus, const CpuSet& taken) {
  CpuSet left;
  std::set_difference(cpus.begin(), cpus.end(), taken.begin(), taken.end(),
                      std::back_inserter(left));
  return left;
}

}  // namespace

PinnedCpus PinCpus(const CpuSet& all, const std::vector<double>& wanted,
                   const std::vector<CpuSet>& own) {
  PinnedCpus pinned{.own = own, .shared = all};
  pinned.own.resize(wanted.size());
  CpuSet& left = pinned.shared;
  for (const CpuSet& each : pinned.own) left = Without(left, each);
  for (size_t i = 0; i < wanted.size(); ++i) {
    const size_t count = WholeNumber(wanted[i]);
    if (!pinned.own[i].empty() || count == 0 || count >= left.size()) continue;
    // From the end: the first CPU is busiest with what is not ours.
    pinned.own[i].assign(left.end() - static_cast<std::ptrdiff_t>(count), left.end());
    left.resize(left.size() - count);
  }
  return pinned;
}

void CpuPins::Add(std::string who, double wanted) {
  who_.push_back(std::move(who));
  wanted_.push_back(wanted);
  Share();
}

void CpuPins::Remove(const std::string& who) {
  const auto found = std::find(who_.begin(), who_.end(), who);
  if (found == who_.end()) return;
  const auto at = found - who_.begin();
  who_.erase(found);
  wanted_.erase(wanted_.begin() + at);
  pinned_.own.erase(pinned_.own.begin() + at);
  Share();
}

void CpuPins::Share() { pinned_ = PinCpus(all_, wanted_, pinned_.own); }

const CpuSet& CpuPins::Of(const std::string& who) const {
  const auto found = std::find(who_.begin(), who_.end(), who);
  if (found == who_.end()) return pinned_.shared;
  const CpuSet& own = pinned_.own[static_cast<size_t>(found - who_.begin())];
  return own.empty() ? pinned_.shared : own;
}

CpuSet CpusOfThisThread() {
  cpu_set_t mask;
  CPU_ZERO(&mask);
  CpuSet cpus;
  if (sched_getaffinity(0, sizeof(mask), &mask) != 0) return cpus;
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (CPU_ISSET(static_cast<size_t>(cpu), &mask)) cpus.push_back(cpu);
  }
  return cpus;
}

void RestrictThisThread(const CpuSet& cpus) {
  const cpu_set_t mask = MaskOf(cpus);
  sched_setaffinity(0, sizeof(mask), &mask);
}

// A thread that starts while this looks inherits from one that may not have been reached: so it
// looks again until it has seen no new one, a few times at most.
void RestrictProcess(int pid, const CpuSet& cpus) {
  const cpu_set_t mask = MaskOf(cpus);
  std::set<int> reached;
  for (int look = 0; look < 5; ++look) {
    const size_t before = reached.size();
    // A loop over the iterator would throw where the process ends meanwhile.
    std::error_code error;
    for (std::filesystem::directory_iterator each(Text("/proc/", pid, "/task"), error), end;
         !error && each != end; each.increment(error)) {
      int thread = 0;
      if (!absl::SimpleAtoi(each->path().filename().string(), &thread)) continue;
      if (reached.insert(thread).second) sched_setaffinity(thread, sizeof(mask), &mask);
    }
    if (reached.size() == before) return;
  }
}

}  // namespace chains::deploy
