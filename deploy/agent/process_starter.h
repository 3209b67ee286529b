// ProcessStarter: the program of a chain as a child of the agent's.
//
//   ProcessStarter starter({.platform = …, .listen = "10.1.2.3:7001", …}, poller);
//   starter.Prepare(order);                                       // on a worker thread
//   absl::StatusOr<std::unique_ptr<Program>> program = starter.Start(order, bundle, hooks);
#pragma once

#include <filesystem>
#include <memory>
#include <set>
#include <string>

#include "absl/time/time.h"
#include "deploy/agent/fd_poller.h"
#include "deploy/agent/output_copy.h"
#include "deploy/agent/program.h"

namespace chains::deploy {

// On the loop's thread, unless it says otherwise. `poller` outlives it, and it its programs.
class ProcessStarter final : public ProgramStarter {
 public:
  struct Options {
    std::string platform;  // where it attaches
    std::string deployment;
    std::string token_file;
    std::string platform_roots = "";  // a file; with it the program shows who it is (mTLS)
    std::filesystem::path run;        // for run folders; secrets are in it, so rather in memory
    std::string listen;               // HOST:PORT of its calls
    std::string health_listen;        // and of its health
    absl::Duration drain = absl::Seconds(30);  // how long it finishes what runs
    int copy_to = 1;                           // a descriptor that gets all that programs write
  };
  ProcessStarter(Options options, FdPoller& poller);

  absl::Status Prepare(const v1::ReplicaOrder& order) override;
  absl::StatusOr<std::unique_ptr<Program>> Start(const v1::ReplicaOrder& order,
                                                 const BundleFetcher::Fetched& bundle,
                                                 Hooks hooks) override;
  void Forget(const v1::ReplicaOrder& order) override;

  // A child ended (SIGCHLD). Those that are nobody's, because their parents ended first, become the
  // first process's, and are waited for here.
  void Reap() const;

 private:
  class Child;
  std::vector<std::string> ArgumentsOf(const v1::ReplicaOrder& order,
                                       const std::string& folder) const;

  const Options options_;
  FdPoller& poller_;
  OutputCopy copy_;
  std::set<int> own_;       // pids of programs that have not been waited for
  Child* reads_ = nullptr;  // whose output waits for room in copy_
};

}  // namespace chains::deploy
