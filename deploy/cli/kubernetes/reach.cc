#include "deploy/cli/kubernetes/reach.h"

#include "chains/core/text.h"

namespace chains::deploy::cli {

std::vector<Option> AccessOptions(AccessFlags& flags) {
  return {{"--kubeconfig",
           "how a cluster is reached (default: KUBECONFIG, else ~/.kube/config)",
           &flags.kubeconfig,
           {.completes = Completes::kFiles}},
          {"--context", "of that file (default: its current one)", &flags.context}};
}

absl::StatusOr<Remote> SavedRemote(const Session& session) {
  const Getenv& getenv = session.world().getenv;
  const absl::StatusOr<Remotes> remotes = LoadRemotes(HomeFolder(getenv));
  if (!remotes.ok()) return remotes.status();
  return Choose(*remotes, session.remote_name, getenv);
}

absl::StatusOr<ClusterAccess> AccessOf(const Session& session, const std::string& name,
                                       const AccessFlags& flags) {
  const Getenv& getenv = session.world().getenv;
  const absl::StatusOr<Remotes> remotes = LoadRemotes(HomeFolder(getenv));
  if (!remotes.ok()) return remotes.status();
  ClusterAccess access;
  if (name != kClusterRemote || remotes->by_name.contains(name)) {
    const absl::StatusOr<Remote> remote = Choose(*remotes, name, getenv);
    if (!remote.ok()) return remote.status();
    if (!remote->kubernetes) {
      return absl::FailedPreconditionError(
          Text("the platform '", remote->name, "' is not on a Kubernetes cluster"));
    }
    access = *remote->kubernetes;
  }
  if (!flags.kubeconfig.empty()) access.kubeconfig = flags.kubeconfig;
  if (!flags.context.empty()) access.context = flags.context;
  return access;
}

}  // namespace chains::deploy::cli
