// Pushing what is built: upload, deploy, follow until it is live.
//
//   Push push(platform, flags);
//   absl::Status end = push.Run(chain, {.on_event = Show});
//   push.last().live();
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "chains/v1/platform.pb.h"
#include "deploy/cli/kubernetes/reach.h"
#include "deploy/cli/platform_client.h"
#include "deploy/cli/push/chain_source.h"
#include "deploy/cli/push/upload.h"

namespace chains::deploy::cli {

struct PushFlags {
  std::string path = {};  // of a folder or a program
  std::string name = {};
  bool development = false;
  bool watch = false;
  bool promote = false;
  std::string environment = {};
  std::string placement = "separate";
  std::vector<std::string> groups = {};
  bool breaking = false;
  bool replace = false;
  bool no_wait = false;
  bool verbose = false;
  absl::Duration timeout = absl::Minutes(10);
  std::string run = {};       // `watch`: a request to send after each change
  std::string to = {};        // the remote; "kubernetes" also without one, for what follows
  bool dry_run = false;       // print the cluster's objects
  bool diff = false;          // compare them with what the cluster has
  std::string settings = {};  // a file of the cluster's settings
  AccessFlags access = {};
};

// What is wrong with the flags together; empty: nothing.
std::string ProblemOf(const PushFlags& flags);

// INVALID_ARGUMENT: placement and groups do not fit `bundle`.
absl::StatusOr<v1::DeployRequest> MakeDeployRequest(const PushFlags& flags,
                                                    const v1::Bundle& bundle);

class Push {
 public:
  struct Hooks {
    // Both on other threads, one call at a time.
    std::function<void(uint64_t sent, uint64_t total)> on_upload = nullptr;
    std::function<void(const v1::DeployEvent&)> on_event = nullptr;
    std::function<void(const Uploaded&)> on_uploaded = nullptr;
    std::stop_token stop = {};
  };

  // Both outlive it.
  Push(PlatformClient& platform, const PushFlags& flags) : platform_(platform), flags_(flags) {}

  // OK: it is live, or with --no-wait it is on its way. Otherwise last() says how far it came.
  absl::Status Run(const BuiltChain& chain, const Hooks& hooks);

  // The last event; empty before the first.
  const v1::DeployEvent& last() const { return last_; }

 private:
  absl::Status Deploy(v1::DeployRequest request, const Hooks& hooks);

  PlatformClient& platform_;
  const PushFlags& flags_;
  v1::DeployEvent last_;
};

}  // namespace chains::deploy::cli
