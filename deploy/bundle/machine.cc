#include "deploy/bundle/machine.h"

#include <optional>
#include <sys/utsname.h>

#include <gnu/libc-version.h>

#include "chains/core/text.h"
#include "deploy/bundle/elf.h"

namespace chains::deploy {
namespace {

constexpr std::string_view kLevel = "x86-64-v";

// The number of a CPU level; 1 for none.
int LevelOf(std::string_view level) {
  if (!level.starts_with(kLevel) || level.size() != kLevel.size() + 1) return 1;
  return level.back() - '0';
}

std::string CpuLevel() {
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (!__builtin_cpu_supports("sse4.2") || !__builtin_cpu_supports("popcnt") ||
      !__builtin_cpu_supports("ssse3")) {
    return "";
  }
  if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("bmi2") ||
      !__builtin_cpu_supports("fma")) {
    return "x86-64-v2";
  }
  if (!__builtin_cpu_supports("avx512f") || !__builtin_cpu_supports("avx512bw") ||
      !__builtin_cpu_supports("avx512cd") || !__builtin_cpu_supports("avx512dq") ||
      !__builtin_cpu_supports("avx512vl")) {
    return "x86-64-v3";
  }
  return "x86-64-v4";
#else
  return "";
#endif
}

}  // namespace

absl::StatusOr<v1::Machine> NeedsOfFiles(const std::vector<std::string>& paths) {
  v1::Machine all;
  for (const std::string& path : paths) {
    absl::StatusOr<std::optional<ElfFile>> elf = ReadElfFile(path);
    if (!elf.ok()) return elf.status();
    if (!elf->has_value()) continue;
    const v1::Machine& machine = (*elf)->machine;
    if (all.architecture().empty()) all.set_architecture(machine.architecture());
    if (all.architecture() != machine.architecture()) {
      return absl::InvalidArgumentError(Text(path, " is for ", machine.architecture(),
                                             ", what comes with it for ", all.architecture(),
                                             "; build all of it for one architecture"));
    }
    if (VersionLess(all.glibc(), machine.glibc())) all.set_glibc(machine.glibc());
    if (LevelOf(all.cpu_level()) < LevelOf(machine.cpu_level())) {
      all.set_cpu_level(machine.cpu_level());
    }
  }
  return all;
}

v1::Machine ThisMachine() {
  v1::Machine machine;
  utsname name;
  if (uname(&name) == 0) machine.set_architecture(name.machine);
  machine.set_glibc(gnu_get_libc_version());
  machine.set_cpu_level(CpuLevel());
  return machine;
}

v1::Machine MachineOfImages() {
  v1::Machine machine = ThisMachine();
  machine.set_glibc("2.36");
  machine.set_cpu_level("x86-64-v4");
  return machine;
}

absl::Status CheckFits(const v1::Machine& need, const v1::Machine& have, std::string_view who) {
  if (!need.architecture().empty() && need.architecture() != have.architecture()) {
    return absl::FailedPreconditionError(Text("the bundle is for ", need.architecture(), ", ", who,
                                              " is ", have.architecture(), ": build it for ",
                                              have.architecture()));
  }
  if (VersionLess(have.glibc(), need.glibc())) {
    return absl::FailedPreconditionError(
        Text("the bundle needs glibc ", need.glibc(), ", ", who, " has ", have.glibc(),
             ": build it on a system that is not newer, in a container of it say"));
  }
  if (LevelOf(have.cpu_level()) < LevelOf(need.cpu_level())) {
    return absl::FailedPreconditionError(
        Text("the bundle needs a processor of level ", need.cpu_level(), ", ", who, " has ",
             have.cpu_level().empty() ? "x86-64" : have.cpu_level(),
             ": build it without -march, or with one that is there"));
  }
  return absl::OkStatus();
}

}  // namespace chains::deploy
