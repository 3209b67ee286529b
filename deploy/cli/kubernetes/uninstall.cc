#include <algorithm>
#include <istream>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_join.h"
#include "chains/core/text.h"
#include "deploy/cli/kubernetes/cluster.h"
#include "deploy/cli/kubernetes/install.h"
#include "deploy/cli/terminal/progress.h"
#include "deploy/cli/terminal/safe_text.h"
#include "deploy/cli/wait.h"
#include "deploy/fleets/kubernetes/labels.h"

namespace chains::deploy::cli {
namespace {

constexpr ObjectKind kNamespace{"v1", "Namespace", "namespaces"};
constexpr ObjectKind kVolumeClaim{"v1", "PersistentVolumeClaim", "persistentvolumeclaims"};

absl::StatusOr<std::vector<Json>> ListAll(Cluster& cluster, ObjectKind kind,
                                          const std::string& selector) {
  absl::StatusOr<ObjectList> list =
      cluster.Run([&](ApiClient& api) { return api.List(kind, cluster.in_namespace(), selector); });
  if (!list.ok()) return list.status();
  return std::move(list->items);
}

// "hello (2 deployments), poems (1 deployment)"
std::string ChainsText(const std::vector<Json>& maps) {
  std::map<std::string, int> counts;
  for (const Json& map : maps) {
    const std::string chain = StringAt(map, "/data/chain");
    if (!chain.empty()) ++counts[chain];
  }
  if (counts.empty()) return "none";
  std::vector<std::string> parts;
  for (const auto& [chain, count] : counts) {
    parts.push_back(Text(chain, " (", count, count == 1 ? " deployment)" : " deployments)"));
  }
  return absl::StrJoin(parts, ", ");
}

std::string VolumesText(const std::vector<Json>& claims) {
  if (claims.empty()) return "none";
  std::vector<std::string> parts;
  for (const Json& claim : claims) {
    parts.push_back(
        Text(NameOf(claim), " (", StringAt(claim, "/spec/resources/requests/storage"), ")"));
  }
  return absl::StrJoin(parts, ", ");
}

absl::Status SayWhatGoes(Session& session, const std::string& context, Cluster& cluster) {
  const absl::StatusOr<std::vector<Json>> maps =
      ListAll(cluster, kinds::kConfigMap, std::string(labels::kOurs));
  if (!maps.ok()) return maps.status();
  const absl::StatusOr<std::vector<Json>> claims = ListAll(cluster, kVolumeClaim, "");
  if (!claims.ok()) return claims.status();
  session.Note(Text("this removes, from ", Safe(context.empty() ? "the current context" : context),
                    ":\n  namespace ", cluster.in_namespace(), ", with all that is in it",
                    "\n  chains    ", Safe(ChainsText(*maps)), "\n  volumes   ",
                    Safe(VolumesText(*claims)), ", with bundles and logs",
                    "\n  keys, secrets and environments of the platform"));
  return absl::OkStatus();
}

bool Agrees(Session& session, const std::string& in_namespace) {
  session.err() << "type the namespace's name to go on: " << std::flush;
  std::string answer;
  return std::getline(session.terminal().in, answer) && answer == in_namespace;
}

absl::Status AwaitGone(Session& session, Cluster& cluster, absl::Duration timeout) {
  const absl::Time deadline = session.world().now() + timeout;
  Progress progress(session.terminal());
  Spinner spinner(progress, session.terminal(), "waiting until all of it has ended");
  while (true) {
    const absl::Status there =
        cluster.Run([&](ApiClient& api) { return api.Get(kNamespace, "", cluster.in_namespace()); })
            .status();
    if (absl::IsNotFound(there)) return absl::OkStatus();
    if (!there.ok() && !absl::IsUnavailable(there)) return there;
    if (session.world().now() >= deadline) {
      return absl::DeadlineExceededError(
          Text("the namespace ", cluster.in_namespace(), " is still being deleted after ",
               absl::FormatDuration(timeout), "; `kubectl get namespace ", cluster.in_namespace(),
               " -o yaml` says what it waits for"));
    }
    if (!PauseUnlessInterrupted(session, Cluster::kLookEvery))
      return absl::CancelledError("interrupted");
  }
}

// All remotes that lead there.
absl::Status Forget(const Session& session, const ClusterAccess& access) {
  const std::filesystem::path home = HomeFolder(session.world().getenv);
  absl::StatusOr<Remotes> remotes = LoadRemotes(home);
  if (!remotes.ok()) return remotes.status();
  std::erase_if(remotes->by_name,
                [&](const auto& named) { return named.second.kubernetes == access; });
  if (!remotes->by_name.contains(remotes->default_name)) {
    remotes->default_name = remotes->by_name.empty() ? "" : remotes->by_name.begin()->first;
  }
  return SaveRemotes(home, *remotes);
}

absl::StatusOr<bool> Uninstall(Session& session, const UninstallFlags& flags) {
  const std::string name = session.remote_name.empty() ? kClusterRemote : session.remote_name;
  const absl::StatusOr<ClusterAccess> access = AccessOf(session, name, flags.access);
  if (!access.ok()) return access.status();
  const absl::StatusOr<std::unique_ptr<Cluster>> cluster =
      session.world().open_cluster(*access, Cluster::kFieldManager);
  if (!cluster.ok()) return cluster.status();
  if (absl::Status said = SayWhatGoes(session, access->context, **cluster); !said.ok()) {
    return said;
  }
  if (!flags.yes && !Agrees(session, access->in_namespace)) return false;
  const absl::Status deleted =
      (*cluster)
          ->Run([&](ApiClient& api) {
            return api.Delete(kNamespace, "", access->in_namespace, DeleteOptions());
          })
          .status();
  if (!deleted.ok()) return deleted;
  if (absl::Status gone = AwaitGone(session, **cluster, flags.timeout); !gone.ok()) return gone;
  if (absl::Status forgotten = Forget(session, *access); !forgotten.ok()) return forgotten;
  return true;
}

}  // namespace

std::vector<Option> UninstallOptions(UninstallFlags& flags) {
  std::vector<Option> options = {
      {"--kubernetes", "remove the installation on a Kubernetes cluster, and all in its namespace",
       &flags.kubernetes},
      {"--yes,-y", "with --kubernetes: do not ask", &flags.yes},
      {"--timeout", "how long to wait until all of it has ended", &flags.timeout}};
  for (Option& each : AccessOptions(flags.access)) options.push_back(std::move(each));
  return options;
}

int UninstallFromCluster(Session& session, const UninstallFlags& flags) {
  const absl::StatusOr<bool> done = Uninstall(session, flags);
  if (!done.ok()) return session.Fail(done.status());
  session.out() << (*done ? "chains is gone from the cluster\n" : "nothing was removed\n");
  return *done ? kDone : kFailed;
}

}  // namespace chains::deploy::cli
