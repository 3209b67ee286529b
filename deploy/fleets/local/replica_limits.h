// ReplicaLimits: keeps the replicas of this machine to the memory and CPUs that they declare.
//
//   ReplicaLimits limits({.cgroups = std::move(cgroups), .pins = CpuPins(CpusOfThisThread())});
//   absl::StatusOr<Process> process = limits.Start(spec, launch);
//   …                                                  // it ended
//   how += limits.Ended(spec.deployment, spec.name);   // "; it had used up …"
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "deploy/fleets/fleet.h"
#include "deploy/fleets/local/cgroups.h"
#include "deploy/fleets/local/cpu_pins.h"
#include "deploy/fleets/local/process.h"

namespace chains::deploy {

// Whether RLIMIT_DATA is used: not in a build for a sanitizer, which reserves terabytes.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool kLimitsData = false;
#elif defined(__has_feature)
inline constexpr bool kLimitsData =
    !__has_feature(address_sanitizer) && !__has_feature(thread_sanitizer);
#else
inline constexpr bool kLimitsData = true;
#endif

// For one thread.
class ReplicaLimits {
 public:
  struct Means {
    // Where each gets a cgroup; else its memory is limited by RLIMIT_DATA, and its CPUs are not.
    std::optional<Cgroups> cgroups = std::nullopt;
    // Where some get CPUs of their own; else all run on all.
    std::optional<CpuPins> pins = std::nullopt;
  };
  explicit ReplicaLimits(Means means) : means_(std::move(means)) {}

  absl::StatusOr<Process> Start(const ReplicaSpec& spec, const Launch& launch);
  // One that an earlier platform started keeps its memory, and gets its CPUs anew.
  void Adopt(const FoundReplica& replica);
  // It ended; what its limits had to do with that, to follow how it ended, or nothing.
  std::string Ended(const std::string& deployment, const std::string& name);

 private:
  using Key = std::pair<std::string, std::string>;  // deployment, name
  struct Held {
    int pid = 0;
    std::filesystem::path group = {};  // its cgroup; empty: none
  };

  absl::StatusOr<Process> StartPinned(const ReplicaSpec& spec, const Launch& launch);
  std::filesystem::path MakeGroup(const ReplicaSpec& spec);
  void Leave(std::filesystem::path group);
  void PinAll();

  Means means_;
  std::map<Key, Held> held_;
};

}  // namespace chains::deploy
