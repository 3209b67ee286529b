// Hardening: what a replica gives up before it reads its first secret.
//
//   if (HardeningIsOn(/*by_default=*/true)) warnings = Harden();
//
// - It leaves no core, and no other process of its user reads its memory (PR_SET_DUMPABLE,
//   RLIMIT_CORE), so that secrets do not end on a disk.
// - What it starts gains no rights from a file (PR_SET_NO_NEW_PRIVS, for good).
// - System calls that no chainlet needs fail with EPERM: to trace others, to load code into the
//   kernel, to mount, to leave its namespaces, to set the clock (seccomp, for good). It is a list
//   of what is refused, for chainlets are anybody's code: they start programs, map files, use GPUs.
//
// The environment variable CHAINS_HARDENING=off turns it off, to debug a replica or profile it.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"

namespace chains::internal {

// Whether this process is to be hardened: as CHAINS_HARDENING says ("on", "off"), else
// `by_default`. Never in a build for a sanitizer, which traces its own process.
bool HardeningIsOn(bool by_default);

// All of it. What the system does not permit is told, each with a reason, and left out: a sandbox
// around this process may have done it already. Before threads are started.
std::vector<std::string> Harden();

// The parts; PERMISSION_DENIED with the reason of the system.
absl::Status KeepOutOfCores();
absl::Status GainNoPrivileges();
absl::Status RefuseDangerousCalls();  // after GainNoPrivileges()

}  // namespace chains::internal
