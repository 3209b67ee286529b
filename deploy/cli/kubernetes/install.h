// `up --kubernetes` and `down --kubernetes`: an installation on a cluster.
#pragma once

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "deploy/cli/command.h"
#include "deploy/cli/kubernetes/overlay.h"
#include "deploy/cli/kubernetes/reach.h"
#include "deploy/cli/session.h"

namespace chains::deploy::cli {

struct InstallFlags {
  bool kubernetes = false;
  OverlayFlags overlay = {};
  AccessFlags access = {};
  std::string gateway = {};  // where it can be reached without a tunnel: "https://chains.example"
  std::string grpc = {};
  absl::Duration timeout = absl::Minutes(5);
};
// For `flags`, which outlives them.
std::vector<Option> InstallOptions(InstallFlags& flags);

// Applies the overlay with kubectl, waits until platform and gateway are ready, and remembers the
// platform under --remote (default: kubernetes). Twice changes nothing. Answers the exit code.
int InstallOnCluster(Session& session, const InstallFlags& flags);

struct UninstallFlags {
  bool kubernetes = false;
  bool yes = false;  // nobody is asked
  AccessFlags access = {};
  absl::Duration timeout = absl::Minutes(5);
};
std::vector<Option> UninstallOptions(UninstallFlags& flags);

// Says what goes, asks, and deletes the namespace with all that is in it.
int UninstallFromCluster(Session& session, const UninstallFlags& flags);

}  // namespace chains::deploy::cli
