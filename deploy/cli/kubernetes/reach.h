// Which cluster a command is about, from what was typed.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "deploy/cli/command.h"
#include "deploy/cli/remotes.h"
#include "deploy/cli/session.h"

namespace chains::deploy::cli {

// What a remote on a cluster is called, unless somebody says otherwise.
inline constexpr char kClusterRemote[] = "kubernetes";

struct AccessFlags {
  std::string kubeconfig = {};
  std::string context = {};
};
// --kubeconfig and --context, for `flags`, which outlives them.
std::vector<Option> AccessOptions(AccessFlags& flags);

// The remote that was chosen, as it is kept: without a tunnel.
absl::StatusOr<Remote> SavedRemote(const Session& session);

// That of the remote called `name`, with `flags` in its place where they are set. Without a remote
// "kubernetes" that is the current context of kubectl; another name must be a remote on a cluster
// (NOT_FOUND, FAILED_PRECONDITION).
absl::StatusOr<ClusterAccess> AccessOf(const Session& session, const std::string& name,
                                       const AccessFlags& flags);

}  // namespace chains::deploy::cli
