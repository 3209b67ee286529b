#include "deploy/cli/kubernetes/install.h"

#include <filesystem>
#include <memory>
#include <optional>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/time/clock.h"
#include "chains/core/text.h"
#include "deploy/bundle/child.h"
#include "deploy/cli/kubernetes/cluster.h"
#include "deploy/cli/kubernetes/readiness.h"
#include "deploy/cli/terminal/progress.h"
#include "deploy/cli/terminal/safe_text.h"
#include "deploy/cli/wait.h"

namespace chains::deploy::cli {
namespace {

constexpr absl::Duration kKubectlPatience = absl::Minutes(2);
constexpr char kAdminKey[] = "chains-admin-key";
// Runs kubectl against the cluster; its errors are the status.
absl::StatusOr<std::string> Kubectl(const Session& session, const ClusterAccess& access,
                                    std::vector<std::string> arguments) {
  ChildOptions options;
  options.arguments = {"kubectl"};
  if (!access.kubeconfig.empty()) {
    options.arguments.insert(options.arguments.end(), {"--kubeconfig", access.kubeconfig});
  }
  if (!access.context.empty()) {
    options.arguments.insert(options.arguments.end(), {"--context", access.context});
  }
  for (std::string& each : arguments) options.arguments.push_back(std::move(each));
  options.timeout = kKubectlPatience;
  const absl::StatusOr<ChildResult> result = session.world().run_child(options);
  if (absl::IsNotFound(result.status())) {
    return absl::FailedPreconditionError(
        "kubectl is not in PATH: installing needs it, in version 1.27 or newer (nothing else "
        "does)");
  }
  if (!result.ok()) return result.status();
  if (!result->ok()) {
    return absl::FailedPreconditionError(
        Text("kubectl ", result->HowItEnded(), ":\n", LastLines(result->errors, 20)));
  }
  return result->output;
}

// With the context that is current now, so that the remote stays where it is when that changes.
absl::StatusOr<ClusterAccess> PinnedAccess(const Session& session, const AccessFlags& flags) {
  ClusterAccess access{.kubeconfig = flags.kubeconfig, .context = flags.context};
  if (access.kubeconfig.empty()) {
    const std::string variable = session.world().getenv("KUBECONFIG").value_or("");
    if (variable.find(':') == std::string::npos) access.kubeconfig = variable;
  }
  if (!access.kubeconfig.empty()) {
    access.kubeconfig = std::filesystem::absolute(access.kubeconfig).lexically_normal().string();
  }
  if (!access.context.empty()) return access;
  const absl::StatusOr<std::string> current =
      Kubectl(session, access, {"config", "current-context"});
  if (!current.ok()) return current.status();
  access.context = std::string(absl::StripAsciiWhitespace(*current));
  return access;
}

absl::StatusOr<Readiness> Look(Cluster& cluster) {
  std::vector<std::vector<Json>> found;
  for (const ObjectKind& kind : {kinds::kDeployment, kinds::kPod, kinds::kEvent}) {
    const std::string selector = kind == kinds::kEvent ? "" : "app.kubernetes.io/part-of=chains";
    absl::StatusOr<ObjectList> list = cluster.Run(
        [&](ApiClient& api) { return api.List(kind, cluster.in_namespace(), selector); });
    if (!list.ok()) return list.status();
    found.push_back(std::move(list->items));
  }
  return ReadinessOf({"chains-platform", "chains-gateway"}, found[0], found[1], found[2]);
}

absl::Status AwaitReady(Session& session, Cluster& cluster, absl::Duration timeout) {
  const absl::Time deadline = session.world().now() + timeout;
  Progress progress(session.terminal());
  Spinner spinner(progress, session.terminal(), "waiting for platform and gateway");
  std::string last;
  while (true) {
    const absl::StatusOr<Readiness> is = Look(cluster);
    if (!is.ok() && !absl::IsUnavailable(is.status())) return is.status();
    if (is.ok() && is->ready) return absl::OkStatus();
    const std::string text = is.ok() ? is->text : std::string(MessageOf(is.status()));
    if (text != last) progress.Line(Safe(text));
    last = text;
    if (session.world().now() >= deadline) {
      return absl::DeadlineExceededError(Text("not ready after ", absl::FormatDuration(timeout),
                                              ": ", last, "; once it is cured, run this again"));
    }
    if (!PauseUnlessInterrupted(session, Cluster::kLookEvery))
      return absl::CancelledError("interrupted");
  }
}

absl::StatusOr<std::string> ReadKey(Cluster& cluster) {
  const absl::StatusOr<Json> secret = cluster.Run(
      [&](ApiClient& api) { return api.Get(kinds::kSecret, cluster.in_namespace(), kAdminKey); });
  if (!secret.ok()) return secret.status();
  std::string key;
  if (!absl::Base64Unescape(StringAt(*secret, "/data/key"), &key) || key.empty()) {
    return absl::FailedPreconditionError(
        Text("the Secret ", kAdminKey, " has no key: delete it, and restart the platform"));
  }
  return key;
}

std::string RemoteName(const Session& session) {
  return session.remote_name.empty() ? kClusterRemote : session.remote_name;
}

absl::Status Remember(const Session& session, const Remote& remote) {
  const std::filesystem::path home = HomeFolder(session.world().getenv);
  absl::StatusOr<Remotes> remotes = LoadRemotes(home);
  if (!remotes.ok()) return remotes.status();
  remotes->by_name[remote.name] = remote;
  if (remotes->default_name.empty()) remotes->default_name = remote.name;
  return SaveRemotes(home, *remotes);
}

absl::StatusOr<Remote> Install(Session& session, const InstallFlags& flags) {
  const absl::StatusOr<Overlay> overlay = Overlay::Prepare(flags.overlay);
  if (!overlay.ok()) return overlay.status();
  absl::StatusOr<ClusterAccess> access = PinnedAccess(session, flags.access);
  if (!access.ok()) return access.status();
  session.Note(Text("installing to ", Safe(access->context), ", namespace ", access->in_namespace));
  const absl::StatusOr<std::string> applied =
      Kubectl(session, *access, {"apply", "-k", overlay->folder().string()});
  if (!applied.ok()) return applied.status();
  session.Note(LastLines(Safe(*applied), 100));
  const absl::StatusOr<std::unique_ptr<Cluster>> cluster =
      session.world().open_cluster(*access, Cluster::kFieldManager);
  if (!cluster.ok()) return cluster.status();
  if (absl::Status ready = AwaitReady(session, **cluster, flags.timeout); !ready.ok()) {
    return ready;
  }
  absl::StatusOr<std::string> key = ReadKey(**cluster);
  if (!key.ok()) return key.status();
  return Remote{.name = RemoteName(session),
                .gateway = flags.gateway,
                .grpc = flags.grpc,
                .key = *std::move(key),
                .kubernetes = *std::move(access)};
}

}  // namespace

std::vector<Option> InstallOptions(InstallFlags& flags) {
  std::vector<Option> options = {
      {"--kubernetes", "install on a Kubernetes cluster instead, with kubectl", &flags.kubernetes},
      {"--overlay",
       "with --kubernetes: dev, production, or a folder with a kustomization of yours",
       &flags.overlay.name,
       {.completes = Completes::kFolders}},
      {"--image-registry", "where the images are: REGISTRY/platform, REGISTRY/replica-cpu, …",
       &flags.overlay.registry},
      {"--image-tag", "of the images", &flags.overlay.tag},
      {"--gateway",
       "where an Ingress answers, as https://HOST (default: a tunnel for each command)",
       &flags.gateway},
      {"--gateway-grpc", "the same for gRPC, as HOST:PORT", &flags.grpc},
      {"--timeout", "how long to wait until all is ready", &flags.timeout}};
  for (Option& each : AccessOptions(flags.access)) options.push_back(std::move(each));
  return options;
}

int InstallOnCluster(Session& session, const InstallFlags& flags) {
  const absl::StatusOr<Remote> remote = Install(session, flags);
  if (!remote.ok()) return session.Fail(remote.status());
  if (absl::Status kept = Remember(session, *remote); !kept.ok()) return session.Fail(kept);
  session.out() << "chains is up on " << Safe(remote->kubernetes->context) << ", as the remote "
                << Safe(remote->name) << "\n"
                << "Next: chains push FOLDER --to " << Safe(remote->name) << "\n";
  return kDone;
}

}  // namespace chains::deploy::cli
