// Spawn: a process that does not outlive this one.
//
//   absl::StatusOr<Spawned> spawned = Spawn({.program = "/b/hello", .arguments = {"serve"}});
//   …poll spawned->process.handle() and spawned->output…
#pragma once

#include "absl/status/statusor.h"
#include "deploy/bundle/files.h"
#include "deploy/fleets/local/process.h"

namespace chains::deploy {

struct Spawned {
  Process process;
  FileDescriptor output;  // what it writes to standard output and error; does not block
};

// In a session of its own, without descriptors of this process, with all signals as they are by
// default. When the thread that calls this ends, with its process or before, the kernel kills it
// (PR_SET_PDEATHSIG), whatever this process was ended by. Launch::output is not used.
absl::StatusOr<Spawned> Spawn(const Launch& launch);

}  // namespace chains::deploy
