// Program: what runs in a pod, as its agent sees it. A seam: tests run none.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "chains/v1/pods.pb.h"
#include "deploy/agent/bundle_fetcher.h"

namespace chains::deploy {

// A process that runs, or has ended. Destroying it ends it by force.
class Program {
 public:
  virtual ~Program() = default;
  virtual int pid() const = 0;
  virtual void Signal(int signal) = 0;
};

class ProgramStarter {
 public:
  // Both on the loop's thread.
  struct Hooks {
    std::function<void(std::string_view data)> on_output;
    // Once, after all of its output: "exited with 1", "killed by signal 9 (Killed): …". May destroy
    // the Program.
    std::function<void(std::string how)> on_end;
  };

  virtual ~ProgramStarter() = default;
  // Writes what it will need to the disk. Blocks: on a worker thread.
  virtual absl::Status Prepare(const v1::ReplicaOrder& order) = 0;
  // On the loop's thread. Hooks are called later, never from within.
  virtual absl::StatusOr<std::unique_ptr<Program>> Start(const v1::ReplicaOrder& order,
                                                         const BundleFetcher::Fetched& bundle,
                                                         Hooks hooks) = 0;
  // What Prepare() wrote goes. Blocks.
  virtual void Forget(const v1::ReplicaOrder& order) = 0;
};

}  // namespace chains::deploy
