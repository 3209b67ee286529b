// Cgroups: the kernel holds each replica to its memory and its share of the CPUs (cgroup v2).
//
//   absl::StatusOr<Cgroups> cgroups = Cgroups::Take(*OwnCgroup());
//   absl::StatusOr<fs::path> group = cgroups->Make("3f9a.7", {.memory_bytes = 1 << 28, .cpus = 2});
//   Cgroups::Enter(*group, pid);
//   …                                   // it ended
//   if (Cgroups::KilledForMemory(*group)) …
//   cgroups->Remove(*group);
//
// They lie below the cgroup that the platform was started in, where that is its own to divide:
// `systemd-run --user --scope -p Delegate=yes chains up`. A cgroup that is divided has no processes
// of its own, so the platform goes into one below, `platform`.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace chains::deploy {

// The folder of this process's cgroup: "/sys/fs/cgroup/user.slice/…". NOT_FOUND: there is none of
// version 2. `proc` and `mount` are other folders in tests.
absl::StatusOr<std::filesystem::path> OwnCgroup(
    const std::filesystem::path& proc = "/proc/self/cgroup",
    const std::filesystem::path& mount = "/sys/fs/cgroup");

// Not thread-safe.
class Cgroups {
 public:
  struct Limits {
    int64_t memory_bytes = 0;  // 0: no limit
    double cpus = 0;           // the share when CPUs are short, not a limit; 0: as if it were 1
  };

  // Makes `own`, in which this process is, a folder of others. An error says why that is not
  // permitted; then all is as it was.
  static absl::StatusOr<Cgroups> Take(std::filesystem::path own);

  const std::filesystem::path& root() const { return own_; }

  // A cgroup of that name, for one process. One that is left from before is used again.
  absl::StatusOr<std::filesystem::path> Make(const std::string& name, const Limits& limits);
  // The process is in it from now on; what it starts later too.
  static absl::Status Enter(const std::filesystem::path& group, int pid);
  // Whether the kernel ended a process in it because there was no memory left in it.
  static bool KilledForMemory(const std::filesystem::path& group);
  // Ends what is still in it, and removes it: now, or with one of the next, because the kernel
  // takes its time.
  void Remove(std::filesystem::path group);

 private:
  explicit Cgroups(std::filesystem::path own) : own_(std::move(own)) {}

  std::filesystem::path own_;
  std::vector<std::filesystem::path> ended_;  // that are to be removed
};

}  // namespace chains::deploy
