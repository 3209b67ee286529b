// Vitals: what a process cannot work without: descriptors, threads, memory, room on its disk.
//
//   VitalsReader reader({.disks = {data_dir}});  // VitalsMonitor calls it, and judges
//   VitalsJudge judge;
//   const Judgement found = judge.Judge(reader.Read());
//   found.fit;        // OK, or "memory: 498 of 512 MiB are used"
//   found.strained;   // OK, or "file descriptors: 1000 of 1024 are used"
//
// Who has no memory or disk left takes no further calls until there is room again: what runs then
// ends, instead of failing with what came after it. Descriptors and threads that are used up strain
// it only: connections beyond them are refused as they come (spare_descriptor.h), Blocking work by
// its pool, and whoever is connected is served, or one client with many connections could turn away
// all others. A chainlet says itself what else it needs, in Healthy(): a GPU that is gone, say.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace chains::internal {

// A part of something; `of` 0: not known, or without end.
struct Vital {
  uint64_t used = 0;
  uint64_t of = 0;
};

struct Vitals {
  Vital descriptors = {};
  Vital threads = {};          // of its cgroup
  Vital memory = {};           // bytes: of its cgroup, or of what it may reserve
  uint64_t memory_growth = 0;  // bytes: the most it grew between two looks lately
  Vital disk = {};             // bytes: of the disk that has the least room left
  std::string disk_of;         // a folder on that
  bool starts_threads = true;  // one was started and ended
};

// Reads them of this process, in about 100 µs. For one thread.
class VitalsReader {
 public:
  struct Options {
    std::vector<std::filesystem::path> disks = {};  // folders that it writes to
    // Other places in tests.
    std::filesystem::path cgroup_file = "/proc/self/cgroup";
    std::filesystem::path cgroups = "/sys/fs/cgroup";
  };
  explicit VitalsReader(Options options);

  Vitals Read() const;
  // Only that, in about a fifth of the time.
  Vital Memory() const;

 private:
  const Options options_;
  std::filesystem::path group_;  // its cgroup of version 2; empty: none
};

// When to look at memory again: so soon that a process which fills 1 GiB a second fills no more
// than half of what is left until then. But no sooner than after 10 ms; without a limit never.
absl::Duration LookAgainIn(const Vital& memory);

// By how much memory grows from one look to the next: the most of it, half of which is forgotten
// each second. Looks that are far apart (100 ms) do not count: there was much room then, and what
// was taken once, for the weights of a model, say, need not come again.
class MemoryGrowth {
 public:
  uint64_t Saw(uint64_t used, absl::Time now);

 private:
  uint64_t used_ = 0;
  absl::Time looked_ = absl::InfinitePast();
  double most_ = 0;
};

struct Judgement {
  // RESOURCE_EXHAUSTED: the first that is used up, with numbers, and what to do.
  absl::Status fit = {};       // not OK: it must not take further calls
  absl::Status strained = {};  // not OK: some of what it does fails
};

// Says which of them is used up. One that was must have more room than one that was not, so that
// the answer does not change with every look.
class VitalsJudge {
 public:
  Judgement Judge(const Vitals& vitals);

 private:
  bool UsedUp(size_t which, const Vital& vital, uint64_t reserve, uint64_t growth = 0);

  bool was_used_up_[4] = {};
};

}  // namespace chains::internal
